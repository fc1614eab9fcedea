// Names of assets that people know; others are called by their symbol.
export const names = {
  AAVE: 'Aave', ADA: 'Cardano', ALGO: 'Algorand', APT: 'Aptos', ARB: 'Arbitrum', ATOM: 'Cosmos', AVAX: 'Avalanche',
  BCH: 'Bitcoin Cash', BNB: 'BNB', BTC: 'Bitcoin', DOGE: 'Dogecoin', DOT: 'Polkadot', ETC: 'Ethereum Classic',
  ETH: 'Ethereum', FIL: 'Filecoin', HBAR: 'Hedera', ICP: 'Internet Computer', LINK: 'Chainlink', LTC: 'Litecoin',
  NEAR: 'Near', PEPE: 'Pepe', SHIB: 'Shiba Inu', SOL: 'Solana', SUI: 'Sui', TON: 'Toncoin', TRX: 'Tron',
  UNI: 'Uniswap', XLM: 'Stellar', XMR: 'Monero', XRP: 'XRP',
}
