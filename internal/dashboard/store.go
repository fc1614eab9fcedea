package dashboard

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// What the store holds.
const (
	recent   = time.Hour        // every tick of it
	history  = 24 * time.Hour   // the thinned ones
	settled  = 50 * time.Minute // a row that is later than this is left out: its average needs ticks that are thinned
	maxTicks = 500_000          // about 110 MB; a faster stream is held for less than an hour
)

// row is a row of Silver.
type row struct {
	pair, base, quote string
	latest
}

// store is the ticks of all pairs. Now is the newest event in Silver, as for the views, so that a replay
// of the past shows too.
type store struct {
	series  map[string]*series
	current map[string]string // base → the pair that its line and tile show
	newest  int64             // event_time, microseconds; 0: there is no tick
	// complete is the event time from which every tick is held or thinned; back, from which thinned ones are.
	complete, back int64
	full           bool          // history is held as far as it is
	ends           map[int64]end // of what was read, by partition
}

// end is the newest event of a partition, and its offset. Rows behind it are read next. A backfill's records have
// offsets of another topic, lower or higher ones, but none of its events is the newest: so they don't move the end, and
// may be read again.
type end struct{ at, offset int64 }

func (e end) before(other end) bool {
	return e.at < other.at || e.at == other.at && e.offset < other.offset
}

func newStore(complete time.Time) *store {
	at := complete.UnixMicro()
	return &store{series: map[string]*series{}, current: map[string]string{}, ends: map[int64]end{}, complete: at, back: at + averaged.Microseconds()}
}

// add takes rows of Silver, of which it may have some, and returns the ticks by pair that are new or have
// another average now.
func (s *store) add(rows []row) map[string][]tick {
	byPair := map[string][]latest{}
	for _, r := range rows {
		if last, ok := s.ends[r.part]; !ok || last.before(end{r.at, r.offset}) {
			s.ends[r.part] = end{r.at, r.offset}
		}
		if r.at <= s.newest-settled.Microseconds() || r.at <= s.complete {
			continue
		}
		if s.series[r.pair] == nil {
			s.series[r.pair] = &series{pair: r.pair, base: r.base, quote: r.quote}
		}
		if !s.series[r.pair].has(r.tick) {
			byPair[r.pair] = append(byPair[r.pair], r.latest)
		}
	}
	changed := map[string][]tick{}
	for pair, added := range byPair {
		changed[pair] = slices.Clone(s.series[pair].add(added, s.complete))
		s.newest = max(s.newest, s.series[pair].latest.at)
	}
	s.trim()
	for pair := range byPair {
		s.choose(s.series[pair])
	}
	return changed
}

// trim lets go of what is too old, or too much.
func (s *store) trim() {
	held := 0
	for _, series := range s.series {
		series.trim(s.hourAgo(), s.newest-history.Microseconds())
		held += len(series.ticks)
	}
	if held > maxTicks {
		oldest := max(s.complete, s.hourAgo())
		s.complete = oldest + (s.newest-oldest)/2
		for _, series := range s.series {
			series.trim(s.complete, s.newest-history.Microseconds())
		}
	}
}

func (s *store) hourAgo() int64 { return s.newest - recent.Microseconds() }

// choose makes a pair the one that its base shows, unless another one still ticks: quotes in another
// currency that come beside are not mixed in, and a failover goes on with them.
func (s *store) choose(candidate *series) {
	now := s.series[s.current[candidate.base]]
	if now == nil || candidate.latest.at-now.latest.at > handover.Microseconds() {
		s.current[candidate.base] = candidate.pair
	}
}

// older puts a slice of history, the rows of (from, to], in front. Those of the five minutes before from
// are among the rows, for the averages.
func (s *store) older(rows []row, from, to int64) {
	byPair := map[string][]tick{}
	for _, r := range rows {
		if s.series[r.pair] == nil {
			s.series[r.pair] = &series{pair: r.pair, base: r.base, quote: r.quote, latest: r.latest}
		}
		byPair[r.pair] = append(byPair[r.pair], r.tick)
	}
	for pair, ticks := range byPair {
		series := s.series[pair]
		slices.SortFunc(ticks, tick.compare)
		average(ticks, 0, from-averaged.Microseconds())
		ticks = ticks[firstAt(ticks, from+1):firstAt(ticks, to+1)]
		if len(ticks) == 0 {
			continue
		}
		if last := ticks[len(ticks)-1]; last.compare(series.latest.tick) >= 0 {
			series.latest.ma = last.ma
		}
		series.older(ticks, to)
		if s.current[series.base] == "" {
			s.current[series.base] = pair
		}
	}
	s.back = from
	s.full = from <= s.newest-history.Microseconds()
}

// missing is the next slice of history to read, (from, to]; ok is false where there is none.
func (s *store) missing() (from, to int64, ok bool) {
	from = max(s.back-slice.Microseconds(), s.newest-history.Microseconds())
	return from, s.back, s.newest > 0 && !s.full && from < s.back && s.back <= s.hourAgo()
}

// hourly is the change of a pair over an hour, in percent, and the price that it is from; "" where there
// is none, as in v_hourly_change.
func (s *store) hourly(series *series) (percent, from string) {
	b := series.before
	if b == nil || len(series.ticks) == 0 || b.at < s.newest-2*recent.Microseconds() || s.complete > s.hourAgo() {
		return "", ""
	}
	return change(series.latest.price, b.price), b.price
}

// sorted is all series in order of their names.
func (s *store) sorted() []*series {
	return slices.SortedFunc(maps.Values(s.series), func(a, b *series) int { return strings.Compare(a.pair, b.pair) })
}
