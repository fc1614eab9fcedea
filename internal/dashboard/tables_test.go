package dashboard

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tables answers the statements of a dashboard from rows in memory, at the place where Spark is.
type tables struct {
	mu       sync.Mutex
	silver   [][]any
	dead     [][]any // as newestDead
	reasons  [][]any // as deadByReason
	version  int
	failure  error
	status   Status
	statuses int // how often it was asked for
	queries  int
	offset   int64
}

var (
	bound  = regexp.MustCompile(`event_time (>|<=) timestamp'([^']*)'`)
	offset = regexp.MustCompile(`kafka_partition = 0 and kafka_offset > (\d+)`)
)

func (f *tables) query(_ context.Context, statement string) ([][]any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queries++
	if f.failure != nil {
		return nil, f.failure
	}
	switch {
	case statement == alive:
		return [][]any{{int64(1)}}, nil
	case statement == deadByReason:
		return f.reasons, nil
	case statement == newestDead:
		return f.dead, nil
	case statement == newestEvent:
		var newest any
		for _, r := range f.silver {
			if t := r[6].(time.Time); newest == nil || t.After(newest.(time.Time)) {
				newest = t
			}
		}
		return [][]any{{newest}}, nil
	case strings.HasPrefix(statement, silverColumns):
		return f.rows(statement)
	}
	return nil, fmt.Errorf("unexpected statement: %s", statement)
}

func (f *tables) rows(statement string) (found [][]any, err error) {
	from, to, behind := time.Time{}, time.Now().Add(time.Hour), int64(-1)
	for _, m := range bound.FindAllStringSubmatch(statement, -1) {
		t, err := time.Parse(time.RFC3339Nano, m[2])
		if err != nil {
			return nil, err
		}
		if m[1] == ">" {
			from = t
		} else {
			to = t
		}
	}
	if m := offset.FindStringSubmatch(statement); m != nil {
		behind, _ = strconv.ParseInt(m[1], 10, 64)
	}
	for _, r := range f.silver {
		if at := r[6].(time.Time); at.After(from) && !at.After(to) && r[9].(int64) > behind {
			found = append(found, r)
		}
	}
	return found, nil
}

func (f *tables) config() Config {
	return Config{
		Query: f.query,
		Version: func(string) (string, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			return strconv.Itoa(f.version), nil
		},
		Status: func() Status {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.statuses++
			s := f.status
			s.Queries = slices.Clone(s.Queries)
			return s
		},
	}
}

// change changes the tables, as a batch does.
func (f *tables) change(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	f.version++
}

// add appends a tick; the caller is in change, or before the start.
func (f *tables) add(at time.Time, pair, source, price string) {
	base, quote, _ := strings.Cut(pair, "-")
	whole, part, _ := strings.Cut(price, ".")
	f.silver = append(f.silver, []any{
		pair, base, quote, source, whole + "." + (part + strings.Repeat("0", 18))[:18], "38000000000.000000000000000000",
		at.UTC(), at.Add(1700 * time.Millisecond).UTC(), int64(0), f.offset,
	})
	f.offset++
}

// assets are pairs with a price each, from the dearest to the cheapest.
var assets = []struct {
	pair     string
	price    float64
	decimals int
}{
	{"BTC-USDT", 87_250.12, 2}, {"ETH-USDT", 2_930.4, 2}, {"XRP-USDT", 2.085, 4}, {"BNB-USDT", 861, 2}, {"SOL-USDT", 136.4, 2},
	{"DOGE-USDT", 0.1462, 5}, {"ADA-USDT", 0.4235, 4}, {"TRX-USDT", 0.2754, 5}, {"LINK-USDT", 13.125, 3}, {"PEPE-USDT", 0.0000123, 8},
}

// walk adds a random walk of ten pairs up to a time.
func (f *tables) walk(until time.Time, length, every time.Duration) {
	random := rand.New(rand.NewPCG(1, 2))
	prices := make([]float64, len(assets))
	for at := until.Add(-length); !at.After(until); at = at.Add(every) {
		for i, a := range assets {
			if prices[i] == 0 {
				prices[i] = a.price
			}
			prices[i] *= 1 + 0.0006*random.NormFloat64()
			f.add(at.Add(time.Duration(i)*time.Millisecond), a.pair, "binance", strconv.FormatFloat(prices[i], 'f', a.decimals, 64))
		}
	}
}

// running is a run in which all is well.
func running(source string) Status {
	s := Status{State: Running, Source: Source{Name: source, KafkaUp: true, TakenAt: time.Now().UTC(), Pace: time.Hour}}
	for _, name := range []string{"bronze_prices", "silver_prices", "dead_letter", "gold_price_ma_5m", "gold_price_hourly"} {
		q := Query{Name: name, State: "running", Healthy: true, Rows: 4200, RowsPerSecond: 1.02, BatchSeconds: 0.48, LagUnit: "bytes", LatencySeconds: 1.9}
		if name == "bronze_prices" {
			q.LagUnit = "records"
		}
		s.Queries = append(s.Queries, q)
	}
	s.Queries[1].Duplicates = 14
	return s
}
