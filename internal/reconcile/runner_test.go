package reconcile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/conflict"
	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/jobs"
)

// tables answers as Spark does where one event and one window of 2026-11-23 are late and other writers are faster
// so many times.
type tables struct {
	conflicts int
	merges    []string
}

func (s *tables) query(_ context.Context, statement string) ([][]any, error) {
	switch {
	case strings.HasPrefix(statement, "DESCRIBE HISTORY"):
		return [][]any{{int64(9)}}, nil
	case strings.HasPrefix(statement, "MERGE"):
		if s.conflicts > 0 {
			s.conflicts--
			return nil, errors.New("[DELTA_CONCURRENT_APPEND] files were added by a concurrent update")
		}
		s.merges = append(s.merges, statement)
		return [][]any{{int64(1), int64(0), int64(0), int64(1)}}, nil
	case strings.HasPrefix(statement, "SELECT min("):
		return [][]any{{arrived, nil, arrived.Add(time.Minute)}}, nil
	case strings.Contains(statement, "AS windows\n"):
		return [][]any{{"2026-11-23", int64(1)}}, nil
	}
	return [][]any{{"2026-11-23", int64(1), false, arrived}, {"2026-11-23", int64(2), true, arrived.Add(time.Second)}}, nil
}

var arrived = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// lakehouse is a place with the checkpoints of queries that have committed a batch.
func lakehouse(t *testing.T) ddl.Place {
	t.Helper()
	place := ddl.Place{Schema: "cryptostream", Checkpoints: t.TempDir()}
	for _, job := range jobs.Default().Jobs {
		for name, text := range map[string]string{
			"commits/3": "v1\n{}", "offsets/3": "v1\n{\"batchWatermarkMs\":1795478026835}\n" + `{"reservoirVersion":8,"index":-1,"isStartingVersion":false}`,
		} {
			path := filepath.Join(place.Checkpoint(job.Name), name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return place
}

func TestConflicts(t *testing.T) {
	place := lakehouse(t)
	synctest.Test(t, func(t *testing.T) {
		s := &tables{conflicts: 3}
		r := Reconciler{Lakehouse: jobs.Default(), Place: place, Query: s.query}
		report, next, err := r.Run(t.Context(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		want := Report{
			Events:    []Change{{Table: "silver_prices", Rows: 1, Held: 2, Dates: []string{"2026-11-23"}}},
			Windows:   []Change{{Table: "gold_price_hourly", Rows: 1, Dates: []string{"2026-11-23"}}, {Table: "gold_price_ma_5m", Rows: 1, Dates: []string{"2026-11-23"}}},
			Conflicts: 3,
		}
		if diff := cmp.Diff(want, report); diff != "" {
			t.Error(diff)
		}
		if !next.Equal(arrived.Add(time.Second)) { // the event that is held
			t.Errorf("next time from %v", next)
		}
		for _, m := range s.merges {
			if !strings.Contains(m, "t.date IN (DATE'2026-11-23')") {
				t.Errorf("a merge names no dates: %s", m)
			}
		}
	})
}

func TestConflictsWithoutEnd(t *testing.T) {
	place := lakehouse(t)
	synctest.Test(t, func(t *testing.T) {
		s := &tables{conflicts: 1000}
		r := Reconciler{Lakehouse: jobs.Default(), Place: place, Query: s.query}
		report, next, err := r.Run(t.Context(), arrived)
		if exit.Code(err) != exit.Failed || exit.Hint(err) == "" || report.Conflicts != conflict.Tries || !next.Equal(arrived) {
			t.Errorf("got %+v, %v, %v", report, next, err)
		}
	})
}

func TestDryRun(t *testing.T) {
	s := &tables{}
	r := Reconciler{Lakehouse: jobs.Default(), Place: lakehouse(t), Query: s.query, DryRun: true}
	report, _, err := r.Run(t.Context(), time.Time{})
	if events, windows := report.Rows(); err != nil || len(s.merges) > 0 || events != 1 || windows != 2 || report.Nothing() {
		t.Errorf("got %+v, %v; %d merges", report, err, len(s.merges))
	}
}

// TestNothingCommitted leaves everything alone that a query has still to begin with.
func TestNothingCommitted(t *testing.T) {
	s := &tables{}
	r := Reconciler{Lakehouse: jobs.Default(), Place: ddl.Place{Schema: "cryptostream", Checkpoints: t.TempDir()}, Query: s.query}
	report, next, err := r.Run(t.Context(), time.Time{})
	if err != nil || !report.Nothing() || len(report.Events) != 1 || report.Events[0].Skipped == "" || !next.IsZero() || len(s.merges) > 0 {
		t.Errorf("got %+v, %v, %v", report, next, err)
	}
}
