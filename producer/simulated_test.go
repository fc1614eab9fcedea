package producer

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"
)

type simulatedEvent struct {
	ID          string    `json:"event_id"`
	Pair        string    `json:"pair"`
	Price       string    `json:"price"`
	Volume      string    `json:"volume_24h"`
	QuotedAt    time.Time `json:"quoted_at"`
	CollectedAt time.Time `json:"collected_at"`
}

// simulate runs a source in a bubble of its own, where time costs nothing.
func simulate(t *testing.T, opts SimulatedOptions) (events []simulatedEvent) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		source, err := NewSimulated(opts)
		if err != nil {
			t.Fatal(err)
		}
		err = source.Run(t.Context(), func(_ context.Context, m Message) error {
			var event simulatedEvent
			if err := json.Unmarshal(m.Value, &event); err != nil {
				return err
			}
			if !event.CollectedAt.Equal(time.Now().Truncate(time.Millisecond)) || event.QuotedAt.After(event.CollectedAt) {
				t.Errorf("times of %s at %v", m.Value, time.Now())
			}
			events = append(events, event)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	return events
}

func TestSimulatedIsReproducible(t *testing.T) {
	opts := SimulatedOptions{Interval: 15 * time.Second, Seed: 42, Limit: 3000}
	first, again := simulate(t, opts), simulate(t, opts)
	if !slices.Equal(first, again) {
		t.Error("the same seed gives other events")
	}
	opts.Seed = 43
	if slices.Equal(first, simulate(t, opts)) {
		t.Error("another seed gives the same events")
	}
}

func TestSimulatedBehavesLikeAnAPI(t *testing.T) {
	const polls = 4000
	events := simulate(t, SimulatedOptions{Interval: 10 * time.Second, Seed: 7, Limit: polls * 10})
	start := events[0].CollectedAt
	seen, perPair, prices := map[string]bool{}, map[string]int{}, map[string][]float64{}
	repeats := 0
	for _, e := range events {
		if e.CollectedAt.Sub(start)%(10*time.Second) != 0 {
			t.Fatalf("a poll at %v", e.CollectedAt.Sub(start))
		}
		if seen[e.ID] {
			repeats++
		} else if price, err := strconv.ParseFloat(e.Price, 64); err == nil && price > 0 {
			prices[e.Pair] = append(prices[e.Pair], price)
		}
		seen[e.ID] = true
		perPair[e.Pair]++
	}
	if share := float64(repeats) / float64(len(events)); share < 0.015 || share > 0.05 {
		t.Errorf("%.3f of the answers are repeats", share)
	}
	if len(perPair) != len(assets) {
		t.Errorf("%d pairs", len(perPair))
	}
	took := events[len(events)-1].CollectedAt.Sub(start) / (10 * time.Second)
	if gaps := float64(int(took+1)*len(assets)-len(events)) / float64(len(events)); gaps < 0.005 || gaps > 0.02 {
		t.Errorf("%.3f of the quotes are missing", gaps)
	}
	for _, a := range assets[1:] {
		checkReturns(t, a, prices[a.pair])
	}
}

// checkReturns compares the spread of the returns with the asset's, over steps of 10 s.
func checkReturns(t *testing.T, a asset, prices []float64) {
	var sum, squares float64
	for i := 1; i < len(prices); i++ {
		r := math.Log(prices[i] / prices[i-1])
		sum, squares = sum+r, squares+r*r
	}
	n := float64(len(prices) - 1)
	mean := sum / n
	sigma := math.Sqrt(squares/n - mean*mean)
	want := float64(a.sigma) / billion / math.Sqrt(6)
	if sigma < 0.9*want || sigma > 1.15*want || math.Abs(mean) > 4*want/math.Sqrt(n) {
		t.Errorf("%s: returns have mean %g and deviation %g, wanted 0 and %g", a.pair, mean, sigma, want)
	}
}

func TestSimulatedBTCFollowsTheRealMonth(t *testing.T) {
	real, err := monthPrices()
	if err != nil || len(real) != 45_031 {
		t.Fatalf("%d minutes, %v", len(real), err)
	}
	market, err := newMarket(1, 15*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for step := range 4 * 3000 {
		got := decimal.RequireFromString(market.quote(0, now, false).Price)
		if step%4 != 0 {
			continue
		}
		want := decimal.New(assets[0].start, -picoDigits).Mul(decimal.New(real[step/4], 0)).DivRound(decimal.New(real[0], 0), 2)
		if got.Sub(want).Abs().GreaterThan(decimal.New(1, -2)) {
			t.Fatalf("minute %d: %v, wanted %v", step/4, got, want)
		}
	}
}

func TestSimulatedRateIsEven(t *testing.T) {
	events := simulate(t, SimulatedOptions{Rate: 20, Seed: 5, Limit: 2000})
	start := events[0].CollectedAt
	for i, e := range events {
		if got, want := e.CollectedAt.Sub(start), time.Duration(i)*50*time.Millisecond; got != want {
			t.Fatalf("event %d after %v, wanted %v", i, got, want)
		}
	}
}

func TestSimulatedEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, err := NewSimulated(SimulatedOptions{Interval: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		count := 0
		err = source.Run(ctx, func(context.Context, Message) error { count++; return nil })
		if !errors.Is(err, context.DeadlineExceeded) || count < 15 || count > 20 {
			t.Errorf("%d events, %v", count, err)
		}
		broken := errors.New("broken")
		if err := source.Run(t.Context(), func(context.Context, Message) error { return broken }); !errors.Is(err, broken) {
			t.Errorf("emit's error became %v", err)
		}
	})
	if _, err := NewSimulated(SimulatedOptions{Rate: -1}); err == nil {
		t.Error("a negative rate is taken")
	}
}

func TestFormatFixed(t *testing.T) {
	for _, tc := range []struct {
		value           int64
		scale, decimals int
		want            string
	}{
		{0, 12, 2, "0.00"}, {5_000_000_000, 12, 2, "0.01"}, {4_999_999_999, 12, 2, "0.00"},
		{87_250 * picos, 12, 2, "87250.00"}, {1_999_999, 6, 0, "2"}, {146_200_000_000, 12, 5, "0.14620"},
	} {
		if got := formatFixed(tc.value, tc.scale, tc.decimals); got != tc.want {
			t.Errorf("%d: %s, wanted %s", tc.value, got, tc.want)
		}
	}
}
