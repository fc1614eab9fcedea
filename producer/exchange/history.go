package exchange

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/cryptostream/lakectl/producer"
)

// Granularity is how far apart the quotes of a History are.
type Granularity string

// What CoinGecko gives without a paid plan. It chooses by the width of a range, and by whether that ends now: hourly for
// one of more than a day and at most 90, five minutes for the last day.
const (
	Hourly      Granularity = "hourly"
	FiveMinutes Granularity = "5m"
)

// Bounds of a call, and of what is given to who does not pay.
const (
	chartDays  = 89 * 24 * time.Hour // above 90 it is daily
	chartDay   = 24 * time.Hour
	publicPast = 365*24*time.Hour - time.Hour // an hour for the calls themselves
)

// History asks CoinGecko for quotes of the past: /coins/{id}/market_chart/range, one call for a coin and 90 days. The
// credits of a month, and the way to the server, are those of a Source.
type History struct {
	gecko       *coingecko
	options     Options
	granularity Granularity
	log         *slog.Logger
}

// Call is one request for a pair: quotes of [From, To).
type Call struct {
	Pair     string
	From, To time.Time // UTC

	id string // CoinGecko's
}

// NewHistory makes a History; Sources, Interval and Binance's options are not looked at. Errors: options that can't be
// (exit code 2), a credit file that can't be read.
func NewHistory(o Options, g Granularity) (*History, error) {
	now := time.Now()
	if err := o.CheckHistory(g, now, now); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if len(o.Symbols.Assets) == 0 {
		o.Symbols = DefaultSymbols()
	}
	gecko, err := newCoinGecko(o, newGate(), newMetrics())
	if err != nil {
		return nil, err
	}
	return &History{gecko: gecko, options: o, granularity: g, log: o.Log}, nil
}

// CheckHistory says what is wrong with the options, and with quotes from a time on, as NewHistory and Plan would
// (exit code 2), without touching anything.
func (o Options) CheckHistory(g Granularity, from, now time.Time) error {
	switch {
	case g != Hourly && g != FiveMinutes:
		return usage("a granularity is %s or %s, not %q", Hourly, FiveMinutes, g)
	case o.public() && now.Sub(from) > publicPast:
		return producer.NewError(2, "begin later, or use a key of a paid plan (LAKECTL_COINGECKO_KEY_KIND=pro)",
			fmt.Errorf("coingecko gives the last 365 days only without a paid plan, from %s on", now.Add(-publicPast).UTC().Format(time.RFC3339)))
	case g == FiveMinutes && now.Sub(from) > chartDay:
		return producer.NewError(2, "begin later, or take hourly quotes",
			fmt.Errorf("coingecko gives quotes every five minutes of the last 24 hours only, from %s on", now.Add(-chartDay).UTC().Format(time.RFC3339)))
	}
	if o.CoinGeckoURL != "" {
		if _, err := parseBase(o.CoinGeckoURL, "http", "https"); err != nil {
			return err
		}
	}
	return o.checkCoinGecko()
}

// public says that there is no paid plan.
func (o Options) public() bool { return o.CoinGeckoKeyKind != keyPro }

// betweenCharts lies between two calls: the published limits are 30 a minute with a demo key and 5 to 15 without one.
func (o Options) betweenCharts() time.Duration {
	switch {
	case o.CoinGeckoURL != "" || o.CoinGeckoKeyKind == keyPro:
		return 0
	case o.CoinGeckoKey != "":
		return 2 * time.Second
	}
	return 12 * time.Second
}

// Close gives the connections back.
func (h *History) Close() { h.gecko.close() }

// Pairs are those that are asked for.
func (h *History) Pairs() []string {
	pairs := make([]string, len(h.gecko.pairs))
	for i, l := range h.gecko.pairs {
		pairs[i] = l.pair
	}
	return pairs
}

// Credits returns how many calls are left this month; limited is false where nobody counts.
func (h *History) Credits() (left int, limited bool) {
	if h.gecko.budget == nil {
		return 0, false
	}
	return h.gecko.budget.remaining(), true
}

// Plan returns the calls for the quotes of [from, to), in order of time. Errors (exit code 2): a range that CoinGecko
// does not give at this granularity, or not to who does not pay.
func (h *History) Plan(from, to, now time.Time) ([]Call, error) {
	if err := h.options.CheckHistory(h.granularity, from, now); err != nil {
		return nil, err
	}
	var calls []Call
	for begin := from; begin.Before(to); begin = begin.Add(chartDays) {
		end := begin.Add(chartDays)
		if end.After(to) {
			end = to
		}
		for _, l := range h.gecko.pairs {
			calls = append(calls, Call{Pair: l.pair, From: begin.UTC(), To: end.UTC(), id: l.symbol})
		}
	}
	return calls, nil
}

// asked is the range that is really asked for, so wide that the quotes are as far apart as wanted: a range of a day or
// less is hourly at some times and not at others, and may be empty.
func (h *History) asked(c Call, now time.Time) (from, to time.Time) {
	if h.granularity == FiveMinutes {
		return c.From, now
	}
	const least = chartDay + time.Hour
	from, to = c.From, c.To
	switch {
	case to.Sub(from) >= least:
	case h.options.public() && now.Sub(to.Add(-least)) > publicPast:
		to = from.Add(least)
	default:
		from = to.Add(-least)
	}
	return from, to
}

// tries of a call that fails by a fault that may pass.
const chartTries = 6

// Run makes the calls one by one and gives their quotes, each call's in order of time. What may pass is tried again, at
// the server's pace. done is told of each call that was answered, how many quotes it gave and how many of its points
// were none. Errors: those of ctx and emit, and a *Fault that does not pass.
func (h *History) Run(ctx context.Context, calls []Call, emit func(context.Context, producer.Message) error, done func(c Call, quotes, bad int)) error {
	for i, c := range calls {
		if i > 0 {
			if err := sleep(ctx, h.options.betweenCharts()); err != nil {
				return err
			}
		}
		quotes, bad, err := h.chart(ctx, c)
		if err != nil {
			return fmt.Errorf("ask for %s from %s to %s: %w", c.Pair, c.From.Format(time.RFC3339), c.To.Format(time.RFC3339), err)
		}
		for _, quote := range quotes {
			message, err := quote.Message()
			if err != nil {
				return err
			}
			if err := emit(ctx, message); err != nil {
				return err
			}
		}
		done(c, len(quotes), bad)
	}
	return nil
}

// chart makes one call, again and again while its fault may pass.
func (h *History) chart(ctx context.Context, c Call) (quotes []producer.Quote, bad int, err error) {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = time.Second, time.Minute
	for try := 1; ; try++ {
		quotes, bad, err = h.try(ctx, c)
		var f *Fault
		if err == nil || ctx.Err() != nil || !errors.As(err, &f) || !f.passes() || try == chartTries {
			return quotes, bad, explainChart(err)
		}
		pause := max(wait.NextBackOff(), f.leastWait())
		if f.After > 0 {
			pause = f.After
		}
		h.log.Warn("a call failed, and is made again", "source", CoinGecko, "pair", c.Pair, "kind", f.Kind, "error", f, "again_in", pause.Round(time.Second))
		if err := sleep(ctx, pause); err != nil {
			return nil, 0, err
		}
	}
}

// passes tells whether the same call may have an answer later.
func (f *Fault) passes() bool {
	switch f.Kind {
	case KindForbidden, KindRestricted, KindUnauthorized, KindBudget, KindBanned, KindRedirect, KindHTTP, KindTLS:
		return false
	}
	return true
}
