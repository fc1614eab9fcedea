package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/internal/local"
)

// commit is one version of a Delta table, as far as a bench needs it.
type commit struct {
	Version int64
	// At is when readers could see it: the time of its file, which is renamed into place when it is whole.
	At time.Time
	// Stamp is the time the commit gives itself, of before it was written; zero if it gives none.
	Stamp time.Time
	Files []string // names of the files with new rows, without their folders
	Rows  int64    // in those files

	MaxEventTime time.Time // the newest event_time in those files; zero if the table has none
}

// logAction is one line of a commit's file; most kinds of lines are of no interest.
type logAction struct {
	CommitInfo *struct {
		Timestamp int64 `json:"timestamp"` // ms since 1970
	} `json:"commitInfo"`
	Add *struct {
		Path       string `json:"path"`       // URL-encoded, relative to the table
		DataChange bool   `json:"dataChange"` // false: only moved rows that were there
		Stats      string `json:"stats"`      // JSON in a string
	} `json:"add"`
}

type fileStats struct {
	NumRecords *int64 `json:"numRecords"`
	MaxValues  struct {
		EventTime time.Time `json:"event_time"`
	} `json:"maxValues"`
}

// parseCommit reads the lines of a commit's file.
func parseCommit(r io.Reader) (commit, error) {
	var c commit
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(strings.TrimSpace(string(line))) > 0 {
			if perr := c.parse(line); perr != nil {
				return c, perr
			}
		}
		if errors.Is(err, io.EOF) {
			return c, nil
		}
		if err != nil {
			return c, err
		}
	}
}

func (c *commit) parse(line []byte) error {
	var a logAction
	if err := json.Unmarshal(line, &a); err != nil {
		return fmt.Errorf("parse a line of a commit: %w", err)
	}
	if a.CommitInfo != nil && a.CommitInfo.Timestamp > 0 {
		c.Stamp = time.UnixMilli(a.CommitInfo.Timestamp)
	}
	if a.Add == nil || !a.Add.DataChange {
		return nil
	}
	name, err := url.PathUnescape(a.Add.Path)
	if err != nil {
		return fmt.Errorf("parse the path of a file: %w", err)
	}
	var stats fileStats
	if err := json.Unmarshal([]byte(a.Add.Stats), &stats); err != nil {
		return fmt.Errorf("parse the statistics of %s: %w", name, err)
	}
	if stats.NumRecords == nil {
		return fmt.Errorf("the statistics of %s have no numRecords", name)
	}
	c.Files = append(c.Files, path.Base(name))
	c.Rows += *stats.NumRecords
	if stats.MaxValues.EventTime.After(c.MaxEventTime) {
		c.MaxEventTime = stats.MaxValues.EventTime
	}
	return nil
}

// deltaLog follows the commits of a table; each is read once. A table may not be there yet.
type deltaLog struct {
	dir     string
	seen    map[int64]bool
	commits []commit // in order of version
}

func openLog(dataDir, table string) *deltaLog {
	return &deltaLog{dir: filepath.Join(local.WarehouseDir(dataDir), table, "_delta_log"), seen: map[int64]bool{}}
}

// read returns all commits so far.
func (l *deltaLog) read() ([]commit, error) {
	entries, err := os.ReadDir(l.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read a delta log: %w", err)
	}
	for _, e := range entries {
		version, ok := commitVersion(e.Name())
		if !ok || l.seen[version] {
			continue
		}
		c, err := readCommit(filepath.Join(l.dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read commit %d of %s: %w", version, filepath.Dir(l.dir), err)
		}
		c.Version = version
		l.seen[version] = true
		l.commits = append(l.commits, c)
	}
	slices.SortFunc(l.commits, func(a, b commit) int { return cmp.Compare(a.Version, b.Version) })
	return l.commits, nil
}

// commitVersion is the version of a commit's file, such as 00000000000000000007.json.
func commitVersion(name string) (int64, bool) {
	digits, ok := strings.CutSuffix(name, ".json")
	if !ok || len(digits) != 20 {
		return 0, false
	}
	version, err := strconv.ParseInt(digits, 10, 64)
	return version, err == nil
}

func readCommit(file string) (commit, error) {
	f, err := os.Open(file)
	if err != nil {
		return commit{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return commit{}, err
	}
	c, err := parseCommit(f)
	c.At = info.ModTime()
	return c, err
}

// reached is when the table had that many rows.
func reached(commits []commit, rows int64) (time.Time, bool) {
	var sum int64
	for _, c := range commits {
		if sum += c.Rows; sum >= rows {
			return c.At, true
		}
	}
	return time.Time{}, false
}

// added is how many rows the commits added in [from, to).
func added(commits []commit, from, to time.Time) (rows int64) {
	for _, c := range commits {
		if !c.At.Before(from) && c.At.Before(to) {
			rows += c.Rows
		}
	}
	return rows
}

// newest is the newest event_time in the table; zero without any.
func newest(commits []commit) (t time.Time) {
	for _, c := range commits {
		if c.MaxEventTime.After(t) {
			t = c.MaxEventTime
		}
	}
	return t
}

// clockError says that files' times can't be used as the commits': a commit is written right after
// the time it gives itself.
func clockError(commits []commit) error {
	const earliest, latest = -50 * time.Millisecond, 30 * time.Second
	for _, c := range commits {
		if c.Stamp.IsZero() {
			continue
		}
		if d := c.At.Sub(c.Stamp); d < earliest || d > latest {
			return fmt.Errorf("commit %d says it is of %s, but its file of %s: the file system's clock can't be used", c.Version,
				c.Stamp.UTC().Format(time.RFC3339Nano), c.At.UTC().Format(time.RFC3339Nano))
		}
	}
	return nil
}
