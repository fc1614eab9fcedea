package maintain

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/conflict"
	"github.com/cryptostream/lakectl/internal/tablefiles"
	"github.com/cryptostream/lakectl/jobs"
)

// worthwhile is how many files make a statement pay: where a query has written less, maintaining costs nothing.
const worthwhile = 8

// longCompaction is how long one may take.
const longCompaction = 10 * time.Minute

// table cares for one.
func (m *Maintainer) table(ctx context.Context, spec jobs.Table, readers []checkpoint.Reader, t *Table, now time.Time) error {
	folder := m.Place.Path(spec.Name)
	before, log, err := look(folder)
	if err != nil {
		return err
	}
	t.FilesBefore, t.BytesBefore = before.files, before.bytes
	t.FilesAfter, t.BytesAfter = before.files, before.bytes
	t.LogFilesBefore = log.Below(math.MaxInt64)
	old := log.Below(beginning(log, math.MaxInt64, now))
	switch {
	case len(log.Commits) == 0:
		t.LeftAlone = "not made yet"
		return nil
	case before.small == 0 && old == 0: // nobody is asked in vain
		return nil
	}
	state, err := m.detail(ctx, spec)
	if err != nil {
		return err
	}
	files, ferr := retention(state.properties, keepFiles, defaultFiles)
	kept, lerr := retention(state.properties, keepLog, defaultLog)
	if err := errors.Join(ferr, lerr); err != nil {
		t.LeftAlone = err.Error()
		return nil
	}
	// A compaction says of its files that they went when it began, and its entry is written when it ends.
	need, err := needs(readers, state.id, log, now.Add(min(files/2, longCompaction)-files))
	if err != nil {
		return err
	}
	if need.why != "" {
		t.LeftAlone = need.why
		return nil
	}
	if m.KeepFiles {
		need.files = "the clock was set, or the machine slept"
	}
	if err = m.clear(ctx, spec, before.files-int(state.files), need.files, t); err == nil {
		err = m.compact(ctx, spec, before, state, t)
	}
	if err == nil {
		err = m.forget(log, beginning(log, need.log, now.Add(-kept)), t)
	}
	if m.DryRun {
		return err
	}
	return errors.Join(err, t.lookAgain(folder, before))
}

// lookAgain counts what is there now: VACUUM doesn't say what it deleted.
func (t *Table) lookAgain(folder string, before data) error {
	after, _, err := look(folder)
	t.FilesAfter, t.BytesAfter = after.files, after.bytes
	for name := range before.names {
		if !after.names[name] {
			t.Deleted++
		}
	}
	return err
}

// data is what a table's folder holds.
type data struct {
	names map[string]bool // of the files, below the table
	files int
	bytes int64
	small int      // how many small files are in partitions where they are worthwhile
	days  []string // of these, where the table has days
}

// look lists a table, its log first: what is there is then at least as new.
func look(folder string) (data, tablefiles.Log, error) {
	d := data{names: map[string]bool{}}
	log, err := tablefiles.ReadLog(folder)
	if err != nil {
		return d, log, err
	}
	partitions, err := tablefiles.Partitions(folder, smallFile)
	if err != nil {
		return d, log, err
	}
	for _, p := range partitions {
		d.files, d.bytes = d.files+len(p.Files), d.bytes+p.Bytes
		for _, name := range p.Files {
			d.names[filepath.Join(p.Path, name)] = true
		}
		if p.Small < worthwhile {
			continue
		}
		d.small += p.Small
		first, _, _ := strings.Cut(p.Path, string(filepath.Separator))
		if _, day, ok := strings.Cut(first, "="); ok {
			if _, err := time.Parse(time.DateOnly, day); err == nil {
				d.days = append(d.days, day)
			}
		}
	}
	return d, log, nil
}

// state is what Delta says of a table's newest version.
type state struct {
	id         string
	files      int64
	properties map[string]string
}

func (m *Maintainer) detail(ctx context.Context, spec jobs.Table) (state, error) {
	rows, err := m.Query(ctx, detail(m.Place, spec))
	if err != nil {
		return state{}, fmt.Errorf("describe the table: %w", err)
	}
	var s state
	if len(rows) == 1 {
		s.id, _ = rows[0]["id"].(string)
		s.files, _ = rows[0]["numFiles"].(int64)
		s.properties, _ = rows[0]["properties"].(map[string]string) // nil where it has none
	}
	if s.id == "" {
		return s, fmt.Errorf("describe the table: no id in %v", rows)
	}
	return s, nil
}

// compact puts small files together.
func (m *Maintainer) compact(ctx context.Context, spec jobs.Table, before data, s state, t *Table) error {
	if before.small == 0 || s.files < worthwhile || spec.Day() != "" && len(before.days) == 0 {
		return nil
	}
	if m.DryRun {
		t.Compacted = min(s.files, int64(before.small))
		return nil
	}
	return m.again(ctx, t, func() error {
		rows, err := m.Query(ctx, optimize(m.Place, spec, before.days))
		if err != nil {
			return fmt.Errorf("put small files together: %w", err)
		}
		if len(rows) == 1 {
			metrics, _ := rows[0]["metrics"].(Row)
			t.Into, _ = metrics["numFilesAdded"].(int64)
			t.Compacted, _ = metrics["numFilesRemoved"].(int64)
		}
		return nil
	})
}

// clear deletes the files that the table has not had for its retention, where it has lost some and nothing speaks
// against it.
func (m *Maintainer) clear(ctx context.Context, spec jobs.Table, lost int, against string, t *Table) error {
	switch {
	case lost < worthwhile:
		return nil
	case against != "":
		t.LeftAlone = "no file is deleted: " + against
		return nil
	case m.DryRun:
		t.Deleted = lost
		return nil
	}
	return m.again(ctx, t, func() error {
		if _, err := m.Query(ctx, vacuum(m.Place, spec)); err != nil {
			return fmt.Errorf("delete old files: %w", err)
		}
		return nil
	})
}

// forget removes the log before a version.
func (m *Maintainer) forget(log tablefiles.Log, version int64, t *Table) error {
	if m.DryRun {
		t.LogFilesRemoved = log.Below(version)
		return nil
	}
	var err error
	t.LogFilesRemoved, err = log.RemoveBelow(version)
	return err
}

// again does something once more where another writer was faster.
func (m *Maintainer) again(ctx context.Context, t *Table, do func() error) error {
	return conflict.Retry(ctx, func() { t.Conflicts++ }, do)
}
