package maintain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/tablefiles"
	"github.com/cryptostream/lakectl/jobs"
)

func TestRetention(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"interval 1 hour": time.Hour, "INTERVAL 7 days": 7 * 24 * time.Hour, "30 minutes": 30 * time.Minute, "interval 0 seconds": 0,
		"interval 1 week": 7 * 24 * time.Hour, "": -1, "1": -1, "interval -1 hours": -1, "interval 1 month": -1, "interval 1 hour 2 minutes": -1, "an hour": -1,
	} {
		got, err := retention(map[string]string{keepFiles: text}, keepFiles, time.Minute)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	if got, err := retention(nil, keepFiles, time.Minute); got != time.Minute || err != nil {
		t.Errorf("no property: got %v, %v", got, err)
	}
	for name := range properties {
		if _, err := retention(properties, name, 0); err != nil && name != "delta.enableExpiredLogCleanup" {
			t.Error(err)
		}
	}
}

func TestStatements(t *testing.T) {
	place := ddl.Place{Schema: "s`x"}
	table := jobs.Table{Name: "t`y", Columns: []jobs.Column{{Name: "d`z", Type: "DATE"}}, PartitionBy: []string{"d`z"}}
	for got, want := range map[string]string{
		optimize(place, table, []string{"2026-11-24", "o'clock"}): "OPTIMIZE `s``x`.`t``y` WHERE `d``z` IN (DATE'2026-11-24', DATE'o\\'clock')",
		optimize(place, jobs.Table{Name: "t"}, nil):               "OPTIMIZE `s``x`.`t`",
		vacuum(place, table):                                      "VACUUM `s``x`.`t``y`",
		detail(place, table):                                      "DESCRIBE DETAIL `s``x`.`t``y`",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// folder makes a table of commits 0 to newest, each with a data file, and a checkpoint every ten; all are age old.
func folder(t *testing.T, table string, newest int64, age time.Duration) {
	t.Helper()
	at := time.Now().Add(-age)
	make1 := func(name, text string) {
		path := filepath.Join(table, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	for v := range newest + 1 {
		make1(fmt.Sprintf("_delta_log/%020d.json", v), `{"add":{"dataChange":true}}`)
		make1(fmt.Sprintf("day=2026-11-24/part-%d.parquet", v), "PAR1")
		if v > 0 && v%10 == 0 {
			make1(fmt.Sprintf("_delta_log/%020d.checkpoint.parquet", v), "PAR1PAR1")
		}
	}
}

func TestNeeds(t *testing.T) {
	table := t.TempDir()
	folder(t, table, 55, time.Hour)
	log, err := tablefiles.ReadLog(table)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for name, c := range map[string]struct {
		readers []checkpoint.Reader
		cutoff  time.Time
		why     string
		from    int64 // the version with which the log begins; 0 for all of it
	}{
		"nobody":               {nil, now, "", 30},
		"another table's":      {[]checkpoint.Reader{{TableID: "other"}}, now, "", 30},
		"all read":             {[]checkpoint.Reader{{TableID: "id", Files: 56, Log: 56}}, now, "", 30},
		"the log still needed": {[]checkpoint.Reader{{TableID: "id", Files: 56, Log: 56}, {TableID: "id", Files: 56, Log: 30}}, now, "", 20},
		"young":                {[]checkpoint.Reader{{TableID: "id", Files: 3, Log: 2}}, now.Add(-2 * time.Hour), "", 0},
		"behind":               {[]checkpoint.Reader{{Checkpoint: "j", TableID: "id", Files: 55, Log: 54}}, now, "j has still to read version 55, of ", 0},
		"a snapshot":           {[]checkpoint.Reader{{Checkpoint: "j", TableID: "id", Files: 56, Log: 56, Snapshot: true}}, now, "j begins to read it", 0},
	} {
		n, err := needs(c.readers, "id", log, c.cutoff)
		if err != nil || !strings.HasPrefix(n.why, c.why) || (n.why == "") != (c.why == "") {
			t.Errorf("%s: got %+v, %v", name, n, err)
		}
		if n.why == "" && beginning(log, n.log, c.cutoff) != c.from {
			t.Errorf("%s: the log begins at %d, want %d", name, beginning(log, n.log, c.cutoff), c.from)
		}
	}
	if err := os.Remove(filepath.Join(table, "_delta_log", fmt.Sprintf("%020d.json", 50))); err != nil {
		t.Fatal(err)
	}
	if log, err = tablefiles.ReadLog(table); err != nil || beginning(log, 56, now) != 0 {
		t.Errorf("a log with a gap is cut, %v", err)
	}
}

// answers is a Spark whose table has so many files, and on which other writers are faster so many times.
type answers struct {
	files      int64
	conflicts  int
	vacuum     func()
	statements []string
}

func (s *answers) query(_ context.Context, statement string) ([]Row, error) {
	verb, _, _ := strings.Cut(statement, " ")
	s.statements = append(s.statements, verb)
	switch {
	case verb == "OPTIMIZE" && s.conflicts > 0:
		s.conflicts--
		return nil, errors.New("[DELTA_CONCURRENT_DELETE_DELETE] removed by another writer\nstack")
	case verb == "OPTIMIZE":
		return []Row{{"metrics": Row{"numFilesAdded": int64(1), "numFilesRemoved": s.files}}}, nil
	case verb == "VACUUM" && s.vacuum != nil:
		s.vacuum()
	case verb == "DESCRIBE":
		return []Row{{"id": "id", "numFiles": s.files, "properties": map[string]string{}}}, nil
	}
	return nil, nil
}

func maintainer(t *testing.T, s *answers) *Maintainer {
	t.Helper()
	dir := t.TempDir()
	table := jobs.Table{Name: "t", Columns: []jobs.Column{{Name: "day", Type: "DATE"}}, PartitionBy: []string{"day"}}
	m := &Maintainer{
		Lakehouse: &jobs.Lakehouse{Jobs: []jobs.Job{{Table: table}, {Table: jobs.Table{Name: "unborn"}}, {Table: table}}},
		Place:     ddl.Place{Schema: "s", Warehouse: filepath.Join(dir, "w"), Checkpoints: filepath.Join(dir, "c")}, Query: s.query,
	}
	folder(t, m.Place.Path("t"), 55, 40*24*time.Hour)
	return m
}

func TestConflicts(t *testing.T) {
	s := &answers{files: 20, conflicts: 3}
	m := maintainer(t, s)
	synctest.Test(t, func(t *testing.T) {
		r, err := m.Run(t.Context())
		if err != nil || len(r.Tables) != 2 || r.Tables[1].LeftAlone != "not made yet" {
			t.Fatalf("got %+v, %v", r, err)
		}
		if got := r.Total(); got.Conflicts != 3 || got.Compacted != 20 || got.Into != 1 || got.LogFilesBefore != 61 {
			t.Errorf("got %+v", got)
		}
	})
	if got := strings.Join(s.statements, " "); got != "DESCRIBE VACUUM OPTIMIZE OPTIMIZE OPTIMIZE OPTIMIZE" {
		t.Error(got)
	}
}

func TestConflictsWithoutEnd(t *testing.T) {
	m := maintainer(t, &answers{files: 20, conflicts: 1000})
	synctest.Test(t, func(t *testing.T) {
		r, err := m.Run(t.Context())
		if exit.Code(err) != exit.Failed || len(r.Tables) != 2 || r.Tables[0].Error == "" || strings.Contains(r.Tables[0].Error, "\n") || r.Tables[0].LogFilesRemoved > 0 {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}

// TestNothingToDo asks Spark nothing where little has come, and changes nothing in a dry run.
func TestNothingToDo(t *testing.T) {
	s := &answers{files: 20}
	m := maintainer(t, s)
	m.DryRun = true
	r, err := m.Run(t.Context())
	if got := r.Total(); err != nil || got.Compacted != 20 || got.Deleted != 36 || got.LogFilesRemoved != 32 || got.FilesBefore != 56 || got.FilesAfter != 56 {
		t.Errorf("dry: got %+v, %v", got, err)
	}
	if got := strings.Join(s.statements, " "); got != "DESCRIBE" {
		t.Error(got)
	}
	if err := os.RemoveAll(m.Place.Path("t")); err != nil {
		t.Fatal(err)
	}
	folder(t, m.Place.Path("t"), worthwhile-2, time.Hour)
	s.statements, m.DryRun = nil, false
	if r, err := m.Run(t.Context()); err != nil || !r.Total().Nothing() || len(s.statements) > 0 {
		t.Errorf("got %+v, %v after %v", r, err, s.statements)
	}
}

// TestOnlyDeleted counts what VACUUM deleted where that was all there was to do.
func TestOnlyDeleted(t *testing.T) {
	s := &answers{files: worthwhile - 1}
	m := maintainer(t, s)
	table := m.Place.Path("t")
	if err := os.RemoveAll(table); err != nil {
		t.Fatal(err)
	}
	folder(t, table, 2*worthwhile, time.Hour) // its log is too young to be cut
	s.vacuum = func() {
		for v := range worthwhile + 2 {
			if err := os.Remove(filepath.Join(table, fmt.Sprintf("day=2026-11-24/part-%d.parquet", v))); err != nil {
				t.Error(err)
			}
		}
	}
	r, err := m.Run(t.Context())
	got := r.Total()
	if err != nil || got.Deleted != worthwhile+2 || got.FilesBefore != 2*worthwhile+1 || got.FilesAfter != worthwhile-1 || got.Compacted > 0 || got.LogFilesRemoved > 0 {
		t.Errorf("got %+v, %v after %v", got, err, s.statements)
	}
}

// TestDamagedReader leaves all alone where it is not known what a query needs.
func TestDamagedReader(t *testing.T) {
	s := &answers{}
	m := maintainer(t, s)
	path := filepath.Join(m.Place.Checkpoints, "j", "offsets", "3")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("v1"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := m.Run(t.Context())
	if err != nil || !strings.Contains(r.Tables[0].LeftAlone, "offsets/3") || len(s.statements) > 0 {
		t.Errorf("got %+v, %v", r, err)
	}
}
