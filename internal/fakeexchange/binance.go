package fakeexchange

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"
)

const weightLimit = 6000

// symbolsForm is what Binance takes for a list: JSON without blanks.
var symbolsForm = regexp.MustCompile(`^\["[A-Z0-9_.-]{1,20}"(,"[A-Z0-9_.-]{1,20}")*\]$`)

// SetWeight says how much of its weight the client's address has used in this minute.
func (e *Exchange) SetWeight(used int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.minute, e.weight = time.Now().Truncate(time.Minute), used
}

// weigh counts a request's weight and refuses one too many.
func (e *Exchange) weigh(w http.ResponseWriter, weight int) bool {
	e.mu.Lock()
	now := time.Now()
	if minute := now.Truncate(time.Minute); !minute.Equal(e.minute) {
		e.minute, e.weight = minute, 0
	}
	e.weight += weight
	used := e.weight
	if used > weightLimit {
		e.banned[Binance] = e.minute.Add(time.Minute)
	}
	e.mu.Unlock()
	w.Header().Set("X-MBX-USED-WEIGHT", fmt.Sprint(used))
	w.Header().Set("X-MBX-USED-WEIGHT-1M", fmt.Sprint(used))
	if used > weightLimit {
		wait := now.Truncate(time.Minute).Add(time.Minute).Sub(now)
		answer(w, http.StatusTooManyRequests, retryAfter(wait).String(), `{"code":-1003,"msg":"Too much request weight used; current limit is 6000 request weight per 1 MINUTE."}`)
		return false
	}
	return true
}

// symbolsOf reads the parameter symbol or symbols, as strictly as Binance.
func (e *Exchange) symbolsOf(w http.ResponseWriter, query url.Values) ([]asset, bool) {
	var names []string
	list, one := query.Get("symbols"), query.Get("symbol")
	switch {
	case len(query) != 1 || (list == "") == (one == ""):
		answer(w, http.StatusBadRequest, "", `{"code":-1101,"msg":"Too many parameters; expected one of symbol and symbols."}`)
		return nil, false
	case one != "":
		names = []string{one}
	case !symbolsForm.MatchString(list) || json.Unmarshal([]byte(list), &names) != nil:
		answer(w, http.StatusBadRequest, "", `{"code":-1100,"msg":"Illegal characters found in parameter 'symbols'."}`)
		return nil, false
	}
	var found []asset
	for _, name := range names {
		a, ok := e.market.bySymbol(name)
		if !ok {
			answer(w, http.StatusBadRequest, "", `{"code":-1121,"msg":"Invalid symbol."}`)
			return nil, false
		}
		found = append(found, a)
	}
	return found, true
}

// ticker answers ticker/24hr.
func (e *Exchange) ticker(w http.ResponseWriter, r *http.Request, f Fault) {
	weight := 2
	if len(r.URL.Query().Get("symbols")) > 20*12 {
		weight = 40
	}
	if !e.weigh(w, weight) {
		return
	}
	asked, ok := e.symbolsOf(w, r.URL.Query())
	if !ok {
		return
	}
	var rows []map[string]any
	var holds []Served
	for i, a := range asked {
		if i == 0 && f.Kind == "missing" {
			continue
		}
		price, volume, at := e.market.quote(a)
		row := map[string]any{
			"symbol": a.base + "USDT", "lastPrice": price, "quoteVolume": volume,
			"openTime": at.UnixMilli() - 86_400_000, "closeTime": at.UnixMilli(),
			"priceChange": "-94.99999800", "priceChangePercent": "-95.960", "weightedAvgPrice": price,
			"prevClosePrice": price, "lastQty": "200.00000000", "bidPrice": price, "askPrice": price,
			"openPrice": price, "highPrice": price, "lowPrice": price, "volume": "8913.30000000",
			"firstId": 28385, "lastId": 28460, "count": 76,
		}
		switch {
		case i == 0 && f.Kind == "null":
			row["lastPrice"] = nil
		case i == 0 && f.Kind == "exponent":
			price = exponent(price)
			row["lastPrice"] = json.Number(price)
			fallthrough
		default:
			holds = append(holds, Served{API: Binance, Symbol: a.base + "USDT", Price: price, Volume: volume, QuotedAt: at})
		}
		rows = append(rows, row)
	}
	e.send(w, rows, holds)
}

// exchangeInfo answers the question whether a symbol is there.
func (e *Exchange) exchangeInfo(w http.ResponseWriter, r *http.Request, _ Fault) {
	if !e.weigh(w, 20) {
		return
	}
	asked, ok := e.symbolsOf(w, r.URL.Query())
	if !ok {
		return
	}
	var symbols []map[string]any
	for _, a := range asked {
		symbols = append(symbols, map[string]any{"symbol": a.base + "USDT", "status": "TRADING", "baseAsset": a.base, "quoteAsset": "USDT"})
	}
	e.send(w, map[string]any{"timezone": "UTC", "serverTime": time.Now().UnixMilli(), "symbols": symbols}, nil)
}
