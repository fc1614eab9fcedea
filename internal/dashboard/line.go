package dashboard

import (
	"math"
	"slices"
	"time"
)

// handover is how long a pair may be silent before another pair of its base goes on with the line.
const handover = 30 * time.Second

// maxPoints is how many points of a line are sent, about.
const maxPoints = 1500

// steps are the distances of points, one of which is chosen.
var steps = []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute}

// stepFor is the smallest distance at which a span has not too many points.
func stepFor(span time.Duration) time.Duration {
	for _, step := range steps {
		if span/step <= maxPoints {
			return step
		}
	}
	return steps[len(steps)-1]
}

// point is a tick of a line and the pair, an index, that it is of.
type point struct {
	tick
	pair int
}

// line is the ticks of a base in (from, to], one per step: its pairs after one another, never mixed.
func (s *store) line(base string, from, to int64, step time.Duration) (pairs []string, points []point) {
	var lines [][]tick
	for _, series := range s.sorted() {
		if series.base != base {
			continue
		}
		if ticks := slices.Concat(within(series.day, from, to), within(series.ticks, from, to)); len(ticks) > 0 {
			pairs, lines = append(pairs, series.pair), append(lines, ticks)
		}
	}
	return pairs, thinPoints(join(lines), step)
}

func within(ticks []tick, from, to int64) []tick {
	return ticks[firstAt(ticks, from+1):firstAt(ticks, to+1)]
}

// join makes one line of several.
func join(lines [][]tick) (out []point) {
	current, last := -1, int64(math.MinInt64)
	for {
		current = following(lines, current, last)
		if current < 0 {
			return out
		}
		last = lines[current][0].at
		out = append(out, point{lines[current][0], current})
		lines[current] = lines[current][1:]
	}
}

// following is the line that goes on: the current one as long as it ticks, else the one that ticks next;
// -1 at the end.
func following(lines [][]tick, current int, last int64) int {
	if current >= 0 && len(lines[current]) > 0 && lines[current][0].at-last <= handover.Microseconds() {
		return current
	}
	next := -1
	for i := range lines {
		if i != current {
			lines[i] = lines[i][firstAt(lines[i], last+1):] // what ticked beside it
		}
		if len(lines[i]) > 0 && (next < 0 || lines[i][0].at < lines[next][0].at) {
			next = i
		}
	}
	return next
}

// thinPoints keeps the last point of each step.
func thinPoints(points []point, step time.Duration) []point {
	out := points[:0]
	width := step.Microseconds()
	for _, p := range points {
		if n := len(out); n > 0 && out[n-1].at/width == p.at/width {
			out[n-1] = p
		} else {
			out = append(out, p)
		}
	}
	return out
}
