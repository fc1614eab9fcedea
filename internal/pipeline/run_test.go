package pipeline

import (
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

// A query goes live when its last batch has left no window for another batch to write, or when rows come
// so steadily that there is always another batch.
func TestSettled(t *testing.T) {
	aggregating := jobs.Job{Watermark: &jobs.Watermark{Column: "event_time"}}
	batch := func(rows int64) []spark.Progress { return []spark.Progress{{InputRows: rows}} }
	for name, c := range map[string]struct {
		run    run
		recent []spark.Progress
		want   bool
	}{
		"no rows":       {run{job: aggregating}, batch(0), true},
		"rows":          {run{job: aggregating}, batch(7), false},
		"rows for long": {run{job: aggregating, unsettled: time.Now().Add(-settleTime)}, batch(7), true},
		"no windows":    {run{}, batch(7), true},
	} {
		if got := c.run.settled(c.recent); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A large batch after a small one closes windows that another batch is to write: the time that small ones must go on
// begins anew.
func TestMayGoLive(t *testing.T) {
	began := time.Now()
	batch := func(id, rows int64) []spark.Progress {
		return []spark.Progress{{BatchID: id, InputRows: rows, Timestamp: began.Add(time.Second), Sources: []spark.SourceProgress{{}}}}
	}
	r := run{job: jobs.Job{Watermark: &jobs.Watermark{Column: "event_time"}}}
	if r.mayGoLive(batch(1, 7), began) || r.unsettled.IsZero() {
		t.Error("a small batch with rows: it is to wait from now on")
	}
	r.unsettled = began.Add(-settleTime)
	if r.mayGoLive(batch(2, 1_000_000), began) {
		t.Error("a large batch is no end of a backlog")
	}
	if r.mayGoLive(batch(3, 7), began) {
		t.Error("a small batch right behind a large one: its windows may wait to be written")
	}
	if r.unsettled = began.Add(-settleTime); !r.mayGoLive(batch(4, 7), began) {
		t.Error("small batches for long")
	}
}
