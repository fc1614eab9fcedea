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

// TestGrowth measures how long it takes to write ten rows to tables of so many commits, in turn, and again after each
// was maintained: LAKECTL_MEASURE=100,20000,90000 go test -run TestGrowth -v -timeout 60m ./internal/maintain
func TestGrowth(t *testing.T) {
	sizes := os.Getenv("LAKECTL_MEASURE")
	if sizes == "" {
		t.Skip("measures for minutes: LAKECTL_MEASURE names how many commits")
	}
	s := server(t)
	var grown []*grownTable
	for text := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("LAKECTL_MEASURE: %v", err)
		}
		g := &grownTable{lake: newLake(t, s, "interval 0 seconds"), commits: n}
		g.care.Lakehouse.Jobs = g.care.Lakehouse.Jobs[:1] // the source
		g.insert(t)
		g.lake.commits(t, "source", n)
		began := time.Now()
		g.checkpointed(t)
		g.oldLog(t)
		t.Logf("%d commits: made in %s", n, time.Since(began).Round(time.Second))
		grown = append(grown, g)
	}
	measure(t, "grown", grown)
	for i, g := range grown {
		began := time.Now()
		g.run(t)          // puts together
		g.run(t)          // deletes
		g.checkpointed(t) // without what was deleted
		g.run(t)          // removes the log before
		t.Logf("%d commits: maintained in %s", g.commits, time.Since(began).Round(time.Second))
		measure(t, "maintained", grown[:i+1])
	}
}

type grownTable struct {
	*lake
	commits int
}

func (g *grownTable) folder() string { return g.care.Place.Path("source") }

// insert writes ten rows.
func (g *grownTable) insert(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	g.exec(t, "INSERT INTO "+g.care.Place.Table("source")+" SELECT id, DATE'2026-11-24' FROM range(0, 10, 1, 1)")
	return time.Since(began)
}

// checkpointed writes until Delta has written more checkpoints than stay in the log.
func (g *grownTable) checkpointed(t *testing.T) {
	t.Helper()
	for made := 0; made <= spareCheckpoints; {
		g.insert(t)
		version, err := tablefiles.Version(g.folder())
		if err != nil {
			t.Fatal(err)
		}
		if version%checkpointInterval == 0 {
			made++
		}
	}
}

// oldLog adds what a stream leaves besides the entries: three checksums each, and checkpoints, below the newest ones,
// which nobody reads.
func (g *grownTable) oldLog(t *testing.T) {
	t.Helper()
	log, err := tablefiles.ReadLog(g.folder())
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range log.Commits {
		if version >= log.Checkpoints[0].Version {
			break
		}
		path := filepath.Join(g.folder(), "_delta_log", fmt.Sprintf("%020d", version))
		hidden := filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
		for _, name := range []string{path + ".crc", hidden + ".json.crc", hidden + ".crc.crc"} {
			write(t, name, []byte("{}"))
		}
		if version > 0 && version%checkpointInterval == 0 {
			write(t, path+".checkpoint.parquet", []byte("PAR1"))
		}
	}
}

// measure logs the median time of a write, and what is there.
func measure(t *testing.T, what string, tables []*grownTable) {
	t.Helper()
	const rounds = 9
	times := make([][]time.Duration, len(tables))
	for range rounds {
		for i, g := range tables {
			times[i] = append(times[i], g.insert(t))
		}
	}
	for i, g := range tables {
		slices.Sort(times[i])
		began := time.Now()
		if _, err := os.ReadDir(filepath.Join(g.folder(), "_delta_log")); err != nil {
			t.Fatal(err)
		}
		listed := time.Since(began)
		files, err := tablefiles.Look(g.folder())
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s, %d commits: a write takes %s (%s to %s), a log of %d files is listed in %s, %d data files",
			what, g.commits, times[i][rounds/2].Round(time.Millisecond), times[i][0].Round(time.Millisecond), times[i][rounds-1].Round(time.Millisecond),
			files.LogFiles, listed.Round(100*time.Microsecond), files.Files)
	}
}
