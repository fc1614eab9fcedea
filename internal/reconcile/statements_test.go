package reconcile

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

var update = flag.Bool("update", false, "write the golden files")

// TestStatements compares the statements with those in testdata, for parameters that a notebook would put in.
func TestStatements(t *testing.T) {
	place := ddl.Place{Catalog: "main", Schema: "cryptostream"}
	scope := Scope{Source: "{source}", Sink: "{sink}", Watermark: "{watermark}", Dates: "{dates}"}
	within := Scope{Source: "7", Sink: "9", Watermark: "1700000000000", Arrived: "timestamp_micros(1)", From: "timestamp_micros(2)"}
	l := jobs.Default()
	for _, job := range Deduplicating(l) {
		golden(t, "insert_"+job.Name, InsertLate(job, place, scope))
		golden(t, "count_arrived_"+job.Name, CountLate(job, place, within))
		golden(t, "arrivals_"+job.Name, arrivals(job, place, within, 1700000000000))
	}
	for _, job := range Aggregating(l) {
		merge, err := MergeStale(job, place, scope)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "merge_"+job.Name, merge)
		count, err := CountStale(job, place, within)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "count_"+job.Name, count)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".sql")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got+"\n"); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

// TestKnownWindows fails when a job aggregates whose windows nobody has told this package.
func TestKnownWindows(t *testing.T) {
	l := jobs.Default()
	if len(Aggregating(l)) != len(windows) || len(Deduplicating(l)) != 1 {
		t.Errorf("%d jobs aggregate, and the windows of %d are known", len(Aggregating(l)), len(windows))
	}
	job := Aggregating(l)[0]
	job.Sink.Table = "another"
	if _, err := CountStale(job, ddl.Place{}, Scope{}); err == nil {
		t.Error("windows of an unknown table were made up")
	}
	if _, err := MergeStale(job, ddl.Place{}, Scope{}); err == nil {
		t.Error("windows of an unknown table were made up")
	}
}
