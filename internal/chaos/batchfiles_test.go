package chaos_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/tablefiles"
	"github.com/cryptostream/lakectl/jobs"
)

// point is how far a micro-batch has come, by its files. They come in this order.
type point int

const (
	unbegun   point = iota // nothing of it is there
	planned                // offsets/N
	halfState              // the state store's file is half written, under its temporary name
	written                // the state and the Parquet files, but not the commit in Delta's log
	logged                 // that too, but not commits/N
	committed
)

func (p point) String() string {
	return [...]string{"unbegun", "after offsets/N", "during the state commit", "after the Parquet files", "after the commit JSON", "after commits/N"}[p]
}

// batch is a micro-batch of a query that does not run, and the files that it has.
type batch struct {
	t          *testing.T
	id         int64
	checkpoint string   // folder
	table      string   // folder
	version    int64    // of the table that it has written, -1 for none yet
	data       []string // Parquet files of that version
}

func (l *lake) checkpointOf(job jobs.Job) string {
	return filepath.Join(l.dir, "checkpoints", job.Name)
}
func (l *lake) tableOf(job jobs.Job) string {
	return filepath.Join(local.WarehouseDir(l.dir), job.Sink.Table)
}

// newest is the newest batch that a query has planned.
func (l *lake) newest(job jobs.Job) batch {
	l.t.Helper()
	c, err := checkpoint.Look(l.checkpointOf(job))
	if err != nil || len(c.Offsets) == 0 {
		l.t.Fatalf("batches of %s: %+v, %v", job.Name, c, err)
	}
	b := batch{t: l.t, id: c.Offsets[len(c.Offsets)-1], checkpoint: l.checkpointOf(job), table: l.tableOf(job), version: -1}
	newest, err := tablefiles.Version(b.table)
	if err != nil {
		l.t.Fatal(err)
	}
	text, err := os.ReadFile(b.log(newest))
	if err != nil {
		l.t.Fatal(err)
	}
	if txn, data := actions(l.t, text); txn != nil && *txn == b.id {
		b.version, b.data = newest, data
	}
	return b
}

// hasCommittedRows tells whether a batch of a query that has written rows is committed, and so many that came after it.
func (l *lake) hasCommittedRows(job jobs.Job, after int64) bool {
	l.t.Helper()
	found, err := filepath.Glob(filepath.Join(l.tableOf(job), "_delta_log", "*[0-9].json"))
	if err != nil {
		l.t.Fatal(err)
	}
	return slices.ContainsFunc(found, func(path string) bool {
		text, err := os.ReadFile(path)
		if err != nil {
			l.t.Fatal(err)
		}
		txn, data := actions(l.t, text)
		return txn != nil && len(data) > 0 && exists(batch{id: *txn + after, checkpoint: l.checkpointOf(job)}.commit())
	})
}

// actions are the number of the batch that a commit in Delta's log is of, and the files that it adds.
func actions(t *testing.T, text []byte) (txn *int64, data []string) {
	t.Helper()
	for line := range bytes.Lines(text) {
		var action struct {
			Txn *struct{ Version int64 }
			Add *struct{ Path string }
		}
		if err := json.Unmarshal(line, &action); err != nil {
			t.Fatal(err)
		}
		if action.Txn != nil {
			txn = &action.Txn.Version
		}
		if action.Add != nil {
			path, err := url.PathUnescape(action.Add.Path)
			if err != nil {
				t.Fatal(err)
			}
			data = append(data, path)
		}
	}
	return txn, data
}

func (b batch) offsets() string { return filepath.Join(b.checkpoint, "offsets", fmt.Sprint(b.id)) }
func (b batch) commit() string  { return filepath.Join(b.checkpoint, "commits", fmt.Sprint(b.id)) }

func (b batch) log(version int64) string {
	return filepath.Join(b.table, "_delta_log", fmt.Sprintf("%020d.json", version))
}

// state are the state store's files that the batch has written.
func (b batch) state(suffix string) []string {
	found, err := filepath.Glob(filepath.Join(b.checkpoint, "state", "*", "*", fmt.Sprintf("%d.%s", b.id+1, suffix)))
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

// reached is how far the batch has come.
func (b batch) reached() point {
	switch {
	case exists(b.commit()):
		return committed
	case b.version >= 0:
		return logged
	case len(b.orphans()) > 0:
		return written
	case len(b.halfStates()) > 0:
		return halfState
	}
	return planned
}

// orphans are Parquet files that were written since the batch was planned.
func (b batch) orphans() (found []string) {
	began, err := os.Stat(b.offsets())
	if err != nil {
		b.t.Fatal(err)
	}
	all, err := filepath.Glob(filepath.Join(b.table, "*=*", "*.parquet"))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, path := range all {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(began.ModTime()) {
			found = append(found, path)
		}
	}
	return found
}

func (b batch) halfStates() []string {
	found, err := filepath.Glob(filepath.Join(b.checkpoint, "state", "*", "*", fmt.Sprintf(".%d.delta.*.tmp", b.id+1)))
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

// undo takes files of a committed batch away until it has come to a point only.
func (b batch) undo(to point) {
	remove(b.t, b.commit())
	if to == logged {
		return
	}
	if b.version >= 0 {
		checkpoints, _ := filepath.Glob(filepath.Join(b.table, "_delta_log", fmt.Sprintf("%020d.checkpoint*", b.version)))
		if len(checkpoints) > 0 {
			checkpoints = append(checkpoints, filepath.Join(b.table, "_delta_log", "_last_checkpoint"))
		}
		remove(b.t, append(checkpoints, b.log(b.version), strings.TrimSuffix(b.log(b.version), "json")+"crc")...)
	}
	if to == written {
		return
	}
	for _, path := range b.data {
		remove(b.t, filepath.Join(b.table, path))
	}
	for _, path := range b.state("delta") {
		if to == halfState {
			tear(b.t, path, filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".5a0d8a3e-52dc-4be7-8f6c-3c6b2b1f7f4e.TID7.tmp"))
		}
		remove(b.t, path)
	}
	remove(b.t, b.state("snapshot")...)
	if to == unbegun {
		remove(b.t, b.offsets())
	}
}

// tear writes the first half of a file to another, or to itself.
func tear(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text[:len(text)/2], 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// remove removes files with the checksums that Hadoop keeps of them, where they are there.
func remove(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		for _, path := range []string{path, filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".crc")} {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// rewind brings the newest committed batch of a query to a point, and what has read of that back to before it had. Where
// withRows is set, it goes on back to a batch that has written rows.
func (l *lake) rewind(job jobs.Job, to point, withRows bool) {
	l.t.Helper()
	for {
		b := l.newest(job)
		if exists(b.commit()) && (!withRows || len(b.data) > 0) {
			l.undo(job, b, to)
			return
		}
		l.undo(job, b, unbegun)
	}
}

func (l *lake) undo(job jobs.Job, b batch, to point) {
	l.t.Helper()
	if b.version >= 0 && to < logged {
		for _, reader := range jobs.Default().Jobs {
			for reader.Source.Table == job.Sink.Table && l.hasPlanned(reader, b.version) {
				l.undo(reader, l.newest(reader), unbegun)
			}
		}
	}
	b.undo(to)
}

// hasPlanned tells whether the newest batch of a query reads, or those before it have read, of a version of its source.
func (l *lake) hasPlanned(job jobs.Job, version int64) bool {
	l.t.Helper()
	p, err := checkpoint.Planned(l.checkpointOf(job), l.newest(job).id)
	if err != nil {
		l.t.Fatal(err)
	}
	var next struct{ ReservoirVersion, Index int64 }
	if err := json.Unmarshal(p.Sources[0], &next); err != nil {
		l.t.Fatal(err)
	}
	return next.ReservoirVersion > version || next.ReservoirVersion == version && next.Index >= 0
}

// jobNamed is a job of the lakehouse.
func jobNamed(t *testing.T, name string) jobs.Job {
	t.Helper()
	job, ok := jobs.Default().Job(name)
	if !ok {
		t.Fatalf("there is no job %s", name)
	}
	return job
}
