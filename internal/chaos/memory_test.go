package chaos_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/internal/local"
)

// TestOutOfMemory fills Spark's heap with a statement that needs more than fits: the JVM ends, and the queries go on in
// the next one. Where that comes time after time, the run ends and says so, and goes on with more.
func TestOutOfMemory(t *testing.T) {
	n := times(t, 3, 0)
	l := newLake(t)
	if r := l.try(l.runArgs("--spark-heap", "256")...); r.code != 2 || !strings.Contains(r.stderr, "--spark-heap must be at least 512") {
		t.Errorf("a heap that Spark does not start with: exit code %d\n%s", r.code, r.stderr)
	}
	l.start()
	l.flow(20)
	for range n {
		l.fillHeap()
		l.flow(10)
	}
	l.cuts++ // the end below may cut a poll off
	ends := 0
	for ; local.Locked(l.dir) && ends < 10; ends++ {
		l.fillHeap()
	}
	said := l.lastWords()
	for _, word := range []string{"error: spark ran out of memory 5 times in a row, with a heap of 1024 MB", "hint: lakectl run --spark-heap 2048"} {
		if !strings.Contains(said, word) {
			t.Errorf("the run did not end with %q:\n%s", word, said)
		}
	}
	l.start("--spark-heap", "2048")
	l.flow(10)
	o := l.check()
	report(t, "Spark's heap full, once in a while", n, "a new Spark, the queries go on; %s", o)
	report(t, "Spark's heap full, time after time", ends, "the run ends with exit code 1 and says how much more to give it; with that %s", o)
}

// fillHeap runs a statement for which Spark's heap is too small, and waits for another Spark or the end of the run.
func (l *lake) fillHeap() {
	l.t.Helper()
	before := l.run()
	l.await("Spark's end, by a statement", func() bool { // the first one may meet a Spark that is not up
		// One string that is larger than the heap. Many that are together end now and then with the statement's error alone.
		r := l.try("query", "select length(repeat(cast(id as string), 1500000000)) from range(1, 2)")
		if r.code != 1 || !strings.Contains(r.stderr, "error: ") {
			l.t.Errorf("a statement that the heap does not hold: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		}
		return !lives(before.Spark.PID) || !local.Locked(l.dir)
	})
	l.await("another Spark, or the run's end", func() bool {
		return !local.Locked(l.dir) || l.run().Spark.PID != before.Spark.PID
	})
}

// lastWords is the end of what a run has said.
func (l *lake) lastWords() string {
	l.t.Helper()
	text, err := os.ReadFile(filepath.Join(l.dir, "logs", "lakectl.log"))
	if err != nil {
		l.t.Fatal(err)
	}
	return string(text[max(0, len(text)-3000):])
}
