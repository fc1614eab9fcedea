package fakeexchange

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"time"
)

var chartParameters = []string{"vs_currency", "from", "to", "precision", "interval"}

// Widths by which CoinGecko chooses how far apart the points of a chart are, and how far back it looks for who does not
// pay.
const (
	day        = 24 * time.Hour
	hourlyUpTo = 90 * day
	pastUpTo   = 365 * day
)

// chart answers coins/{id}/market_chart/range, with the same points each time.
func (e *Exchange) chart(w http.ResponseWriter, r *http.Request, f Fault) {
	if !e.checkKey(w, r.Header) {
		return
	}
	from, to, wrong := chartRange(r)
	if wrong != "" {
		answer(w, http.StatusUnprocessableEntity, "", fmt.Sprintf(`{"status":{"error_code":422,"error_message":%q}}`, wrong))
		return
	}
	i := slices.IndexFunc(e.market.assets, func(a asset) bool { return a.id == r.PathValue("id") })
	if i < 0 {
		answer(w, http.StatusNotFound, "", `{"error":"coin not found"}`)
		return
	}
	now := time.Now()
	if r.Header.Get("x-cg-pro-api-key") == "" && now.Sub(from) > pastUpTo {
		answer(w, http.StatusUnauthorized, "", `{"error":{"status":{"error_code":10012,"error_message":"Your request exceeds the allowed time range. Public API users are limited to querying historical data within the past 365 days."}}}`)
		return
	}
	points := e.market.past(e.market.assets[i], from, to, now)
	prices, volumes := [][2]any{}, [][2]any{}
	var holds []Served
	for n, p := range points {
		price := any(json.Number(p.Price))
		switch {
		case f.Kind == "null" && n == 0:
			price = nil
		case f.Kind == "exponent":
			p.Price = exponent(p.Price)
			price = json.Number(p.Price)
		}
		prices = append(prices, [2]any{p.QuotedAt.UnixMilli(), price})
		if f.Kind == "missing" && n == 0 {
			p.Volume = ""
		} else {
			volumes = append(volumes, [2]any{p.QuotedAt.UnixMilli(), json.Number(p.Volume)})
		}
		if price != nil {
			holds = append(holds, p)
		}
	}
	e.send(w, map[string]any{"prices": prices, "market_caps": [][2]any{}, "total_volumes": volumes}, holds)
}

// chartRange reads the query, and says what is wrong with it.
func chartRange(r *http.Request) (from, to time.Time, wrong string) {
	query := r.URL.Query()
	for name := range query {
		if !slices.Contains(chartParameters, name) {
			return from, to, "unknown parameter " + name
		}
	}
	begin, err := strconv.ParseInt(query.Get("from"), 10, 64)
	end, err2 := strconv.ParseInt(query.Get("to"), 10, 64)
	switch interval := query.Get("interval"); {
	case query.Get("vs_currency") != "usd":
		return from, to, "Missing parameter vs_currency"
	case err != nil || err2 != nil || end <= begin:
		return from, to, "from and to must be UNIX timestamps in seconds, from before to"
	case interval == "5m":
		return from, to, "interval=5m is for Enterprise subscribers"
	case interval != "":
		return from, to, "not an interval that this fake knows"
	}
	return time.Unix(begin, 0).UTC(), time.Unix(end, 0).UTC(), ""
}

// past makes the points of an asset in a range that have been by now: every five minutes where it is the last day, daily
// where it is wide, else hourly. Hourly and five-minutely ones come some seconds late, as the real ones do.
func (m *market) past(a asset, from, to, now time.Time) []Served {
	step := time.Hour
	switch width := to.Sub(from); {
	case width > hourlyUpTo:
		step = day
	case width <= day && now.Sub(to) < time.Minute:
		step = 5 * time.Minute
	}
	var points []Served
	for at := from.Truncate(step); !at.After(to); at = at.Add(step) {
		h := fnv.New64a()
		_, _ = fmt.Fprintf(h, "%d %s %d", m.seed, a.id, at.Unix())
		n := int64(h.Sum64() >> 1)
		quoted := at
		if step < day {
			quoted = at.Add(time.Duration(n%30_000) * time.Millisecond)
		}
		if quoted.Before(from) || quoted.After(to) || quoted.After(now) {
			continue
		}
		price := a.start - a.start/20 + n%(a.start/10+1)
		points = append(points, Served{
			API: CoinGecko, Symbol: a.id, QuotedAt: quoted.UTC(),
			Price: eight(price) + digits(n), Volume: short(eight(a.start/unit*1_000_000 + n%unit + unit)),
		})
	}
	return points
}

// digits are some more behind the eight of a price: a chart's numbers have many.
func digits(n int64) string { return fmt.Sprintf("%06d1", n%1_000_000) }
