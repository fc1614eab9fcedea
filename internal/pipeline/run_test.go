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
