package verify

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write the golden files")

// snapshot is one of queries that have all committed something.
func snapshot() Snapshot {
	s := Snapshot{Versions: map[string]int64{}, Committed: map[string]Progress{}}
	for i, job := range jobs.Default().Jobs {
		s.Versions[job.Sink.Table] = int64(10 + i)
		s.Committed[job.Name] = Progress{Version: int64(i), WatermarkMs: 1700000000000}
	}
	s.Committed["bronze_prices"] = Progress{Version: -1, Next: map[int32]int64{0: 100, 1: 50}, First: map[int32]int64{0: 5}}
	s.Committed["bronze_prices_backfill"] = Progress{Version: -1, Next: map[int32]int64{0: 70}, First: map[int32]int64{0: 0}}
	return s
}

// all renders every check of a snapshot.
func all(t *testing.T, s statements) string {
	t.Helper()
	var checks []check
	for _, job := range s.lakehouse.Jobs {
		if job.Source.Kafka != nil {
			checks = append(checks, s.bronze(job)...)
			checks = append(checks, s.ends(job.Backfill())...)
		}
	}
	for _, pair := range splittings(s.lakehouse) {
		checks = append(checks, s.silver(pair)...)
	}
	for _, job := range s.lakehouse.Jobs {
		if job.WatermarkOn() == jobs.WatermarkSource {
			gold, err := s.gold(job)
			if err != nil {
				t.Fatal(err)
			}
			checks = append(checks, gold...)
		}
	}
	var b strings.Builder
	for _, c := range checks {
		if c.why == "" || c.remedy == "" {
			t.Errorf("%s has no reason or no remedy", c.name)
		}
		b.WriteString("-- " + c.name + "\n" + c.offences + ";\n\n")
	}
	return b.String()
}

// TestStatements compares the checks of a whole lakehouse and of a range with those in testdata.
func TestStatements(t *testing.T) {
	s := statements{lakehouse: jobs.Default(), place: ddl.Place{Schema: "cryptostream"}, snapshot: snapshot()}
	golden(t, "all", all(t, s))
	s.within = Range{From: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	golden(t, "range", all(t, s))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".sql")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

// TestNotReached has no check of what a query has not begun to read.
func TestNotReached(t *testing.T) {
	s := statements{lakehouse: jobs.Default(), place: ddl.Place{Schema: "cryptostream"}, snapshot: Snapshot{}}
	for _, text := range []string{"-- events that are not in", "-- refused records that are not in", "that are not what silver_prices gives", "-- missing at the ends"} {
		if strings.Contains(all(t, s), text) {
			t.Errorf("a check %q where nothing is committed", text)
		}
	}
}

func TestUnknownWindows(t *testing.T) {
	if _, err := (statements{}).gold(jobs.Job{Sink: jobs.Sink{Table: "another"}}); err == nil {
		t.Error("the windows of an unknown table were made up")
	}
}
