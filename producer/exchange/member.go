package exchange

import (
	"time"

	"github.com/cenkalti/backoff/v5"
)

// patience is how many polls in a row must fail before a source that was up counts as down.
const patience = 3

// slowestRetry is the longest time between two tries of a source that is down and did not say itself
// when to come again.
const slowestRetry = time.Minute

type state int

const (
	untried state = iota
	up
	down
)

// member is one source and how it does.
type member struct {
	api     endpoint
	state   state
	fails   int // in a row
	retry   *backoff.ExponentialBackOff
	again   time.Time // not to be asked before
	since   time.Time // when it went down
	refused int       // in a row
}

func newMember(api endpoint, interval time.Duration) *member {
	retry := backoff.NewExponentialBackOff()
	retry.InitialInterval = min(2*interval, slowestRetry)
	retry.MaxInterval = slowestRetry
	retry.Multiplier = 2
	retry.RandomizationFactor = 0.2
	retry.Reset()
	return &member{api: api, retry: retry}
}

// due tells whether it may be asked at a time.
func (m *member) due(at time.Time) bool { return !m.again.After(at) }

// ok notes a poll that was due at a time and gave quotes, and returns the state before.
func (m *member) ok(due time.Time, wait time.Duration) state {
	before := m.state
	m.state, m.fails, m.refused = up, 0, 0
	m.retry.Reset()
	m.again = due.Add(wait)
	return before
}

// failed notes a poll that failed now, and returns the state before. One failure among others leaves
// the source up: the next poll comes when it is due.
func (m *member) failed(f *Fault, now time.Time) state {
	before := m.state
	m.fails++
	m.again = now.Add(f.After)
	if m.state == up && m.fails < patience && !f.refusal() {
		return before
	}
	if m.state != down {
		m.since = now
	}
	m.state = down
	if f.here {
		return before
	}
	wait := m.retry.NextBackOff()
	if f.refusal() {
		wait = m.afterRefusal(f)
	}
	m.again = now.Add(max(wait, f.After))
	return before
}

// afterRefusal is doubled each time up to half an hour, unless the source says when to come again.
func (m *member) afterRefusal(f *Fault) time.Duration {
	const slowest = 30 * time.Minute
	m.refused++
	if f.After > 0 {
		return f.After
	}
	return min(f.leastWait()<<min(m.refused-1, 5), slowest)
}
