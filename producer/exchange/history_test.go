package exchange_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/fakeexchange"
	"github.com/cryptostream/lakectl/producer"
	"github.com/cryptostream/lakectl/producer/exchange"
)

func history(t *testing.T, o exchange.Options, g exchange.Granularity) *exchange.History {
	t.Helper()
	h, err := exchange.NewHistory(o, g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// ask makes all calls for a range and returns the events.
func ask(t *testing.T, h *exchange.History, from, to time.Time) (events []event, bad int, err error) {
	t.Helper()
	calls, err := h.Plan(from, to, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	err = h.Run(t.Context(), calls, func(_ context.Context, m producer.Message) error {
		var e event
		if err := json.Unmarshal(m.Value, &e); err != nil {
			return err
		}
		events = append(events, e)
		return nil
	}, func(_ exchange.Call, _, b int) { bad += b })
	return events, bad, err
}

// TestHistory takes 100 days of each pair, twice: every point of the range once, with its digits, and the same ids.
func TestHistory(t *testing.T) {
	for name, g := range map[string]exchange.Granularity{"100 days by the hour": exchange.Hourly, "six hours": exchange.FiveMinutes, "an hour": exchange.Hourly} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake, o := bubble(t, fakeexchange.Options{}, exchange.CoinGecko)
				to := time.Now()
				from := map[string]time.Time{"100 days by the hour": to.Add(-100 * 24 * time.Hour), "six hours": to.Add(-6 * time.Hour), "an hour": to.Add(-time.Hour)}[name]
				h := history(t, o, g)
				first, bad, err := ask(t, h, from, to)
				if err != nil || bad > 0 {
					t.Fatalf("%d bad points, %v", bad, err)
				}
				synctest.Wait() // what was served last is noted behind its answer
				served := fake.Journal()
				again, _, err := ask(t, h, from, to)
				if diff := cmp.Diff(first, again); diff != "" || err != nil {
					t.Errorf("once more: %v %s", err, diff)
				}
				if diff := cmp.Diff(within(served, from, to), pricesOf(first)); diff != "" || len(first) == 0 {
					t.Errorf("%d events: %s", len(first), diff)
				}
			})
		})
	}
}

// within are the prices that were served of a range, by id and time.
func within(served []fakeexchange.Served, from, to time.Time) map[string]string {
	prices := map[string]string{}
	for _, s := range served {
		if !s.QuotedAt.Before(from) && s.QuotedAt.Before(to) {
			prices[s.Symbol+s.QuotedAt.Format(time.RFC3339Nano)] = s.Price + " " + s.Volume
		}
	}
	return prices
}

func pricesOf(events []event) map[string]string {
	ids := map[string]string{}
	for _, a := range exchange.DefaultSymbols().Assets {
		ids[a.CoinGeckoPair()] = a.CoinGecko
	}
	prices := map[string]string{}
	for _, e := range events {
		volume := ""
		if e.Volume != nil {
			volume = *e.Volume
		}
		if e.Source != exchange.CoinGecko || !e.QuotedAt.Equal(e.CollectedAt) {
			prices["wrong "+e.ID] = e.Source
		}
		prices[ids[e.Pair]+e.QuotedAt.Format(time.RFC3339Nano)] = e.Price + " " + volume
	}
	return prices
}

// TestHistoryFaults takes all quotes from a server that does everything wrong between good answers.
func TestHistoryFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var faults []fakeexchange.Fault
		for _, text := range []string{"429=5", "429=date:7", "500", "502", "503", "html", "empty", "malformed", "cut", "drip", "reset"} {
			f, err := fakeexchange.ParseFault(text)
			if err != nil {
				t.Fatal(err)
			}
			faults = append(faults, f)
		}
		_, o := bubble(t, fakeexchange.Options{Plan: fakeexchange.Cycle(1, faults...)}, exchange.CoinGecko)
		to := time.Now()
		events, bad, err := ask(t, history(t, o, exchange.Hourly), to.Add(-5*24*time.Hour), to)
		if want := 10 * 5 * 24; err != nil || bad != 0 || len(pricesOf(events)) < want-10 || len(events) != len(pricesOf(events)) {
			t.Errorf("%d events of about %d, %d bad points, %v", len(events), want, bad, err)
		}
	})
}

// TestHistoryOddities has a point without a price, one without a volume, and numbers with an exponent.
func TestHistoryOddities(t *testing.T) {
	for kind, want := range map[string]int{"null": 10, "missing": 0, "exponent": 0} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake, o := bubble(t, fakeexchange.Options{Plan: fakeexchange.Always("", fakeexchange.Fault{Kind: kind})}, exchange.CoinGecko)
				to := time.Now()
				events, bad, err := ask(t, history(t, o, exchange.Hourly), to.Add(-48*time.Hour), to)
				synctest.Wait()
				served := within(fake.Journal(), to.Add(-48*time.Hour), to)
				if err != nil || bad != want || len(events) != len(served) || len(events) == 0 {
					t.Fatalf("%d events of %d, %d bad points, %v", len(events), len(served), bad, err)
				}
				for key, text := range pricesOf(events) {
					got := strings.Fields(text)[0]
					a, _ := new(big.Rat).SetString(got)
					b, ok := new(big.Rat).SetString(strings.Fields(served[key])[0])
					if !ok || a.Cmp(b) != 0 || strings.ContainsAny(got, "eE") {
						t.Errorf("%s: %s, and %s was served", key, got, served[key])
					}
				}
			})
		})
	}
}

func TestHistoryRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		fake    fakeexchange.Options
		options exchange.Options
		hint    string
		calls   int
	}{
		"forbidden":  {fake: fakeexchange.Options{Plan: fakeexchange.Always("", fakeexchange.Fault{Kind: "403"})}, calls: 1},
		"wrong key":  {options: exchange.Options{CoinGeckoKey: "CG-wrong", StateDir: t.TempDir()}, hint: "LAKECTL_COINGECKO_KEY", calls: 1},
		"no such id": {fake: fakeexchange.Options{Unknown: []string{"bitcoin"}}, hint: "lakectl pairs", calls: 1},
		"no credits": {options: exchange.Options{CoinGeckoBudget: 1, StateDir: t.TempDir()}, hint: "--coingecko-budget", calls: 1},
	} {
		t.Run(name, func(t *testing.T) {
			fake, url := serve(t, tc.fake)
			tc.options.CoinGeckoURL = url
			_, _, err := ask(t, history(t, tc.options, exchange.Hourly), time.Now().Add(-48*time.Hour), time.Now())
			var hinted *producer.Error
			hint := ""
			if errors.As(err, &hinted) {
				hint = hinted.Hint()
			}
			if err == nil || !strings.Contains(hint, tc.hint) || strings.Contains(err.Error(), "CG-wrong") || len(fake.Arrivals(fakeexchange.CoinGecko)) != tc.calls {
				t.Errorf("%v, hint %q, after %d calls", err, hint, len(fake.Arrivals(fakeexchange.CoinGecko)))
			}
		})
	}
}

func TestHistoryPlan(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	if _, err := exchange.NewHistory(exchange.Options{}, "daily"); err == nil {
		t.Error("daily is none")
	}
	for name, tc := range map[string]struct {
		options exchange.Options
		g       exchange.Granularity
		age     time.Duration
		calls   int // per pair; 0: refused
	}{
		"an hour":               {g: exchange.Hourly, age: time.Hour, calls: 1},
		"89 days":               {g: exchange.Hourly, age: 89 * 24 * time.Hour, calls: 1},
		"a year, almost":        {g: exchange.Hourly, age: 364 * 24 * time.Hour, calls: 5},
		"more than a year":      {g: exchange.Hourly, age: 366 * 24 * time.Hour},
		"a paid plan":           {options: exchange.Options{CoinGeckoKey: "k", CoinGeckoKeyKind: "pro"}, g: exchange.Hourly, age: 890 * 24 * time.Hour, calls: 10},
		"five minutes":          {g: exchange.FiveMinutes, age: 24 * time.Hour, calls: 1},
		"five minutes, too old": {g: exchange.FiveMinutes, age: 25 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			h := history(t, tc.options, tc.g)
			calls, err := h.Plan(now.Add(-tc.age), now, now)
			if len(calls) != tc.calls*len(h.Pairs()) || (err == nil) != (tc.calls > 0) {
				t.Errorf("%d calls, %v", len(calls), err)
			}
		})
	}
}

// FuzzPlan cuts any range: the calls of a pair follow each other without a gap, and each asks for a range of which
// CoinGecko gives hourly quotes.
func FuzzPlan(f *testing.F) {
	f.Add(int64(0), int64(3600_000))
	f.Add(int64(364*24*3600_000), int64(200*24*3600_000))
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, age, width int64) {
		if age < 0 || age > int64(364*24*time.Hour/time.Millisecond) || width <= 0 || width > age {
			return
		}
		h, err := exchange.NewHistory(exchange.Options{}, exchange.Hourly)
		if err != nil {
			t.Fatal(err)
		}
		from := now.Add(-time.Duration(age) * time.Millisecond)
		to := from.Add(time.Duration(width) * time.Millisecond)
		calls, err := h.Plan(from, to, now)
		if err != nil {
			t.Fatal(err)
		}
		next := map[string]time.Time{}
		for _, c := range calls {
			if before, ok := next[c.Pair]; ok && !c.From.Equal(before) || !ok && !c.From.Equal(from) {
				t.Fatalf("%+v comes behind %s", c, before)
			}
			next[c.Pair] = c.To
			begin, end := h.Asked(c, now)
			if width := end.Sub(begin); width <= 24*time.Hour || width >= 90*24*time.Hour || begin.After(c.From) || end.Before(c.To) || now.Sub(begin) > 365*24*time.Hour {
				t.Fatalf("%+v is asked for from %s to %s", c, begin, end)
			}
		}
		if len(next) != len(h.Pairs()) {
			t.Fatalf("%d pairs", len(next))
		}
		for pair, end := range next {
			if !end.Equal(to) {
				t.Fatalf("%s ends at %s", pair, end)
			}
		}
	})
}

// FuzzChart has any bytes as an answer: the parser neither panics nor makes up a quote, nor gives one outside the range.
func FuzzChart(f *testing.F) {
	f.Add([]byte(`{"prices":[[1700000000000,37000.123456789012345],[1700003600000,null]],"market_caps":[],"total_volumes":[[1700000000000,1.5e10]]}`))
	f.Add([]byte(`{"prices":[[1.7e12,"1"],[1700000000000],{},null,[null,1]],"total_volumes":null}`))
	c := exchange.Call{Pair: "BTC-USD", From: time.UnixMilli(1_600_000_000_000), To: time.UnixMilli(1_800_000_000_000)}
	f.Fuzz(func(t *testing.T, body []byte) {
		quotes, _, err := exchange.ParseChart(body, c)
		for i, quote := range quotes {
			if _, merr := quote.Message(); merr != nil || err != nil || quote.Price == "" || quote.QuotedAt.Before(c.From) || !quote.QuotedAt.Before(c.To) {
				t.Fatalf("%+v: %v, %v", quote, merr, err)
			}
			if i > 0 && quote.QuotedAt.Before(quotes[i-1].QuotedAt) {
				t.Fatal("out of order")
			}
		}
	})
}

// TestCreditsOfTwo has two processes count in one file.
func TestCreditsOfTwo(t *testing.T) {
	dir := t.TempDir()
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			if _, err := exchange.SpendCredits(dir, 100, 5); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if left, err := exchange.SpendCredits(dir, 100, 1); left != 79 || err != nil {
		t.Errorf("%d left, %v", left, err)
	}
}
