package exchange

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cryptostream/lakectl/producer"
)

// Source polls exchanges and gives their quotes; it is a producer.Source. Each poll takes the first
// exchange of its list that is not down. One that is down is asked again from time to time, after the
// others, and followed again when it answers.
type Source struct {
	interval time.Duration
	members  []*member
	log      *slog.Logger
	metrics  *metrics
	pairs    map[pairKey]Kind // what is wrong with a pair now
	using    atomic.Pointer[string]
	pace     atomic.Int64 // ns between the polls that gave the last quotes
	emit     func(context.Context, producer.Message) error
}

type pairKey struct{ source, pair string }

// Name is the list of exchanges, such as "binance" or "binance,coingecko". Events name the one that
// gave the quote.
func (s *Source) Name() string {
	names := make([]string, len(s.members))
	for i, m := range s.members {
		names[i] = m.api.name()
	}
	return strings.Join(names, ",")
}

// Using is the exchange that the last quotes came from; "" while there were none, or none is up.
func (s *Source) Using() string {
	if name := s.using.Load(); name != nil {
		return *name
	}
	return ""
}

// Pace is the time between two polls of the exchange that the last quotes came from: the interval, or
// longer where a cache or a budget asks for it. It is the interval while there were no quotes.
func (s *Source) Pace() time.Duration { return max(s.interval, time.Duration(s.pace.Load())) }

// Run polls on a grid of points in time, an interval apart, by the monotonic clock. A point that has
// passed while emit blocked is left out. It ends with the error of ctx or of emit.
func (s *Source) Run(ctx context.Context, emit func(context.Context, producer.Message) error) error {
	s.emit = emit
	defer s.Close()
	start := time.Now()
	for n := time.Duration(0); ; n = max(n+1, time.Since(start)/s.interval+1) {
		due := start.Add(n * s.interval)
		if err := sleep(ctx, time.Until(due)); err != nil {
			return err
		}
		s.metrics.late.Observe(time.Since(due).Seconds())
		if err := s.tick(ctx, due); err != nil {
			return err
		}
	}
}

// Close gives the connections back. Run does it at its end, too.
func (s *Source) Close() {
	for _, m := range s.members {
		m.api.close()
	}
}

// tick does what is due at a point of the grid: asks the first source that is not down, those behind
// it if it went down just now, and last those before it that are worth another try.
func (s *Source) tick(ctx context.Context, due time.Time) error {
	first := s.first()
	for _, m := range s.members[first:] {
		if !m.due(due) {
			if m.state == down {
				continue
			}
			break // it is not its turn yet
		}
		if err := s.poll(ctx, m, due); err != nil {
			return err
		}
		if m.state != down || !s.timeLeft(due) {
			break
		}
	}
	for _, m := range s.members[:first] {
		if !m.due(due) || !s.timeLeft(due) {
			continue
		}
		if err := s.poll(ctx, m, due); err != nil {
			return err
		}
		if m.state == up {
			break
		}
	}
	s.follow()
	return nil
}

// first is the place of the first source that is not down; behind the last if all are.
func (s *Source) first() int {
	for i, m := range s.members {
		if m.state != down {
			return i
		}
	}
	return len(s.members)
}

// follow tells who asks which source quotes come from now.
func (s *Source) follow() {
	using := ""
	if first := s.first(); first < len(s.members) && s.members[first].state == up {
		using = s.members[first].api.name()
	}
	s.using.Store(&using)
	for _, m := range s.members {
		value := 0.0
		if m.api.name() == using {
			value = 1
		}
		s.metrics.up.WithLabelValues(m.api.name()).Set(value)
	}
}

// A poll ends a little before the next is due, and needs some time to have a chance.
const (
	beforeNext = 100 * time.Millisecond
	leastTime  = 200 * time.Millisecond
)

func (s *Source) timeLeft(due time.Time) bool {
	return time.Until(due.Add(s.interval)) > beforeNext+leastTime
}

// poll asks one source and gives what it answers. Its error is that of ctx or of emit.
func (s *Source) poll(ctx context.Context, m *member, due time.Time) error {
	limited, cancel := context.WithDeadline(ctx, due.Add(s.interval-beforeNext))
	defer cancel()
	a, err := m.api.poll(limited)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil && len(a.quotes) == 0 && !a.unsettled {
		err = fault(KindEmpty, "%s has no quote that can be used%s", m.api.name(), reasons(a.faults))
	}
	if err != nil {
		s.failed(m, asFault(err))
		return nil
	}
	s.metrics.polls.WithLabelValues(m.api.name(), "ok").Inc()
	if len(a.quotes) > 0 {
		s.answered(m, a, due)
	}
	s.judge(m, a)
	return s.give(ctx, a.quotes)
}

func asFault(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return fault(KindTimeout, "%w", err) // the poll's own end
}

func reasons(faults []pairFault) string {
	if len(faults) == 0 {
		return ""
	}
	return fmt.Sprintf(": %s: %v", faults[0].pair, faults[0].err)
}

func (s *Source) give(ctx context.Context, quotes []producer.Quote) error {
	for _, quote := range quotes {
		message, err := quote.Message()
		if err != nil { // not possible: all of it was checked
			s.log.Error("a quote can't be published", "pair", quote.Pair, "error", err)
			continue
		}
		if err := s.emit(ctx, message); err != nil {
			return err
		}
	}
	return nil
}

// answered takes note of a good poll, and logs it if the source was not up before.
func (s *Source) answered(m *member, a answer, due time.Time) {
	name := m.api.name()
	away := time.Since(m.since).Round(time.Second)
	s.pace.Store(int64(a.wait))
	switch m.ok(due, a.wait) {
	case untried:
		s.log.Info("source answers", "source", name, "quotes", len(a.quotes), "next_in", max(a.wait, s.interval).Round(time.Second))
	case down:
		s.log.Info("source is up again", "source", name, "after", away)
	}
}

// failed takes note of a failed poll, and logs it if the source is down by it.
func (s *Source) failed(m *member, f *Fault) {
	name := m.api.name()
	s.metrics.polls.WithLabelValues(name, "error").Inc()
	s.metrics.errors.WithLabelValues(name, string(f.Kind)).Inc()
	now := time.Now()
	before := m.failed(f, now)
	again := m.again.Sub(now).Round(time.Second)
	if before == down || m.state != down {
		s.log.Debug("poll failed", "source", name, "kind", f.Kind, "error", f, "again_in", again)
		return
	}
	next := "none"
	if first := s.first(); first < len(s.members) {
		next = s.members[first].api.name()
	}
	s.log.Warn("source is down", "source", name, "kind", f.Kind, "error", f, "again_in", again, "next_source", next)
}

// judge takes note of what is wrong with single quotes, and logs what has changed.
func (s *Source) judge(m *member, a answer) {
	name := m.api.name()
	for _, f := range a.faults {
		s.metrics.errors.WithLabelValues(name, string(f.kind)).Inc()
		key := pairKey{name, f.pair}
		if s.pairs[key] != f.kind {
			s.pairs[key] = f.kind
			s.log.Warn("no quote of a pair, the others go on", "source", name, "pair", f.pair, "kind", f.kind, "error", f.err)
		}
	}
	for _, quote := range a.quotes {
		key := pairKey{name, quote.Pair}
		if _, bad := s.pairs[key]; bad {
			delete(s.pairs, key)
			s.log.Info("quotes of a pair again", "source", name, "pair", quote.Pair)
		}
	}
}

// Probe asks all sources at once and returns the name of the first that answers with quotes; they are
// not given. It is for before Run, which goes on from what the sources said. Errors: none has
// answered, or ctx ended.
func (s *Source) Probe(ctx context.Context) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		member *member
		answer answer
		err    error
	}
	began := time.Now()
	results := make(chan result, len(s.members))
	for _, m := range s.members {
		go func() {
			a, err := m.api.poll(ctx)
			results <- result{m, a, err}
		}()
	}
	found := ""
	var errs []error
	for range s.members {
		r := <-results
		switch {
		case r.err == nil && len(r.answer.quotes) > 0:
			r.member.again = began.Add(r.answer.wait)
			if found == "" {
				found = r.member.api.name()
			}
			cancel()
		case r.err == nil:
			errs = append(errs, fmt.Errorf("%s gives no quotes", r.member.api.name()))
		case ctx.Err() == nil || !errors.Is(r.err, ctx.Err()):
			s.metrics.errors.WithLabelValues(r.member.api.name(), string(asFault(r.err).Kind)).Inc()
			r.member.again = time.Now().Add(asFault(r.err).After)
			errs = append(errs, r.err)
		}
	}
	if found != "" {
		return found, nil
	}
	return "", fmt.Errorf("no exchange answers: %w", errors.Join(append(errs, ctx.Err())...))
}
