package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Reader is a query that reads a Delta table, as its checkpoint tells.
type Reader struct {
	Checkpoint string // folder, below the one that was searched
	TableID    string // of the table's metadata
	// Files is the oldest version whose data files the query has still to read.
	Files int64
	// Log is the oldest version whose entry in the table's log it may still read: a start looks at those of its newest
	// batch again.
	Log int64
	// Snapshot says that the query still needs more than what has come from a version on: it reads the table as it was
	// at one version, or has just done so.
	Snapshot bool
}

// Readers finds all queries that read Delta tables among the checkpoints of a local folder, whoever made them. Those
// that were set aside are none, and neither is one that has planned no batch: it begins with the table as it is then.
// Errors: a checkpoint that can't be read; what it needs is then not known.
func Readers(root string) ([]Reader, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for checkpoints: %w", err)
	}
	var found []Reader
	for _, e := range entries {
		if !e.IsDir() || IsAside(e.Name()) {
			continue
		}
		folder := filepath.Join(root, e.Name())
		var of []Reader
		if _, serr := os.Stat(filepath.Join(folder, "offsets")); serr == nil {
			of, err = readersOf(folder)
		} else if !isCheckpoint(folder) {
			of, err = Readers(folder)
		}
		if err != nil {
			return nil, err
		}
		for _, r := range of {
			r.Checkpoint = filepath.Join(e.Name(), r.Checkpoint)
			found = append(found, r)
		}
	}
	return found, nil
}

func isCheckpoint(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "metadata"))
	return err == nil
}

// readersOf returns one for each table that a query reads.
func readersOf(folder string) ([]Reader, error) {
	c := Contents{}
	var err error
	if c.Offsets, err = batches(filepath.Join(folder, "offsets")); err == nil {
		c.Commits, err = batches(filepath.Join(folder, "commits"))
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint %s: %w", folder, err)
	}
	if len(c.Offsets) == 0 {
		return nil, nil
	}
	files, log, settled := c.restart()
	begins, err := tableOffsets(folder, log)
	if err != nil {
		return nil, err
	}
	reads, err := tableOffsets(folder, files)
	if err != nil {
		return nil, err
	}
	var found []Reader
	for _, b := range begins {
		for _, r := range reads {
			if r.ReservoirID == b.ReservoirID {
				found = append(found, Reader{
					TableID: r.ReservoirID, Files: r.ReservoirVersion, Log: b.ReservoirVersion,
					Snapshot: !settled || r.IsStartingVersion || b.IsStartingVersion,
				})
			}
		}
	}
	if len(found) != len(reads) {
		return nil, fmt.Errorf("read checkpoint %s: batches %d and %d read different tables", folder, log, files)
	}
	return found, nil
}

// tableOffset is where a batch ends in a Delta table: the next thing to read is in that version.
type tableOffset struct {
	ReservoirID       string `json:"reservoirId"` // the table's
	ReservoirVersion  int64  `json:"reservoirVersion"`
	IsStartingVersion bool   `json:"isStartingVersion"` // it reads a snapshot of that version
}

// tableOffsets returns where a planned batch ends in each table that it reads.
func tableOffsets(folder string, id int64) ([]tableOffset, error) {
	batch, err := Planned(folder, id)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint %s: %w", folder, &DamagedError{"offsets/" + name(id), reason(err)})
	}
	var found []tableOffset
	for _, text := range batch.Sources {
		var offset *tableOffset
		// The offset of another kind of source, such as Kafka, may be of any form.
		if json.Unmarshal(text, &offset) == nil && offset != nil && offset.ReservoirID != "" {
			found = append(found, *offset)
		}
	}
	return found, nil
}

// restart returns the batches at whose ends a start goes on with data and with the log, and false where it goes back to
// the query's beginning: one batch alone was planned, or none is committed.
func (c Contents) restart() (files, log int64, settled bool) {
	n, m := len(c.Offsets), len(c.Commits)
	if n < 2 || m == 0 {
		return c.Offsets[0], c.Offsets[0], false
	}
	committed := c.Commits[m-1]
	return committed, min(c.Offsets[n-2], committed), true
}
