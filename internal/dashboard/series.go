package dashboard

import (
	"slices"
	"time"
)

// thinned is the width of the buckets of which, for ticks older than an hour, the last tick is kept.
const thinned = 15 * time.Second

// latest is the newest tick of a pair, with what only that one is shown with.
type latest struct {
	tick
	source    string
	volume    string // 24 hours', in the quote currency; "" unknown
	processed int64  // processed_at, microseconds
}

// series is the ticks of one pair.
type series struct {
	pair, base, quote string
	latest            latest
	ticks             []tick // of the last hour, in order
	day               []tick // older ones, thinned, in order
	before            *tick  // the last one that is an hour older than now, or more
}

// add takes ticks of any order, computes what follows from them, and returns those that are new or have
// another average now.
func (s *series) add(added []latest, complete int64) []tick {
	slices.SortFunc(added, func(a, b latest) int { return a.compare(b.tick) })
	if last := added[len(added)-1]; s.latest.price == "" || last.compare(s.latest.tick) > 0 {
		s.latest = last
	}
	ordered := len(s.ticks) == 0 || added[0].compare(s.ticks[len(s.ticks)-1]) > 0
	for _, t := range added {
		s.ticks = append(s.ticks, t.tick)
	}
	if !ordered {
		slices.SortFunc(s.ticks, tick.compare)
	}
	from := s.from(added[0].at)
	average(s.ticks, from, complete)
	s.latest.ma = s.ticks[len(s.ticks)-1].ma
	return s.ticks[from:]
}

// has reports whether a tick is held.
func (s *series) has(t tick) bool {
	_, found := slices.BinarySearchFunc(s.ticks, t, tick.compare)
	return found
}

// from is the index of the first tick at or after a time.
func (s *series) from(at int64) int { return firstAt(s.ticks, at) }

func firstAt(ticks []tick, at int64) int {
	i, _ := slices.BinarySearchFunc(ticks, at, func(t tick, at int64) int {
		if t.at < at {
			return -1
		}
		return 1
	})
	return i
}

// trim moves ticks that are no longer of the last hour to the thinned ones, and drops those of more than
// a day ago.
func (s *series) trim(hourAgo, dayAgo int64) {
	if n := s.from(hourAgo + 1); n > 0 {
		s.before = &tick{}
		*s.before = s.ticks[n-1]
		s.day = thin(s.day, s.ticks[:n], thinned)
		s.ticks = slices.Delete(s.ticks, 0, n)
	}
	s.day = slices.Delete(s.day, 0, firstAt(s.day, dayAgo+1))
}

// older puts ticks up to a time, with their averages, in front of those behind it.
func (s *series) older(ticks []tick, to int64) {
	if last := ticks[len(ticks)-1]; s.before == nil || last.compare(*s.before) > 0 {
		s.before = &last
	}
	s.day = append(thin(nil, ticks, thinned), s.day[firstAt(s.day, to+1):]...)
}

// thin appends ticks, in order, to thinned ones: of each bucket the last tick stays.
func thin(out, ticks []tick, width time.Duration) []tick {
	w := width.Microseconds()
	for _, t := range ticks {
		if n := len(out); n > 0 && out[n-1].at/w == t.at/w {
			out[n-1] = t
		} else {
			out = append(out, t)
		}
	}
	return out
}
