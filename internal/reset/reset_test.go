package reset

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/jobs"
)

var at = time.Date(2026, 11, 25, 0, 45, 12, 0, time.UTC)

// lakehouse makes a checkpoint and a table of every job in a folder.
func lakehouse(t *testing.T) (string, ddl.Place) {
	t.Helper()
	dir := t.TempDir()
	place := ddl.Place{Schema: "s", Warehouse: filepath.Join(dir, "warehouse"), Checkpoints: filepath.Join(dir, "checkpoints")}
	for _, job := range jobs.Default().Jobs {
		for _, file := range []string{place.Checkpoint(job.Name) + "/metadata", place.Checkpoint(job.Name) + ".json", place.Path(job.Sink.Table) + "/_delta_log/00000000000000000000.json"} {
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(file), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir, place
}

func plan(t *testing.T, place ddl.Place, name, from string, facts Facts) (Plan, error) {
	t.Helper()
	job, _ := jobs.Default().Job(name)
	f, err := checkpoint.ParseFrom(from)
	if err != nil {
		t.Fatal(err)
	}
	return Make(jobs.Default(), place, job, f, facts, at)
}

// tree lists the entries of both folders.
func tree(t *testing.T, dir string) (names []string) {
	t.Helper()
	for _, folder := range []string{"checkpoints", "warehouse"} {
		entries, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, folder+"/"+e.Name())
		}
	}
	return names
}

func TestRebuildDamaged(t *testing.T) {
	_, place := lakehouse(t)
	p, err := plan(t, place, "gold_price_hourly", "earliest", Facts{Rows: map[string]int64{"silver_prices": 90}, Damaged: map[string]bool{"gold_price_hourly": true}})
	if err != nil || !strings.Contains(strings.Join(p.Says, "\n"), "gold_price_hourly, damaged, is set aside") {
		t.Errorf("%q, %v", p.Says, err)
	}
}

func TestRebuild(t *testing.T) {
	dir, place := lakehouse(t)
	p, err := plan(t, place, "silver_prices", "earliest", Facts{Rows: map[string]int64{"bronze_prices": 100, "silver_prices": 90, "gold_price_hourly": 3}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Apply(); err != nil || !p.Done || p.ReadAgain != 100 {
		t.Errorf("got %+v, %v", p, err)
	}
	aside := ".20261125T004512Z"
	want := []string{
		"checkpoints/bronze_prices", "checkpoints/bronze_prices.json", "checkpoints/dead_letter", "checkpoints/dead_letter.json",
		"checkpoints/gold_price_hourly" + aside, "checkpoints/gold_price_hourly.json" + aside,
		"checkpoints/gold_price_ma_5m" + aside, "checkpoints/gold_price_ma_5m.json" + aside,
		"checkpoints/silver_prices" + aside, "checkpoints/silver_prices.json" + aside,
		"warehouse/bronze_prices", "warehouse/dead_letter", "warehouse/gold_price_hourly" + aside, "warehouse/gold_price_ma_5m" + aside, "warehouse/silver_prices" + aside,
	}
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// However far a reset comes, no table that is there lacks its checkpoint without a start noticing, and none is new
// while its checkpoint goes on; and a second reset ends what the first has begun.
func TestRebuildCutOff(t *testing.T) {
	for cut := range 9 {
		_, place := lakehouse(t)
		p, err := plan(t, place, "silver_prices", "earliest", Facts{})
		if err != nil || len(p.Aside) != 9 {
			t.Fatal(len(p.Aside), err)
		}
		whole := p.Aside
		p.Aside = whole[:cut]
		if err := p.Apply(); err != nil {
			t.Fatal(err)
		}
		for _, job := range jobs.Default().Jobs {
			_, table := os.Stat(place.Path(job.Sink.Table))
			_, check := os.Stat(place.Checkpoint(job.Name))
			if errors.Is(table, fs.ErrNotExist) && check == nil {
				t.Errorf("cut at %d: %s has a checkpoint and no table", cut, job.Name)
			}
		}
		again, err := plan(t, place, "silver_prices", "earliest", Facts{})
		again.at = at.Add(time.Second)
		if err = errors.Join(err, again.Apply()); err != nil {
			t.Errorf("cut at %d: %v", cut, err)
		}
		if _, err := os.Stat(place.Path("silver_prices")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
}

func TestTopicKeepsItsTable(t *testing.T) {
	for _, from := range []string{"current-table", "latest", "2026-11-24T00:00:00Z"} {
		dir, place := lakehouse(t)
		p, err := plan(t, place, "bronze_prices", from, Facts{Rows: map[string]int64{"bronze_prices": 100}, Next: map[int32]int64{1: 40, 0: 60}})
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Join(p.Says, "\n")
		if !strings.Contains(said, "crypto-prices[1] is read from offset 40") || strings.Contains(said, "Skipped") == (from == "current-table") {
			t.Error(said)
		}
		if err := p.Apply(); err != nil {
			t.Fatal(err)
		}
		noted, there, err := checkpoint.ReadStart(place.Checkpoint("bronze_prices"))
		if noted.String() != from || !there || err != nil {
			t.Errorf("got %v, %v, %v", noted, there, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "warehouse", "bronze_prices")); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(place.Checkpoint("bronze_prices") + ".json"); err != nil {
			t.Errorf("what the next checkpoint is of was forgotten: %v", err)
		}
	}
}

func TestRefused(t *testing.T) {
	_, place := lakehouse(t)
	for _, c := range [][2]string{
		{"bronze_prices", "earliest"},
		{"silver_prices", "current-table"}, {"silver_prices", "latest"}, {"dead_letter", "current-table"},
		{"gold_price_hourly", "2026-11-24T00:00:00Z"},
	} {
		_, err := plan(t, place, c[0], c[1], Facts{Rows: map[string]int64{"bronze_prices": 1}})
		if exit.Code(err) != exit.Refused || !strings.Contains(exit.Hint(err), "lakectl checkpoint reset "+c[0]+" --from ") {
			t.Errorf("%v: got %v, hint %q", c, err, exit.Hint(err))
		}
	}
	if _, err := plan(t, place, "bronze_prices", "earliest", Facts{}); err != nil {
		t.Errorf("an empty table: %v", err)
	}
}
