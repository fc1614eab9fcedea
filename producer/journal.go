package producer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// saveEvery bounds how much a crash forgets. What it forgets is sent again, with the same event ids.
const saveEvery = time.Second

// journal knows which lines of a replay Kafka has: all up to one line, kept in a file, and some beyond
// it, in memory, because partitions answer in any order.
type journal struct {
	path string

	mu      sync.Mutex
	entry   journalEntry
	pending []int64        // begun and not in entry.Line yet, ascending
	acked   map[int64]bool // those of pending that are acknowledged
	dirty   bool
	saved   time.Time
}

// journalEntry is the journal's file. Size and head tell the replayed file from others.
type journalEntry struct {
	File string `json:"file"`
	Size int64  `json:"size"`        // bytes
	Head string `json:"head_sha256"` // of the first MiB
	Line int64  `json:"line"`        // the last line up to which Kafka has all
}

// openJournal reads the journal at path, or begins one, for the file. It refuses one of another file.
func openJournal(path, file string, fromStart bool) (*journal, error) {
	entry, err := identify(file)
	if err != nil {
		return nil, err
	}
	j := &journal{path: path, entry: entry, acked: map[int64]bool{}}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || fromStart && err == nil {
		j.dirty = true
		return j, j.save() // a journal that can't be written shows now
	}
	if err != nil {
		return nil, fmt.Errorf("reading the replay's journal: %w", err)
	}
	var found journalEntry
	if err := json.Unmarshal(content, &found); err != nil || found.Line < 0 {
		return nil, refused("remove it to replay the file from its start: what was sent before is then sent again",
			"the replay's journal %s can't be read: %q", path, clip(string(content)))
	}
	if found.Size != entry.Size || found.Head != entry.Head {
		return nil, refused("replay "+found.File+" as it was, or use another data dir for this file",
			"the replay's journal %s belongs to another file: it is at line %d of %s (%d bytes), and %s has %d bytes or other content",
			path, found.Line, found.File, found.Size, file, entry.Size)
	}
	j.entry.Line = found.Line
	return j, nil
}

func identify(name string) (journalEntry, error) {
	file, err := os.Open(name)
	if err != nil {
		return journalEntry{}, fmt.Errorf("opening the replay file: %w", err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return journalEntry{}, fmt.Errorf("reading the size of the replay file: %w", err)
	}
	head := sha256.New()
	if _, err := io.CopyN(head, file, 1<<20); err != nil && !errors.Is(err, io.EOF) {
		return journalEntry{}, fmt.Errorf("reading the replay file: %w", err)
	}
	absolute, err := filepath.Abs(name)
	if err != nil {
		return journalEntry{}, fmt.Errorf("finding the replay file: %w", err)
	}
	return journalEntry{File: absolute, Size: info.Size(), Head: hex.EncodeToString(head.Sum(nil))}, nil
}

// done is the last line up to which Kafka has all.
func (j *journal) done() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.entry.Line
}

// begin notes that a line is about to be published. Lines begin in ascending order.
func (j *journal) begin(line int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pending = append(j.pending, line)
}

// ack notes that Kafka has a line, and writes the journal now and then.
func (j *journal) ack(line int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if line <= j.entry.Line { // known, or no line at all
		return nil
	}
	j.acked[line] = true
	for len(j.pending) > 0 && j.acked[j.pending[0]] {
		delete(j.acked, j.pending[0])
		j.entry.Line = j.pending[0]
		j.pending = j.pending[1:]
		j.dirty = true
	}
	if !j.dirty || time.Since(j.saved) < saveEvery {
		return nil
	}
	return j.write()
}

// save writes the journal if it has news.
func (j *journal) save() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.dirty {
		return nil
	}
	return j.write()
}

// write replaces the file: whatever crashes, there is the old content or the new.
func (j *journal) write() error {
	content, err := json.Marshal(j.entry)
	if err != nil {
		return fmt.Errorf("writing the replay's journal: %w", err)
	}
	if err := replaceFile(j.path, append(content, '\n')); err != nil {
		return failed("is the disk full, or the folder read-only?", "writing the replay's journal: %w", err)
	}
	j.dirty, j.saved = false, time.Now()
	return nil
}

func replaceFile(path string, content []byte) error {
	next := path + ".new"
	file, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(next, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}
