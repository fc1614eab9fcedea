package chaos_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"
)

// soakVariable is how long TestSoak goes on, as time.ParseDuration takes it.
const soakVariable = "LAKECTL_CHAOS_SOAK"

// killEvery is the longest time between two kills of a soak, which are random.
const killEvery = 4 * time.Minute

// TestSoak lets quotes flow for long, kills something every few minutes, and looks whether anything grows.
func TestSoak(t *testing.T) {
	times(t, 1, 0)
	duration := 30 * time.Minute
	if text := os.Getenv(soakVariable); text != "" {
		var err error
		if duration, err = time.ParseDuration(text); err != nil {
			t.Fatalf("%s: %v", soakVariable, err)
		}
	}
	l := newLake(t, "--reconcile-every", "5m", "--maintain-every", "2m")
	l.start()
	l.flow(20)

	m := startMeasuring(l, duration)
	kills := map[string]int{}
	for ends := time.Now().Add(duration); time.Now().Before(ends); {
		l.randomly(min(killEvery, time.Until(ends)))
		switch l.random.IntN(3) {
		case 0:
			kills["spark"]++
			l.killServer(spark)
		case 1:
			kills["kafka"]++
			l.killServer(kafka)
		case 2:
			kills["lakectl"]++
			l.killLakectl()
			l.start()
		}
		l.flow(10)
	}
	samples := m.stop()
	o := l.check()
	report(t, "a soak with kills", int(duration.Minutes()), "minutes, kills %v: %s", kills, o)
	reportSoak(t, samples)
}

// reportSoak says what has grown from the first third to the last, and fails for what is bounded by its settings.
func reportSoak(t *testing.T, samples []sample) {
	t.Helper()
	if len(samples) < 6 {
		t.Fatalf("only %d samples", len(samples))
	}
	third := len(samples) / 3
	first, last := medians(samples[:third]), medians(samples[len(samples)-third:])
	for _, what := range slices.Sorted(maps.Keys(last)) {
		t.Logf("CHAOS soak: %s: median of the first third %.2f, of the last %.2f", what, first[what], last[what])
	}
	for what, most := range map[string]float64{"MB of logs": 6 * 2 * 8, "open files of lakectl": 200} {
		if got := largest(samples, what); got == 0 || got > most {
			t.Errorf("%s: %.2f at most, want more than nothing and no more than %.0f", what, got, most)
		}
	}
	for what := range last {
		var job string
		if n, _ := fmt.Sscanf(what, "files of checkpoint %s", &job); n == 1 && largest(samples, what) > checkpointFiles {
			t.Errorf("%s: %.0f at most, more than %d", what, largest(samples, what), checkpointFiles)
		}
	}
}

// checkpointFiles is what one checkpoint has at most: Spark keeps 100 batches (spark.sql.streaming.minBatchesToRetain),
// each with an offset, a commit, and for a state a delta and now and then a snapshot; of each there is a checksum, and as
// many again wait to be cleared away.
const checkpointFiles = 2000
