-- Gold has every pair that ever had a full hour, in few rows; the last dates of Silver have those that are new.
with pairs as (
  select pair from gold_price_hourly
  union
  select pair from silver_prices
  where date >= (select date_sub(max(date), 6) from silver_prices)
)
select
  pair,
  split_part(pair, '-', 1) as base,
  split_part(pair, '-', 2) as quote,
  coalesce(known.name, split_part(pair, '-', 1)) as name,
  concat(coalesce(known.name, split_part(pair, '-', 1)), ' in ', split_part(pair, '-', 2)) as label
from pairs
left join (
  values
    ('AAVE', 'Aave'),
    ('ADA', 'Cardano'),
    ('APT', 'Aptos'),
    ('ARB', 'Arbitrum'),
    ('ATOM', 'Cosmos'),
    ('AVAX', 'Avalanche'),
    ('BCH', 'Bitcoin Cash'),
    ('BNB', 'BNB'),
    ('BTC', 'Bitcoin'),
    ('DOGE', 'Dogecoin'),
    ('DOT', 'Polkadot'),
    ('ETC', 'Ethereum Classic'),
    ('ETH', 'Ethereum'),
    ('FIL', 'Filecoin'),
    ('HBAR', 'Hedera'),
    ('ICP', 'Internet Computer'),
    ('LINK', 'Chainlink'),
    ('LTC', 'Litecoin'),
    ('NEAR', 'NEAR Protocol'),
    ('OP', 'Optimism'),
    ('PEPE', 'Pepe'),
    ('POL', 'Polygon'),
    ('SHIB', 'Shiba Inu'),
    ('SOL', 'Solana'),
    ('SUI', 'Sui'),
    ('TON', 'Toncoin'),
    ('TRX', 'TRON'),
    ('UNI', 'Uniswap'),
    ('XLM', 'Stellar'),
    ('XRP', 'XRP')
) as known (symbol, name)
  on known.symbol = split_part(pair, '-', 1)
