package fakeexchange

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cached is an answer that is given again.
type cached struct {
	until time.Time
	rows  []map[string]any
	holds []Served
}

var marketParameters = []string{"vs_currency", "ids", "category", "order", "per_page", "page", "precision", "sparkline", "locale"}

// markets answers coins/markets.
func (e *Exchange) markets(w http.ResponseWriter, r *http.Request, f Fault) {
	if !e.checkKey(w, r.Header) {
		return
	}
	query := r.URL.Query()
	for name := range query {
		if !slices.Contains(marketParameters, name) {
			answer(w, http.StatusUnprocessableEntity, "", fmt.Sprintf(`{"error":"unknown parameter %s"}`, name))
			return
		}
	}
	if query.Get("vs_currency") != "usd" {
		answer(w, http.StatusUnprocessableEntity, "", `{"status":{"error_code":422,"error_message":"Missing parameter vs_currency"}}`)
		return
	}
	c := e.cachedMarkets(query, f)
	e.send(w, c.rows, append([]Served(nil), c.holds...))
}

func (e *Exchange) checkKey(w http.ResponseWriter, header http.Header) bool {
	demo, pro := header.Get("x-cg-demo-api-key"), header.Get("x-cg-pro-api-key")
	if demo != "" && demo != e.opts.DemoKey || pro != "" && pro != e.opts.ProKey {
		answer(w, http.StatusUnauthorized, "", fmt.Sprintf(`{"status":{"error_code":10002,"error_message":"API Key Missing or wrong: %s%s"}}`, demo, pro))
		return false
	}
	return true
}

// cachedMarkets gives the answer of before while it is fresh. An answer with a fault is not kept.
func (e *Exchange) cachedMarkets(query url.Values, f Fault) cached {
	e.mu.Lock()
	defer e.mu.Unlock()
	key, now := query.Encode(), time.Now()
	if c := e.cache[key]; now.Before(c.until) && f.Kind == "" {
		return c
	}
	c := e.makeMarkets(query, f)
	if f.Kind == "" {
		c.until = now.Add(e.opts.Cache)
		e.cache[key] = c
	}
	return c
}

func (e *Exchange) makeMarkets(query url.Values, f Fault) (c cached) {
	perPage, err := strconv.Atoi(query.Get("per_page"))
	if err != nil {
		perPage = 100
	}
	c.rows = []map[string]any{}
	for rank, a := range e.market.assets {
		listed := query.Get("ids") == "" || slices.Contains(strings.Split(query.Get("ids"), ","), a.id)
		inCategory := query.Get("category") == "" || query.Get("category") == "stablecoins" && a.stable
		if !listed || !inCategory || len(c.rows) >= perPage {
			continue
		}
		if f.Kind == "missing" && rank == 0 {
			continue
		}
		row, holds := e.marketRow(a, rank, f)
		c.rows = append(c.rows, row)
		c.holds = append(c.holds, holds...)
	}
	return c
}

func (e *Exchange) marketRow(a asset, rank int, f Fault) (map[string]any, []Served) {
	price, volume, at := e.market.quote(a)
	price, volume = short(price), short(volume)
	if a.start < unit/1000 || f.Kind == "exponent" && rank == 0 {
		price = exponent(price) // as CoinGecko writes small prices
	}
	row := map[string]any{
		"id": a.id, "symbol": strings.ToLower(a.base), "name": a.id, "image": "https://example.invalid/coin.png",
		"current_price": json.Number(price), "market_cap": 1_000_000_000_000 - rank, "market_cap_rank": rank + 1,
		"total_volume": json.Number(volume), "high_24h": json.Number(price), "low_24h": json.Number(price),
		"price_change_24h": -1.25, "roi": nil, "last_updated": at.Format("2006-01-02T15:04:05.000Z"),
	}
	if f.Kind == "null" && rank == 0 {
		row["current_price"] = nil
		return row, nil
	}
	return row, []Served{{API: CoinGecko, Symbol: a.id, Price: price, Volume: volume, QuotedAt: at}}
}
