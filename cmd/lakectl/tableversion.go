package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/cryptostream/lakectl/internal/local"
)

// tableVersions tells when tables of a data dir are written to, by the newest file of each table's Delta
// log. Asking costs one look for a file that is not there.
type tableVersions struct {
	dir string // the data dir

	mu     sync.Mutex
	newest map[string]int64
}

// of returns a table's version, as text; "" while there is no table.
func (v *tableVersions) of(table string) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	log := filepath.Join(local.WarehouseDir(v.dir), table, "_delta_log")
	newest, known := v.newest[table]
	if !known {
		var err error
		if newest, err = newestCommit(log); err != nil || newest < 0 {
			return "", err
		}
	}
	for {
		_, err := os.Stat(filepath.Join(log, fmt.Sprintf("%020d.json", newest+1)))
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return "", fmt.Errorf("look for a commit of %s: %w", table, err)
		}
		newest++
	}
	if v.newest == nil {
		v.newest = map[string]int64{}
	}
	v.newest[table] = newest
	return strconv.FormatInt(newest, 10), nil
}

// newestCommit is the highest version in a Delta log, -1 without any. Commits are <20 digits>.json.
func newestCommit(log string) (int64, error) {
	commits, err := filepath.Glob(filepath.Join(log, "[0-9]*.json"))
	if err != nil {
		return -1, err
	}
	newest := int64(-1)
	for _, path := range commits {
		if n, err := strconv.ParseInt(filepath.Base(path)[:len(filepath.Base(path))-len(".json")], 10, 64); err == nil {
			newest = max(newest, n)
		}
	}
	return newest, nil
}
