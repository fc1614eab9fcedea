package maintain

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/internal/tablefiles"
)

// TestStreams maintains tables beside the queries that write and read them.
func TestStreams(t *testing.T) {
	s := server(t)
	t.Run("beside", func(t *testing.T) { testBeside(t, newLake(t, s, "interval 1 hour")) })
	t.Run("behind", func(t *testing.T) { testBehind(t, newLake(t, s, "interval 0 seconds")) })
}

// manyCommits are those of a quarter of an hour; with LAKECTL_TEST_LONG, of an hour and a half.
func manyCommits() int {
	if os.Getenv("LAKECTL_TEST_LONG") != "" {
		return 5_000
	}
	return 1_000
}

// testBeside maintains again and again, while a query writes, another reads and both are restarted, until nothing is
// left of thousands of commits, and compares what was written with what was read.
func testBeside(t *testing.T, l *lake) {
	l.care.Lakehouse.Jobs = l.care.Lakehouse.Jobs[:1] // the source
	const often = 2 * time.Second
	feed, reader := l.feed(t, often), l.stream(t, often)
	await(t, "rows to be read", func() bool { return progress(t, feed).BatchID > 2 && progress(t, reader).BatchID > 2 })
	l.keep(t, 10*time.Second+5*max(progress(t, feed).Duration(), progress(t, reader).Duration()), feed, reader)
	many := manyCommits()
	l.commits(t, "source", many)

	feed, reader = l.feed(t, often), l.stream(t, often)
	var sum Table
	await(t, "the tables to be small", func() bool {
		tables := l.run(t)
		source := tables["source"]
		sum.Compacted, sum.Deleted, sum.LogFilesRemoved = sum.Compacted+source.Compacted, sum.Deleted+source.Deleted, sum.LogFilesRemoved+source.LogFilesRemoved
		return sum.Compacted >= int64(many) && sum.Deleted >= many && sum.LogFilesRemoved >= many && progress(t, feed).BatchID > 10
	})
	if failed, err := reader.Exception(t.Context()); failed != nil || err != nil {
		t.Fatalf("the reader: %v, %v", failed, err)
	}
	stop(t, feed)
	l.settle(t, reader)
	want, got := l.rows(t, "source"), l.rows(t, "copy")
	if want != got || want[0].(int64) < int64(many) {
		t.Errorf("the source has %v, its copy %v", want, got)
	}
	l.settle(t, l.stream(t, time.Second)) // a start reads the log of the newest batch
	if again := l.rows(t, "copy"); again != want {
		t.Errorf("after another start the copy has %v instead of %v", again, want)
	}
	files, err := tablefiles.Look(l.care.Place.Path("source"))
	if err != nil || files.Files > many/2 || files.LogFiles > many {
		t.Errorf("left: %+v, %v", files, err)
	}
}

// testBehind lets a reader stand still while its source is written to and compacted: nothing is removed that it has
// still to read, though it is older than the retention.
func testBehind(t *testing.T, l *lake) {
	insert := func(n int) {
		for range n {
			l.exec(t, "INSERT INTO "+l.care.Place.Table("source")+" SELECT id, DATE'2026-11-24' FROM range(10)")
		}
	}
	insert(2)
	reader := l.stream(t, 0)
	l.settle(t, reader)
	if left := l.run(t)["source"].LeftAlone; left != "" {
		t.Errorf("nothing to do, and yet: %s", left)
	}
	insert(worthwhile)
	if left := l.run(t)["source"].LeftAlone; !strings.HasPrefix(left, "copy begins to read it") {
		t.Errorf("a reader of a snapshot: %q", left)
	}
	l.settle(t, l.stream(t, 0))
	insert(worthwhile + 20) // behind two checkpoints of Delta's log
	l.exec(t, "OPTIMIZE "+l.care.Place.Table("source"))
	before := l.run(t)["source"]
	if !strings.HasPrefix(before.LeftAlone, "copy has still to read version 11,") || !before.Nothing() {
		t.Errorf("behind: %+v", before)
	}
	l.settle(t, l.stream(t, 0))
	if want, got := l.rows(t, "source"), l.rows(t, "copy"); want != got {
		t.Errorf("the source has %v, its copy %v", want, got)
	}
	insert(1) // for the reader to pass the compaction
	l.settle(t, l.stream(t, 0))
	after := l.run(t)["source"]
	if after.LeftAlone != "" || after.Deleted < worthwhile+20 || after.LogFilesRemoved == 0 {
		t.Errorf("with nobody behind: %+v", after)
	}

	// Nothing comes after a compaction: verify looks at the table as it was when its reader was last here.
	insert(worthwhile)
	l.settle(t, l.stream(t, 0))
	version, err := tablefiles.Version(l.care.Place.Path("source"))
	if err != nil {
		t.Fatal(err)
	}
	want := l.rows(t, "source")
	if compacted := l.run(t)["source"]; compacted.Compacted < worthwhile {
		t.Errorf("put together: %+v", compacted)
	}
	if idle := l.run(t)["source"]; !strings.HasPrefix(idle.LeftAlone, "no file is deleted: nothing has come for copy") || idle.Deleted > 0 || idle.Compacted > 0 {
		t.Errorf("idle: %+v", idle)
	}
	if got := l.rows(t, "source VERSION AS OF "+strconv.FormatInt(version, 10)); want != got {
		t.Errorf("version %d had %v, and now %v", version, want, got)
	}
	l.settle(t, l.stream(t, 0)) // a start reads the log of the newest batch
	if got := l.rows(t, "copy"); want != got {
		t.Errorf("in the end the source has %v, its copy %v", want, got)
	}
}

// keep stops the queries and has the source keep what it no longer has for so long: what a batch takes has to be less.
func (l *lake) keep(t *testing.T, retention time.Duration, feed, reader *spark.StreamingQuery) {
	t.Helper()
	stop(t, feed)
	l.settle(t, reader)
	interval := fmt.Sprintf("interval %d seconds", int(retention.Seconds()))
	t.Logf("%s: %s", keepFiles, interval)
	l.exec(t, l.care.Place.SetProperties("source", map[string]string{keepFiles: interval, keepLog: interval}))
}

func progress(t *testing.T, q *spark.StreamingQuery) spark.Progress {
	t.Helper()
	p, err := q.LastProgress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p == nil {
		return spark.Progress{BatchID: -1}
	}
	return *p
}

// patience is for a machine that is busy with other tests.
const patience = 8 * time.Minute

func await(t *testing.T, what string, happened func() bool) {
	t.Helper()
	began := time.Now()
	for !happened() {
		if time.Since(began) > patience {
			t.Fatalf("waited in vain for %s", what)
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("waited in vain for %s", what)
		case <-time.After(500 * time.Millisecond):
		}
	}
}
