package backfill

import (
	"context"
	"slices"
	"time"

	"github.com/cryptostream/lakectl/producer"
)

// Range is [From, To) of event times; a zero time is no bound.
type Range struct{ From, To time.Time }

// Has reports whether a time is within the range.
func (r Range) Has(at time.Time) bool {
	return !at.Before(r.From) && (r.To.IsZero() || at.Before(r.To))
}

// Found is what a file has.
type Found struct {
	Records int64 // within the range
	Outside int64
	NoTime  int64 // lines whose collected_at can't be read: they are in no range
	// First and Last are the earliest and the latest event time within the range; zero where there is none.
	First, Last time.Time
	// Sources are the sources that the records of each pair name, sorted; "" is none.
	Sources map[string][]string
}

// Scan reads a file of the kinds that producer.NewReplay reads, and publishes nothing. Errors: NewReplay's; a row that
// can't be an event.
func Scan(ctx context.Context, path string, within Range) (Found, error) {
	f := Found{Sources: map[string][]string{}}
	err := read(ctx, path, func(_ context.Context, m producer.Message) error {
		at := m.Timestamp
		switch {
		case at.IsZero():
			f.NoTime++
			return nil
		case !within.Has(at):
			f.Outside++
			return nil
		}
		f.Records++
		if f.First.IsZero() || at.Before(f.First) {
			f.First = at.UTC()
		}
		if at.After(f.Last) {
			f.Last = at.UTC()
		}
		pair, source := string(m.Key), sourceOf(m)
		if !slices.Contains(f.Sources[pair], source) {
			f.Sources[pair] = append(f.Sources[pair], source)
			slices.Sort(f.Sources[pair])
		}
		return nil
	})
	return f, err
}

// Read gives the messages of a file whose event time is within the range, in the file's order.
func Read(ctx context.Context, path string, within Range, emit func(context.Context, producer.Message) error) error {
	return read(ctx, path, func(ctx context.Context, m producer.Message) error {
		if m.Timestamp.IsZero() || !within.Has(m.Timestamp) {
			return nil
		}
		return emit(ctx, m)
	})
}

func read(ctx context.Context, path string, emit func(context.Context, producer.Message) error) error {
	replay, err := producer.NewReplay(producer.ReplayOptions{File: path})
	if err != nil {
		return err
	}
	return replay.Run(ctx, emit)
}

func sourceOf(m producer.Message) string {
	for _, h := range m.Headers {
		if h.Key == "ce_source" {
			return string(h.Value)
		}
	}
	return ""
}
