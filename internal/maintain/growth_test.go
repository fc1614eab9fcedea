package maintain

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/tablefiles"
)

// TestGrowth measures how long a batch takes that writes to a table of so many commits, before and after it was
// maintained: LAKECTL_MEASURE=100,20000,90000 go test -run TestGrowth -v -timeout 60m ./internal/maintain
func TestGrowth(t *testing.T) {
	sizes := os.Getenv("LAKECTL_MEASURE")
	if sizes == "" {
		t.Skip("measures for minutes: LAKECTL_MEASURE names how many commits")
	}
	s := server(t)
	for text := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("LAKECTL_MEASURE: %v", err)
		}
		l := newLake(t, s, "interval 0 seconds")
		l.exec(t, "INSERT INTO "+l.care.Place.Table("source")+" SELECT id, DATE'2026-11-24' FROM range(10)")
		l.commits(t, "source", n)
		began := time.Now()
		l.checkpointed(t)
		t.Logf("%d commits: the first checkpoint after %s", n, time.Since(began).Round(time.Second))
		l.oldLog(t)
		l.measure(t, fmt.Sprintf("%d commits", n))
		began = time.Now()
		l.run(t) // compacts, deletes
		t.Logf("%d commits maintained in %s", n, time.Since(began).Round(time.Second))
		l.checkpointed(t) // without what was deleted
		l.run(t)          // removes the log before
		l.measure(t, fmt.Sprintf("%d commits, maintained", n))
	}
}

// checkpointed writes to the source until Delta writes a checkpoint, three times.
func (l *lake) checkpointed(t *testing.T) {
	t.Helper()
	for made := 0; made <= spareCheckpoints; {
		l.exec(t, "INSERT INTO "+l.care.Place.Table("source")+" SELECT id, DATE'2026-11-24' FROM range(10)")
		if version, err := tablefiles.Version(l.care.Place.Path("source")); err != nil {
			t.Fatal(err)
		} else if version%5 == 0 {
			made++
		}
	}
}

// oldLog adds what a stream leaves besides the entries: three checksums each, and a checkpoint every ten, below the
// newest ones, which nobody reads.
func (l *lake) oldLog(t *testing.T) {
	t.Helper()
	log, err := tablefiles.ReadLog(l.care.Place.Path("source"))
	if err != nil {
		t.Fatal(err)
	}
	first := log.Checkpoints[0].Version
	folder := filepath.Join(l.care.Place.Path("source"), "_delta_log")
	for _, version := range log.Commits {
		if version >= first {
			break
		}
		name := fmt.Sprintf("%020d", version)
		for _, path := range []string{name + ".crc", "." + name + ".json.crc", "." + name + ".crc.crc"} {
			write(t, filepath.Join(folder, path), []byte("{}"))
		}
		if version > 0 && version%5 == 0 {
			write(t, filepath.Join(folder, name+".checkpoint.parquet"), []byte("PAR1"))
		}
	}
}

// measure logs the median time of a batch, of listing the log, and what is there.
func (l *lake) measure(t *testing.T, what string) {
	t.Helper()
	feed := l.feed(t, 0)
	const warm, batches = 5, 20
	var times []time.Duration
	seen := int64(-1)
	await(t, "batches", func() bool {
		if p := progress(t, feed); p.BatchID > seen && p.InputRows > 0 {
			seen = p.BatchID
			times = append(times, p.Duration())
		}
		return len(times) >= warm+batches
	})
	stop(t, feed)
	if err := os.RemoveAll(l.care.Place.Checkpoint("feed")); err != nil {
		t.Fatal(err)
	}
	times = times[warm:]
	slices.Sort(times)
	var listings []time.Duration
	for range 5 {
		start := time.Now()
		if _, err := os.ReadDir(filepath.Join(l.care.Place.Path("source"), "_delta_log")); err != nil {
			t.Fatal(err)
		}
		listings = append(listings, time.Since(start))
	}
	slices.Sort(listings)
	files, err := tablefiles.Look(l.care.Place.Path("source"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: batch p50 %s p90 %s, log of %d files listed in %s, %d data files",
		what, times[len(times)/2].Round(time.Millisecond), times[len(times)*9/10].Round(time.Millisecond), files.LogFiles, listings[2].Round(100*time.Microsecond), files.Files)
}
