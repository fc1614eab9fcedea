package chaos_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/tablefiles"
	"github.com/cryptostream/lakectl/jobs"
)

// TestDamage cuts and removes files of a lakehouse that is stopped, all at once, then starts it and does what each refusal
// says, until it runs. What no command of lakectl mends, a lost file of Bronze, is made again from Kafka.
func TestDamage(t *testing.T) {
	n := times(t, 1, 0)
	l := newLake(t, "--trigger", "500ms")
	bronze, silver := jobNamed(t, "bronze_prices"), jobNamed(t, "silver_prices")
	hourly, average := jobNamed(t, "gold_price_hourly"), jobNamed(t, "gold_price_ma_5m")
	l.start()
	l.await("a window in Gold, and Delta's own checkpoints", func() bool {
		return l.hasCommittedRows(average) && !slices.ContainsFunc([]jobs.Job{bronze, silver, average}, func(job jobs.Job) bool {
			version, err := tablefiles.Version(l.tableOf(job))
			return err != nil || version < 12
		})
	})
	l.stop()

	for _, job := range jobs.Default().Jobs { // survived
		tearAll(t, filepath.Join(l.tableOf(job), "_delta_log", "_last_checkpoint"))
		if old := l.newest(job); old.id > 3 {
			old.id -= 3
			empty(t, old.offsets())
			empty(t, old.commit())
		}
	}
	version, err := tablefiles.Version(l.tableOf(average))
	if err != nil {
		t.Fatal(err)
	}
	tearAll(t, l.newest(average).log(version))
	empty(t, l.newest(bronze).commit())
	remove(t, filepath.Join(l.checkpointOf(hourly), "metadata"))
	tearAll(t, l.newest(silver).state("delta")...)
	l.expect(l.mend(),
		"table gold_price_ma_5m is damaged", "the checkpoint of bronze_prices is damaged: checkpoint file commits/",
		"the checkpoint of gold_price_hourly is damaged: checkpoint file metadata", "the state of silver_prices is damaged")
	l.flow(10)
	o := l.check()
	report(t, "older offsets and commits emptied, _last_checkpoint torn, of every query and table", n, "not noticed; %s", o)
	report(t, "newest commit emptied (Bronze), metadata gone and newest Delta JSON torn (Gold), state torn (Silver)", n,
		"refused or ended with the file's name; after what the hints say %s", o)

	lose(t, l.tableOf(silver))
	said := l.try("verify")
	l.expect([]string{said.stderr}, "table silver_prices is damaged")
	l.remedy(said)
	lose(t, l.tableOf(bronze))
	said = l.try("verify")
	l.expect([]string{said.stderr}, "table bronze_prices is damaged")
	if !strings.Contains(said.stderr, "move warehouse and checkpoints out of the data dir") {
		t.Error(said.stderr)
	}
	for _, folder := range []string{"warehouse", "checkpoints"} {
		if err := os.Rename(filepath.Join(l.dir, folder), filepath.Join(filepath.Dir(l.dir), folder)); err != nil {
			t.Fatal(err)
		}
	}
	l.start()
	l.flow(10)
	o = l.check()
	report(t, "a Parquet file of Silver gone", n, "lakectl verify names it; reset makes Silver again")
	report(t, "a Parquet file of Bronze gone", n, "lakectl verify names it; made again from what Kafka still had: %s", o)
}

// TestDamagedDeltaCheckpoint tears Delta's checkpoint of each table.
func TestDamagedDeltaCheckpoint(t *testing.T) {
	n := times(t, 1, 0)
	l := newLake(t, "--trigger", "500ms")
	l.start()
	l.await("Delta's checkpoints", func() bool { return len(l.deltaCheckpoints()) >= len(jobs.Default().Jobs)-2 })
	l.stop()
	tearAll(t, l.deltaCheckpoints()...)
	said := l.mend()
	l.flow(10)
	report(t, "Delta's checkpoints torn", n, "%q; %s", said, l.check())
}

func (l *lake) deltaCheckpoints() []string {
	l.t.Helper()
	found, err := filepath.Glob(filepath.Join(local.WarehouseDir(l.dir), "*", "_delta_log", "*.checkpoint*.parquet"))
	if err != nil {
		l.t.Fatal(err)
	}
	return found
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

var resetAsked = regexp.MustCompile(`hint: .*lakectl (checkpoint reset \S+ --from \S+)`)

// remedy runs the reset that a hint names.
func (l *lake) remedy(r result) {
	l.t.Helper()
	found := resetAsked.FindAllStringSubmatch(r.stderr, -1)
	if r.code != 1 && r.code != 3 || len(found) == 0 {
		l.t.Fatalf("exit code %d, and no hint that names a reset:\n%s", r.code, r.stderr)
	}
	l.must(append(strings.Fields(found[len(found)-1][1]), "--yes")...)
}

// expect looks for words in what was said, each where it is its turn.
func (l *lake) expect(said []string, words ...string) {
	l.t.Helper()
	if len(said) != len(words) {
		l.t.Errorf("%d refusals, want %d: %q", len(said), len(words), said)
	}
	for i := range min(len(said), len(words)) {
		if !strings.Contains(said[i], words[i]) {
			l.t.Errorf("refusal %d: %s\nwant %q", i, said[i], words[i])
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

func empty(t *testing.T, path string) {
	t.Helper()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
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
