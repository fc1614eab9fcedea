package producer

import (
	"context"
	"log/slog"
	"math"
	"time"
)

// SimulatedOptions are the settings of simulated quotes.
type SimulatedOptions struct {
	// Rate is messages per second over all pairs, evenly spread, the pairs in turn; 0 means one poll
	// of all pairs per Interval.
	Rate     float64
	Interval time.Duration // between polls; 0 is 10 s; without meaning if there is a Rate

	Seed  int64 // the same seed gives the same prices; 0 is one made from the time
	Limit int64 // ends after so many messages; 0 is endless
	Log   *slog.Logger
}

// How the simulated API differs from an ideal one, in thousandths.
const (
	cachedPolls   = 30 // answers that repeat the one before
	missingQuotes = 10 // pairs that an answer leaves out
)

type simulated struct {
	opts   SimulatedOptions
	market *market
	emit   func(context.Context, Message) error
	count  int64
}

// NewSimulated returns ten pairs in dollars: seeded random walks, and BTC-USD by the returns of a real
// month. Prices depend on the seed and on the cadence alone, times are the clock's. A few percent of
// the answers are repeats, as from an API's cache, and now and then a pair is missing. A run begins
// at the first price again, so it is used once.
func NewSimulated(opts SimulatedOptions) (Source, error) {
	if opts.Rate < 0 || math.IsNaN(opts.Rate) || opts.Rate > 1e7 {
		return nil, usage("a rate of %v messages per second is not possible", opts.Rate)
	}
	if opts.Interval < 0 || opts.Limit < 0 {
		return nil, usage("interval and limit must not be negative")
	}
	if opts.Interval == 0 {
		opts.Interval = 10 * time.Second
	}
	if opts.Seed == 0 {
		opts.Seed = time.Now().UnixNano()
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	step := opts.Interval
	if opts.Rate > 0 {
		step = time.Duration(float64(len(assets)) * float64(time.Second) / opts.Rate)
	}
	market, err := newMarket(uint64(opts.Seed), step)
	if err != nil {
		return nil, err
	}
	opts.Log.Debug("simulated prices", "seed", opts.Seed, "step", step)
	return &simulated{opts: opts, market: market}, nil
}

func (s *simulated) Name() string { return SimulatedSource }

func (s *simulated) Run(ctx context.Context, emit func(context.Context, Message) error) error {
	s.emit = emit
	if s.opts.Rate > 0 {
		return s.runEven(ctx)
	}
	return s.runPolls(ctx)
}

// runPolls asks for all pairs at once and then at each interval. A poll that comes late, because emit
// blocked, is left out like a real one.
func (s *simulated) runPolls(ctx context.Context) error {
	ticker := time.NewTicker(s.opts.Interval)
	defer ticker.Stop()
	for {
		if err := s.poll(ctx); err != nil || s.ended() {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *simulated) poll(ctx context.Context) error {
	now, cached := time.Now(), s.market.chance(cachedPolls)
	for i := range assets {
		quote := s.market.quote(i, now, cached)
		if s.market.chance(missingQuotes) {
			continue
		}
		if err := s.give(ctx, quote); err != nil || s.ended() {
			return err
		}
	}
	return nil
}

// runEven gives one pair after the other. What could not be given in time is not made up for, beyond
// a second.
func (s *simulated) runEven(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	start, due := time.Now(), int64(0)
	for pair := 0; ; pair = (pair + 1) % len(assets) {
		cached, missing := s.market.chance(cachedPolls), s.market.chance(missingQuotes)
		if missing {
			pair = (pair + 1) % len(assets)
		}
		wait := time.Until(start.Add(time.Duration(float64(due) * float64(time.Second) / s.opts.Rate)))
		if wait < -time.Second {
			start, due = time.Now(), 0
		}
		if err := sleep(ctx, timer, wait); err != nil {
			return err
		}
		due++
		if err := s.give(ctx, s.market.quote(pair, time.Now(), cached)); err != nil || s.ended() {
			return err
		}
	}
}

func (s *simulated) give(ctx context.Context, quote Quote) error {
	message, err := quote.Message()
	if err != nil {
		return err
	}
	s.count++
	return s.emit(ctx, message)
}

func (s *simulated) ended() bool { return s.opts.Limit > 0 && s.count >= s.opts.Limit }

// sleep waits with the caller's timer. A wait that is over still notices the end of ctx.
func sleep(ctx context.Context, timer *time.Timer, wait time.Duration) error {
	if wait <= 0 {
		return ctx.Err()
	}
	timer.Reset(wait)
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
