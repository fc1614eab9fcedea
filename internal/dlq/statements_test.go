package dlq

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

var update = flag.Bool("update", false, "write the golden files")

// TestStatements compares the statements with those in testdata.
func TestStatements(t *testing.T) {
	letters := jobs.Job{
		Name: "dead_letter", Source: jobs.Source{Table: "bronze_prices", View: "bronze_prices"}, Sink: jobs.Sink{Table: "dead_letter"},
		Steps: []jobs.Step{{Name: "dead_letter", SQL: "-- what a check refuses\nselect * from bronze_prices where false"}},
	}
	tables := Tables{ddl.Place{Schema: "cryptostream"}, letters}
	some := Filter{
		Reason: "bad'price", From: time.Unix(1700000000, 0), To: time.Unix(1700003600, 5000),
		Records: []Coordinate{{"crypto-prices", 0, 12}, {`back\slash`, 1, 0}},
	}
	for name, statement := range map[string]string{
		"total": tables.Total(Filter{}), "count": tables.Count(some), "show": tables.Show(Filter{Reason: "bad_price"}, 10),
		"candidates": tables.Candidates(some, "replace(value_text, ',', '.') -- a comment", 100),
		"arrived":    tables.Arrived([]Coordinate{at(1), at(2)}),
	} {
		golden(t, name, statement)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".sql")
	if *update {
		if err := os.WriteFile(path, []byte(got+"\n"), 0o600); err != nil {
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

func TestJob(t *testing.T) {
	if job, err := Job(jobs.Default()); job.Name != "dead_letter" || err != nil {
		t.Errorf("got %s, %v", job.Name, err)
	}
	if _, err := Job(&jobs.Lakehouse{}); err == nil {
		t.Error("there is none")
	}
}
