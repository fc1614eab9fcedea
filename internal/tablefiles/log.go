package tablefiles

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Log is what the folder of a Delta table's log holds.
type Log struct {
	// Commits are the versions whose entries are there, ascending.
	Commits []int64
	// Checkpoints are complete ones, ascending: a reader needs nothing of what comes before one of them.
	Checkpoints []LogCheckpoint

	folder string
	files  []logFile // of versions, ascending
}

// LogCheckpoint is the whole state of a table at a version.
type LogCheckpoint struct {
	Version int64
	Written time.Time // by the file's time, of its last part
}

type logFile struct {
	version int64
	name    string
}

// ReadLog lists the log of a table in a local folder. A folder that is not there is empty.
func ReadLog(table string) (Log, error) {
	l := Log{folder: filepath.Join(table, "_delta_log")}
	entries, err := os.ReadDir(l.folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return l, fmt.Errorf("look at table %s: %w", table, err)
	}
	parts := map[int64][]string{}
	for _, e := range entries {
		version, kind, ok := logName(e.Name())
		if !ok || e.IsDir() {
			continue
		}
		l.files = append(l.files, logFile{version, e.Name()})
		switch {
		case strings.HasPrefix(e.Name(), "."): // a checksum of the file system, or what a kill has left
		case kind == "json":
			l.Commits = append(l.Commits, version)
		case strings.HasPrefix(kind, "checkpoint."):
			parts[version] = append(parts[version], e.Name())
		}
	}
	for version, names := range parts {
		if written, ok := l.complete(names); ok {
			l.Checkpoints = append(l.Checkpoints, LogCheckpoint{version, written})
		}
	}
	slices.Sort(l.Commits)
	slices.SortFunc(l.files, func(a, b logFile) int { return int(a.version - b.version) })
	slices.SortFunc(l.Checkpoints, func(a, b LogCheckpoint) int { return int(a.Version - b.Version) })
	return l, nil
}

// logName reads the name of a file that belongs to one version: 20 digits and a kind, behind a dot where it is a
// checksum of the file system or a file that was never finished. Files of several versions are none.
func logName(name string) (version int64, kind string, ok bool) {
	digits, kind, _ := strings.Cut(strings.TrimPrefix(name, "."), ".")
	version, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || len(digits) != 20 || digits[0] < '0' {
		return 0, "", false
	}
	first, _, _ := strings.Cut(kind, ".")
	return version, kind, first == "json" || first == "crc" || first == "checkpoint"
}

// complete reports whether the files of a version are a whole checkpoint, and when the last one was written:
// checkpoint.parquet, or checkpoint.<part>.<parts>.parquet with 10 digits each. Of a checkpoint with sidecar files,
// which is not written unless it was asked for, that can't be said.
func (l Log) complete(names []string) (written time.Time, ok bool) {
	whole := map[string]int{} // by kind of checkpoint, how many of its parts are there
	for _, name := range names {
		info, err := os.Stat(filepath.Join(l.folder, name))
		if err != nil || !finished(filepath.Join(l.folder, name), info.Size()) {
			continue
		}
		if info.ModTime().After(written) {
			written = info.ModTime()
		}
		fields := strings.Split(name, ".")
		switch {
		case len(fields) == 3 && fields[2] == "parquet":
			return info.ModTime(), true
		case len(fields) == 5 && len(fields[3]) == 10 && fields[4] == "parquet":
			whole[fields[3]]++
			if n, err := strconv.Atoi(fields[3]); err == nil && whole[fields[3]] == n {
				return written, true
			}
		}
	}
	return written, false
}

// parquetMagic is at both ends of a Parquet file that was written to its end.
const parquetMagic = "PAR1"

func finished(path string, size int64) bool {
	f, err := os.Open(path)
	if err != nil || size < 2*int64(len(parquetMagic)) {
		return false
	}
	defer func() { _ = f.Close() }()
	both := make([]byte, 2*len(parquetMagic))
	head, tail := both[:len(parquetMagic)], both[len(parquetMagic):]
	if _, err = io.ReadFull(f, head); err == nil {
		_, err = f.ReadAt(tail, size-int64(len(tail)))
	}
	return err == nil && string(both) == parquetMagic+parquetMagic
}

// Gap returns the first version, from one on to the newest, that has no entry, and false where there is none missing.
func (l Log) Gap(from int64) (int64, bool) {
	next := from
	for _, version := range l.Commits {
		if version < from {
			continue
		}
		if version != next {
			return next, true
		}
		next++
	}
	return next, next == from // not even that one
}

// CompleteWithout reports whether a reader finds all of the newest version without the checkpoint of one: in another checkpoint, or
// from the first entry on, and in every entry since.
func (l Log) CompleteWithout(checkpoint int64) bool {
	from := int64(0)
	for _, c := range l.Checkpoints {
		if c.Version != checkpoint {
			from = c.Version
		}
	}
	_, gap := l.Gap(from)
	return !gap
}

// Written returns when the entry of a version was written, by the file's time, and false where it is not there.
func (l Log) Written(version int64) (time.Time, bool) {
	info, err := os.Stat(filepath.Join(l.folder, entryName(version)))
	if err != nil {
		return time.Time{}, false
	}
	return info.ModTime(), true
}

// Unread returns the first version from one on that was written before a time and has added or removed rows, and false
// where there is none. What a compaction or VACUUM has written has not.
func (l Log) Unread(from int64, before time.Time) (int64, bool, error) {
	first, _ := slices.BinarySearch(l.Commits, from)
	for _, version := range l.Commits[first:] {
		if written, ok := l.Written(version); !ok || !written.Before(before) {
			continue
		}
		entry, err := os.ReadFile(filepath.Join(l.folder, entryName(version)))
		if err != nil {
			return version, true, fmt.Errorf("read a table's log: %w", err)
		}
		if bytes.Contains(entry, []byte(`"dataChange":true`)) {
			return version, true, nil
		}
	}
	return 0, false, nil
}

func entryName(version int64) string { return fmt.Sprintf("%020d.json", version) }

// Below counts the files of the versions before one.
func (l Log) Below(version int64) int {
	n, _ := slices.BinarySearchFunc(l.files, version, func(f logFile, v int64) int { return int(f.version - v) })
	return n
}

// RemoveBelow deletes the files of the versions before one, oldest first: what a kill leaves is a log that begins
// later. It returns how many it has deleted.
func (l Log) RemoveBelow(version int64) (int, error) {
	removed := 0
	for _, f := range l.files[:l.Below(version)] {
		err := os.Remove(filepath.Join(l.folder, f.name))
		switch {
		case err == nil:
			removed++
		case !errors.Is(err, fs.ErrNotExist):
			return removed, fmt.Errorf("remove from a table's log: %w", err)
		}
	}
	return removed, nil
}
