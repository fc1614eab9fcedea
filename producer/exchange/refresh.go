package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"
)

// Ranks that are looked through for a new list.
const ranksLookedAt = 100

// Refresh makes a list of so many assets from CoinGecko's ranking by market value: those that Binance
// trades against USDT, stablecoins left out. What was passed over is in LeftOut, with the reason. It
// asks CoinGecko twice and Binance once per asset, half a second apart. Errors: a source does not
// answer, an answer can't be read; fewer assets than wanted.
func Refresh(ctx context.Context, o Options, count int) (Symbols, error) {
	if count < 1 || count > mostAssets {
		return Symbols{}, usage("a list has 1 to %d assets, not %d", mostAssets, count)
	}
	r, err := newRanking(o)
	if err != nil {
		return Symbols{}, err
	}
	defer r.gecko.http.CloseIdleConnections()
	defer r.binance.http.CloseIdleConnections()
	coins, err := r.coins(ctx, url.Values{})
	if err != nil {
		return Symbols{}, err
	}
	stable, err := r.coins(ctx, url.Values{"category": {"stablecoins"}})
	if err != nil {
		return Symbols{}, err
	}
	for _, c := range stable {
		r.stable[c.ID] = true
	}
	list := Symbols{Version: symbolsVersion, Made: "from CoinGecko's ranking by market value, " + time.Now().UTC().Format(time.DateOnly)}
	for rank, c := range coins {
		if len(list.Assets) == count {
			return list, nil
		}
		asset, reason, err := r.asset(ctx, c)
		switch {
		case err != nil:
			return Symbols{}, err
		case reason != "":
			list.LeftOut = append(list.LeftOut, LeftOut{clip(strings.ToUpper(c.Symbol)), clip(c.ID), rank + 1, reason})
		default:
			list.Assets = append(list.Assets, asset)
		}
	}
	if len(list.Assets) < count {
		return Symbols{}, fmt.Errorf("among the first %d by market value are only %d that Binance trades", len(coins), len(list.Assets))
	}
	return list, nil
}

// Write writes the list to a file, whole or not at all.
func (s Symbols) Write(file string) error {
	text, err := s.YAML()
	if err != nil {
		return err
	}
	if err := replaceFile(file, text, 0o644); err != nil {
		_ = os.Remove(file + ".new")
		return fmt.Errorf("writing the list of pairs: %w", err)
	}
	return nil
}

// ranking asks the two sources.
type ranking struct {
	gecko, binance *client
	stable         map[string]bool // by id
	taken          map[string]string
}

func newRanking(o Options) (*ranking, error) {
	between := newGate()
	gecko, err := geckoClient(o, between)
	if err != nil {
		return nil, err
	}
	b, err := newBinance(Options{BinanceURL: o.BinanceURL, Symbols: DefaultSymbols(), dial: o.dial}, between)
	if err != nil {
		return nil, err
	}
	return &ranking{gecko: gecko, binance: b.client, stable: map[string]bool{}, taken: map[string]string{}}, nil
}

// coin is one row of the ranking.
type coin struct {
	ID     string `json:"id"`
	Symbol string `json:"symbol"`
}

// coins are the first by market value, of all or of a category.
func (r *ranking) coins(ctx context.Context, query url.Values) ([]coin, error) {
	query.Set("vs_currency", "usd")
	query.Set("order", "market_cap_desc")
	query.Set("per_page", fmt.Sprint(ranksLookedAt))
	reply, err := r.gecko.get(ctx, "/api/v3/coins/markets", query)
	if err != nil {
		return nil, fmt.Errorf("asking for the ranking: %w", err)
	}
	var coins []coin
	if err := json.Unmarshal(reply.body, &coins); err != nil {
		return nil, fmt.Errorf("reading the ranking: %w", err)
	}
	if len(coins) == 0 {
		return nil, fmt.Errorf("the ranking is empty")
	}
	return coins, nil
}

// asset is the coin as the list has it, or the reason why it does not.
func (r *ranking) asset(ctx context.Context, c coin) (Asset, string, error) {
	a := Asset{Asset: strings.ToUpper(c.Symbol), CoinGecko: c.ID}
	a.Binance = a.Asset + "USDT"
	switch {
	case r.stable[c.ID]:
		return a, "stablecoin", nil
	case len(a.check()) > 0:
		return a, "its name can't be a pair's", nil
	case r.taken[a.Asset] != "":
		return a, "the symbol is that of " + r.taken[a.Asset], nil
	}
	trades, err := r.trades(ctx, a.Binance)
	if err != nil {
		return a, "", fmt.Errorf("asking Binance for %s: %w", a.Binance, err)
	}
	if !trades {
		return a, "Binance does not trade " + a.Binance, nil
	}
	r.taken[a.Asset] = c.ID
	return a, "", nil
}

// trades tells whether Binance has the symbol and trades it now.
func (r *ranking) trades(ctx context.Context, symbol string) (bool, error) {
	reply, err := r.binance.get(ctx, "/api/v3/exchangeInfo", url.Values{"symbol": {symbol}})
	if unknownSymbol(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var info struct {
		Symbols []struct{ Symbol, Status string }
	}
	if err := json.Unmarshal(reply.body, &info); err != nil {
		return false, fmt.Errorf("reading what it said: %w", err)
	}
	return len(info.Symbols) == 1 && info.Symbols[0].Symbol == symbol && info.Symbols[0].Status == "TRADING", nil
}
