package dashboard

import (
	"context"
	"fmt"
	"time"
)

// queryTimeout is how long a statement may take before Spark counts as away. It is long, since a server that is
// only slow goes on with a statement that nobody waits for: asking again would make it slower. One that is
// gone refuses the connection at once.
const queryTimeout = 2 * time.Minute

// reader fills a store. Its statements run outside the lock; what they give is handed to the caller.
type reader struct{ config Config }

func (r reader) query(ctx context.Context, statement string) ([][]any, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	return r.config.Query(ctx, statement)
}

func (r reader) rows(ctx context.Context, statement string) ([]row, error) {
	values, err := r.query(ctx, statement)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", silver, err)
	}
	return readRows(values)
}

// load reads the last hour into a new store, and what the averages of its first ticks need. The store has
// no ticks where the table has none.
func (r reader) load(ctx context.Context, now time.Time) (*store, error) {
	for span := recent + averaged + time.Minute; ; span /= 2 {
		s, err := r.loadSpan(ctx, now, span)
		if s != nil || err != nil {
			return s, err
		}
	}
}

// loadSpan reads the newest span of time; nil if it has more ticks than a store holds.
func (r reader) loadSpan(ctx context.Context, now time.Time, span time.Duration) (*store, error) {
	const ahead = time.Minute // Silver takes events of up to 10 s ahead; clocks differ
	s := newStore(now.Add(-span))
	rows, err := r.rows(ctx, between(s.complete, now.Add(ahead).UnixMicro()))
	if err != nil || len(rows) > maxTicks {
		return nil, err
	}
	var newest time.Time
	for _, row := range rows {
		if t := row.time(); t.After(newest) {
			newest = t
		}
	}
	if now.Sub(newest) > time.Minute { // nothing comes, or a replay of the past
		if newest, err = r.newest(ctx); err != nil || newest.IsZero() {
			return s, err
		}
		s = newStore(newest.Add(-span))
		if rows, err = r.rows(ctx, between(s.complete, newest.UnixMicro())); err != nil || len(rows) > maxTicks {
			return nil, err
		}
	}
	s.add(rows)
	return s, nil
}

// newest is the newest event in Silver; zero where there is none.
func (r reader) newest(ctx context.Context) (t time.Time, err error) {
	values, err := r.query(ctx, newestEvent)
	if err != nil {
		return t, fmt.Errorf("read %s: %w", silver, err)
	}
	if len(values) == 1 && len(values[0]) == 1 {
		set(&t, values[0][0])
	}
	return t, nil
}

// follow reads what has come since a store was filled last; tooMuch is more than it takes at once.
func (r reader) follow(ctx context.Context, ends map[int64]end, complete int64) (rows []row, tooMuch bool, err error) {
	rows, err = r.rows(ctx, after(ends, complete))
	return rows, len(rows) > maxTicks, err
}

// slice is how much history is read at once: Spark's cores are free again for the queries in between.
const slice = time.Hour

// deadLetter is one record that a check refused.
type deadLetter struct {
	Partition     int64     `json:"partition"`
	Offset        int64     `json:"offset"`
	QuarantinedAt time.Time `json:"quarantined_at"`
	Reasons       []string  `json:"reasons"`
	Key           []byte    `json:"key"`
	Value         []byte    `json:"value"` // its first bytes; null where it has none
	Length        int64     `json:"length"`
}

// dead is the dead letters of today and yesterday.
type dead struct {
	Total   int64            `json:"total"`
	Reasons map[string]int64 `json:"reasons"` // a record counts for each of its reasons
	Newest  []deadLetter     `json:"newest"`
}

func (r reader) dead(ctx context.Context) (d dead, err error) {
	values, err := r.query(ctx, deadByReason)
	if err != nil {
		return d, fmt.Errorf("read %s: %w", deadLetters, err)
	}
	d.Reasons = map[string]int64{}
	for _, v := range values {
		var n int64
		if len(v) != 2 || !set(&n, v[1]) {
			return d, fmt.Errorf("read %s: unexpected row", deadLetters)
		}
		d.Total += n
		for _, reason := range texts(v[0]) {
			d.Reasons[reason] += n
		}
	}
	if d.Total == 0 {
		return d, nil
	}
	if values, err = r.query(ctx, newestDead); err != nil {
		return d, fmt.Errorf("read %s: %w", deadLetters, err)
	}
	for _, v := range values {
		letter, ok := readDead(v)
		if !ok {
			return d, fmt.Errorf("read %s: a row has other types than expected", deadLetters)
		}
		d.Newest = append(d.Newest, letter)
	}
	return d, nil
}

func readDead(v []any) (l deadLetter, ok bool) {
	if len(v) != 7 {
		return l, false
	}
	set(&l.Key, v[4])
	set(&l.Value, v[5])
	set(&l.Length, v[6])
	l.Reasons = texts(v[3])
	return l, set(&l.Partition, v[0]) && set(&l.Offset, v[1]) && set(&l.QuarantinedAt, v[2])
}

// texts is an ARRAY<STRING>.
func texts(v any) (out []string) {
	list, _ := v.([]any)
	for _, item := range list {
		var text string
		set(&text, item)
		out = append(out, text)
	}
	return out
}
