package tablefiles

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// Partition is a folder of a table that has data files.
type Partition struct {
	Path  string // below the table; "." for a table without partitions
	Small int    // files that are smaller than asked for
	// Files are their names. Those that no version of today has any more are among them.
	Files []string
	Bytes int64
}

// Partitions lists the data files of a table in a local folder, and counts those that are smaller than small bytes.
// A folder that is not there has none.
func Partitions(table string, small int64) ([]Partition, error) {
	var found []Partition
	byPath := map[string]int{}
	err := filepath.WalkDir(table, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // VACUUM was faster
			return nil
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "_delta_log":
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".parquet"):
			return nil
		}
		folder, err := filepath.Rel(table, filepath.Dir(path))
		if err != nil {
			return err
		}
		i, known := byPath[folder]
		if !known {
			i = len(found)
			byPath[folder] = i
			found = append(found, Partition{Path: folder})
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerror // VACUUM was faster
		}
		p := &found[i]
		p.Files, p.Bytes = append(p.Files, d.Name()), p.Bytes+info.Size()
		if info.Size() < small {
			p.Small++
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look at table %s: %w", table, err)
	}
	return found, nil
}
