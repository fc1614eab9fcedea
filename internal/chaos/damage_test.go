package chaos_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/tablefiles"
	"github.com/cryptostream/lakectl/jobs"
)

// TestDamagedCheckpoints cuts and removes files of checkpoints, all at once, then starts the lakehouse and does what each
// refusal says, until it goes on.
func TestDamagedCheckpoints(t *testing.T) {
	n := times(t, 1, 0)
	l := newLake(t, "--trigger", "1s")
	l.start()
	l.flow(20)
	l.await("some batches of every query", func() bool {
		return !slices.ContainsFunc(jobs.Default().Jobs, func(job jobs.Job) bool { return l.lastCommit(job) < 4 })
	})
	l.killLakectl()
	for _, job := range jobs.Default().Jobs {
		old := l.newest(job)
		old.id -= 3
		empty(t, old.offsets(), old.commit())
	}
	bronze, silver := jobNamed(t, "bronze_prices"), jobNamed(t, "silver_prices")
	empty(t, filepath.Join(l.checkpointOf(bronze), "commits", fmt.Sprint(l.lastCommit(bronze))))
	remove(t, filepath.Join(l.checkpointOf(jobNamed(t, "gold_price_hourly")), "metadata"))
	tearAll(t, batch{t: t, id: l.lastCommit(silver), checkpoint: l.checkpointOf(silver)}.state("delta")...)
	said := l.mend()
	expect(t, said, "the checkpoint of bronze_prices is damaged: checkpoint file commits/",
		"the checkpoint of gold_price_hourly is damaged: checkpoint file metadata", "the state of silver_prices is damaged")
	l.flow(10)
	o := l.check()
	report(t, "older offsets and commits of every query emptied", n, "not noticed; %s", o)
	report(t, "newest commit emptied (Bronze), metadata gone (Gold), state torn (Silver)", n,
		"refused or ended with the file's name; after what the hints say %s", o)
}

// TestDamagedTables cuts and removes files of tables, one after the other, and does what lakectl verify says. What no command
// mends, a lost file of Bronze, is made again from Kafka.
func TestDamagedTables(t *testing.T) {
	n := times(t, 1, 0)
	l := newLake(t)
	average := jobNamed(t, "gold_price_ma_5m")
	l.start()
	l.await("a window in Gold", func() bool { return l.hasCommittedRows(average, 0) })
	l.stop()

	version, err := tablefiles.Version(l.tableOf(average))
	if err != nil {
		t.Fatal(err)
	}
	tearAll(t, batch{table: l.tableOf(average)}.log(version))
	l.remedy(l.unreadable("gold_price_ma_5m"))
	lose(t, l.tableOf(jobNamed(t, "silver_prices")))
	l.remedy(l.unreadable("silver_prices"))
	lose(t, l.tableOf(jobNamed(t, "bronze_prices")))
	if said := l.unreadable("bronze_prices").stderr; !strings.Contains(said, "move warehouse and checkpoints out of the data dir") {
		t.Error(said)
	}
	for _, folder := range []string{"warehouse", "checkpoints"} {
		if err := os.Rename(filepath.Join(l.dir, folder), filepath.Join(filepath.Dir(l.dir), folder)); err != nil {
			t.Fatal(err)
		}
	}
	l.start()
	l.flow(10)
	o := l.check()
	report(t, "newest Delta JSON of Gold torn", n, "lakectl verify names it, and the reset that makes the table again")
	report(t, "a Parquet file of Silver gone", n, "lakectl verify names it, and the reset that makes the table again")
	report(t, "a Parquet file of Bronze gone", n, "lakectl verify names it; all made again from what Kafka still had: %s", o)
}

// unreadable is what verify says of a table.
func (l *lake) unreadable(table string) result {
	l.t.Helper()
	r := l.try("verify")
	expect(l.t, []string{r.stderr}, "table "+table+" is damaged")
	return r
}

// lastCommit is the newest committed batch of a query, -1 for none.
func (l *lake) lastCommit(job jobs.Job) int64 {
	l.t.Helper()
	c, err := checkpoint.Look(l.checkpointOf(job))
	if err != nil {
		l.t.Fatal(err)
	}
	if len(c.Commits) == 0 {
		return -1
	}
	return c.Commits[len(c.Commits)-1]
}

// TestDamagedDeltaCheckpoint tears Delta's newest checkpoint of each table that has one, and the file that names it.
func TestDamagedDeltaCheckpoint(t *testing.T) {
	n := times(t, 1, 0)
	l := newLake(t, "--trigger", "500ms")
	l.start()
	l.await("Delta's checkpoints", func() bool { return len(l.deltaCheckpoints()) >= 2 })
	l.stop()
	torn := l.deltaCheckpoints()
	for folder, name := range torn {
		tearAll(t, filepath.Join(folder, name), filepath.Join(folder, "_last_checkpoint"))
	}
	said := l.mend()
	for _, s := range said {
		if !strings.Contains(s, "_last_checkpoint out of") {
			t.Errorf("what was torn is spare, and it was said: %s", s)
		}
	}
	l.flow(10)
	report(t, "Delta's checkpoints torn", n, "of %d tables, %d noticed: file and table named, and that its log does without; %s", len(torn), len(said), l.check())
}

// deltaCheckpoints are the newest ones, by the folder of their logs.
func (l *lake) deltaCheckpoints() map[string]string {
	l.t.Helper()
	found, err := filepath.Glob(filepath.Join(local.WarehouseDir(l.dir), "*", "_delta_log", "*.checkpoint*.parquet"))
	if err != nil {
		l.t.Fatal(err)
	}
	newest := map[string]string{}
	for _, path := range found { // in the order of their versions
		newest[filepath.Dir(path)] = filepath.Base(path)
	}
	return newest
}

// mend starts the lakehouse and does what is said each time it does not, or ends by itself, until it goes on. It returns
// what was said.
func (l *lake) mend() (said []string) {
	l.t.Helper()
	for range 10 {
		l.readSpool()
		r := l.try(l.runArgs()...)
		if r.code == 0 {
			l.await("rows in every layer, or the run's end", func() bool { return !local.Locked(l.dir) || l.goesOn() })
			if l.goesOn() {
				return said
			}
			l.cuts++ // its end may have cut a poll off
			r = result{stderr: l.lastWords(), code: 1}
		}
		said = append(said, r.stderr)
		l.remedy(r)
	}
	l.t.Fatalf("it does not go on; it has said %q", said)
	return nil
}

// goesOn tells that every query of the run that is there has committed a batch since its start.
func (l *lake) goesOn() bool {
	s := l.status()
	run, err := local.ReadRunFile(l.dir)
	if err != nil || !s.Healthy || s.PID != run.PID || !local.Locked(l.dir) {
		return false
	}
	for _, name := range pointed {
		if s.rows(name) == 0 {
			return false
		}
	}
	return true
}

var (
	resetAsked = regexp.MustCompile(`hint: .*lakectl (checkpoint reset \S+ --from \S+)`)
	moveAsked  = regexp.MustCompile(`hint: move (\S+) and (\S+) out of (\S+):`)
)

// remedy runs the reset that a hint names, or moves the files that it names.
func (l *lake) remedy(r result) {
	l.t.Helper()
	if asked := moveAsked.FindAllStringSubmatch(r.stderr, -1); len(asked) > 0 {
		last := asked[len(asked)-1]
		for _, name := range last[1:3] {
			if err := os.Rename(filepath.Join(last[3], name), filepath.Join(l.t.TempDir(), name)); err != nil {
				l.t.Fatal(err)
			}
		}
		return
	}
	found := resetAsked.FindAllStringSubmatch(r.stderr, -1)
	if r.code != 1 && r.code != 3 || len(found) == 0 {
		l.t.Fatalf("exit code %d, and no hint that names a reset:\n%s", r.code, r.stderr)
	}
	l.must(append(strings.Fields(found[len(found)-1][1]), "--yes")...)
}

// expect looks for words in what was said, each where it is its turn.
func expect(t *testing.T, said []string, words ...string) {
	t.Helper()
	if len(said) != len(words) {
		t.Errorf("%d refusals, want %d: %q", len(said), len(words), said)
	}
	for i := range min(len(said), len(words)) {
		if !strings.Contains(said[i], words[i]) {
			t.Errorf("refusal %d: %s\nwant %q", i, said[i], words[i])
		}
	}
}

// tearAll cuts files in the middle, as a power cut would.
func tearAll(t *testing.T, paths ...string) {
	t.Helper()
	if len(paths) == 0 {
		t.Error("there is nothing to tear")
	}
	for _, path := range paths {
		tear(t, path, path)
	}
}

func empty(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// lose removes a Parquet file that the newest version of a table has.
func lose(t *testing.T, table string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(table, "*=*", "*.parquet"))
	if err != nil || len(found) == 0 {
		t.Fatalf("Parquet files of %s: %v, %v", table, found, err)
	}
	remove(t, found[0])
}
