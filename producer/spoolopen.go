package producer

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/gofrs/flock"
)

// openSpool opens the spool of a folder, or makes it. Errors: another process has it, a file of it is
// damaged (both exit code 3), the disk.
func openSpool(dir string, limit int64, log *slog.Logger) (_ *spool, err error) {
	if limit < MinSpoolLimit {
		return nil, usage("a spool of %d bytes is too small: at least %d", limit, MinSpoolLimit)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &spool{
		dir: dir, limit: limit, segmentSize: min(max(limit/16, 64<<10), 8<<20), log: log,
		beyond: map[uint64]struct{}{}, done: make(chan struct{}), stop: make(chan struct{}),
	}
	s.changed = sync.NewCond(&s.mu)
	if err := makeSpoolDir(dir); err != nil {
		return nil, failed(diskHint, "making the spool: %w", err)
	}
	if s.lock, err = lockSpool(dir); err != nil {
		return nil, err
	}
	if err := s.recover(); err != nil {
		if s.cursor != nil {
			_ = s.cursor.file.Close()
		}
		_ = s.lock.Unlock()
		return nil, err
	}
	go s.commit()
	return s, nil
}

func makeSpoolDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(dir))
}

// lockSpool takes the folder for this process; the system takes it back however the process ends.
func lockSpool(dir string) (*flock.Flock, error) {
	path := filepath.Join(dir, "lock")
	lock := flock.New(path, flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, failed(diskHint, "locking the spool: %w", err)
	}
	if !ok {
		who := "another process"
		if pid, err := os.ReadFile(path); err == nil && len(pid) > 0 {
			who = "process " + strings.TrimSpace(string(pid))
		}
		return nil, refused("stop that one, or choose another data dir", "the spool %s is in use by %s", dir, who)
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		_ = lock.Unlock()
		return nil, failed(diskHint, "locking the spool: %w", err)
	}
	return lock, nil
}

// recover finds out what a spool holds, and begins a segment behind it.
func (s *spool) recover() (err error) {
	if s.cursor, s.acked, err = openCursor(s.cursorPath()); err != nil {
		return fmt.Errorf("opening the spool: %w", err)
	}
	if s.segments, err = listSegments(s.dir); err != nil {
		return fmt.Errorf("opening the spool: %w", err)
	}
	for _, segment := range s.segments {
		s.bytes += segment.size
	}
	if len(s.segments) > 0 { // what is before the first was deleted because Kafka had it
		s.acked = max(s.acked, s.segments[0].first-1)
	}
	s.free()
	if s.last, err = s.check(); err != nil {
		return err
	}
	s.last = max(s.last, s.acked) // a power cut may have kept the cursor and not the messages
	s.synced = s.last
	if err := s.begin(s.last + 1); err != nil {
		return failed(diskHint, "opening the spool: %w", err)
	}
	s.free()
	if waiting := s.last - s.acked; waiting > 0 {
		s.log.Info("messages of an earlier run wait in the spool, they are sent first", "dir", s.dir, "messages", waiting)
	}
	return nil
}

// check reads all segments and returns the last sequence number. A last record that is cut off was not
// taken: the process was killed in writing it. Anything else that can't be read was.
func (s *spool) check() (last uint64, err error) {
	for i, segment := range s.segments {
		end, isLast := uint64(math.MaxUint64), i+1 == len(s.segments)
		if !isLast {
			end = s.segments[i+1].first
		}
		last, err = segment.scan(end)
		if err != nil && !errors.Is(err, errTorn) {
			return 0, fmt.Errorf("reading the spool: %w", err)
		}
		if !isLast && last < end-1 {
			return 0, damaged(segment.path, fmt.Errorf("the spool file %s lacks the messages %d to %d: %w", segment.path, last+1, end-1, errTorn))
		}
		if isLast && err != nil {
			s.log.Warn("the last record of the spool was cut off; it had not been taken", "file", segment.path)
		}
	}
	if n := len(s.segments); n > 0 {
		if err := syncFile(s.segments[n-1].path); err != nil { // a kill left that to the system
			return 0, failed(diskHint, "opening the spool: %w", err)
		}
	}
	return last, nil
}

func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
