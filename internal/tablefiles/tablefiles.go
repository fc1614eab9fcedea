// Package tablefiles looks at the folder of a Delta table without Spark: its version, and how many files it has.
package tablefiles

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Table is what a table's folder holds.
type Table struct {
	Version int64 `json:"version"` // the newest; -1 where there is no table
	// Replay is how many commits a reader goes through behind the newest checkpoint of Delta's log.
	Replay int64 `json:"replay"`
	// LogFiles is how many files the log has.
	LogFiles int `json:"log_files"`
	// Files and Bytes are of the data, those included that no version of today has any more and VACUUM would remove.
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// Look looks at a table in a local folder. A folder that is not there has version -1.
func Look(folder string) (Table, error) {
	t, err := lookLog(filepath.Join(folder, "_delta_log"))
	if err != nil {
		return t, fmt.Errorf("look at table %s: %w", folder, err)
	}
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // VACUUM was faster
			return nil
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "_delta_log":
			return fs.SkipDir
		case !strings.HasSuffix(path, ".parquet"):
			return nil
		}
		if info, err := d.Info(); err == nil {
			t.Files, t.Bytes = t.Files+1, t.Bytes+info.Size()
		}
		return nil
	})
	if err != nil {
		return t, fmt.Errorf("look at table %s: %w", folder, err)
	}
	return t, nil
}

// Version returns the newest version of a table in a local folder, and -1 where there is none.
func Version(folder string) (int64, error) {
	t, err := lookLog(filepath.Join(folder, "_delta_log"))
	if err != nil {
		return -1, fmt.Errorf("look at table %s: %w", folder, err)
	}
	return t.Version, nil
}

// lookLog reads the names in a log: <version>.json, and <version>.checkpoint….parquet, 20 digits each.
func lookLog(folder string) (Table, error) {
	t := Table{Version: -1}
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, err
	}
	checkpoint := int64(-1)
	for _, e := range entries {
		t.LogFiles++
		digits, kind, _ := strings.Cut(e.Name(), ".")
		version, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || len(digits) != 20 {
			continue
		}
		switch {
		case kind == "json":
			t.Version = max(t.Version, version)
		case strings.HasPrefix(kind, "checkpoint."):
			checkpoint = max(checkpoint, version)
		}
	}
	t.Version = max(t.Version, checkpoint)
	t.Replay = t.Version - checkpoint
	return t, nil
}
