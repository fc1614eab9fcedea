package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// Contents is what a checkpoint's folder holds.
type Contents struct {
	QueryID string  `json:"query_id,omitempty"` // of metadata; it marks the query's commits in a Delta table, too
	Offsets []int64 `json:"offsets"`            // batches that were planned, ascending; Spark keeps the last hundred or so
	Commits []int64 `json:"commits"`            // batches whose rows are in the sink
	Files   int     `json:"files"`
	Bytes   int64   `json:"bytes"`
	// Committed is when the newest batch was committed, UTC, by the file's time; nil for none.
	Committed *time.Time `json:"committed,omitempty"`
}

// DamagedError says which file of a checkpoint a query could not go on from.
type DamagedError struct {
	File string // below the checkpoint
	Err  error
}

// Error says which file is damaged, and how.
func (e *DamagedError) Error() string { return fmt.Sprintf("checkpoint file %s: %v", e.File, e.Err) }

// Unwrap returns what is wrong with the file.
func (e *DamagedError) Unwrap() error { return e.Err }

// Look lists a checkpoint in a local folder. A folder that is not there is empty; files that can't be read are for
// Check to find.
func Look(folder string) (Contents, error) {
	c := Contents{Offsets: []int64{}, Commits: []int64{}}
	err := filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return passOver(err)
		}
		info, err := d.Info()
		if err == nil {
			c.Files, c.Bytes = c.Files+1, c.Bytes+info.Size()
		}
		return passOver(err)
	})
	if err == nil {
		c.Offsets, err = batches(filepath.Join(folder, "offsets"))
	}
	if err == nil {
		c.Commits, err = batches(filepath.Join(folder, "commits"))
	}
	if err != nil {
		return c, fmt.Errorf("look at checkpoint %s: %w", folder, err)
	}
	c.QueryID, _ = queryID(folder)
	if n := len(c.Commits); n > 0 {
		if info, err := os.Stat(filepath.Join(folder, "commits", name(c.Commits[n-1]))); err == nil {
			at := info.ModTime().UTC()
			c.Committed = &at
		}
	}
	return c, nil
}

// passOver forgives what a running query has deleted meanwhile.
func passOver(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Check reports whether a query can go on from a checkpoint in a local folder: nil if so, ErrNone if none was ever
// begun, a *DamagedError that names the first file that is cut, missing or no checkpoint's. It reads what Spark reads
// when a query starts: metadata, the newest two planned batches and the newest committed one. State files are Spark's.
func Check(folder string) error {
	c, err := Look(folder)
	if err != nil {
		return err
	}
	if _, err := queryID(folder); err != nil {
		if errors.Is(err, fs.ErrNotExist) && len(c.Offsets) == 0 && len(c.Commits) == 0 {
			return ErrNone
		}
		return &DamagedError{"metadata", reason(err)}
	}
	var needed []int64
	if n := len(c.Offsets); n > 0 {
		last := c.Offsets[n-1]
		needed = append(needed, last, last-1)
	}
	if n := len(c.Commits); n > 0 {
		last := c.Commits[n-1]
		needed = append(needed, last)
		text, err := os.ReadFile(filepath.Join(folder, "commits", name(last)))
		if err == nil {
			err = parseCommit(text)
		}
		if err != nil {
			return &DamagedError{"commits/" + name(last), reason(err)}
		}
	}
	for _, id := range needed {
		if id < 0 {
			continue
		}
		if _, err := Planned(folder, id); err != nil {
			return &DamagedError{"offsets/" + name(id), reason(err)}
		}
	}
	return nil
}

// reason leaves the path out of an error that names the file itself.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// Planned reads a batch that a checkpoint in a local folder has planned, whether it is committed or not.
func Planned(folder string, id int64) (Batch, error) {
	text, err := os.ReadFile(filepath.Join(folder, "offsets", name(id)))
	if err != nil {
		return Batch{}, err
	}
	b, err := parse(text)
	b.ID = id
	return b, err
}

func queryID(folder string) (string, error) {
	text, err := os.ReadFile(filepath.Join(folder, "metadata"))
	if err != nil {
		return "", err
	}
	var m struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return "", fmt.Errorf("%d bytes that are not the id of a query: %w", len(text), err)
	}
	if m.ID == "" {
		return "", errors.New("it has no id of a query")
	}
	return m.ID, nil
}

// parseCommit checks a file of commits/: "v1" and a line of JSON.
func parseCommit(text []byte) error {
	version, rest, _ := bytes.Cut(bytes.TrimSpace(text), []byte("\n"))
	if string(version) != "v1" || !json.Valid(rest) {
		return errors.New("it is not a commit log of version 1")
	}
	return nil
}

// batches returns the numbers that are names of a folder's files, ascending.
func batches(folder string) ([]int64, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	ids := []int64{}
	for _, e := range entries {
		if id, err := strconv.ParseInt(e.Name(), 10, 64); err == nil && id >= 0 && name(id) == e.Name() {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

func name(id int64) string { return strconv.FormatInt(id, 10) }
