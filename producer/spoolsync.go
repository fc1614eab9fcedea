package producer

import (
	"fmt"
	"os"
	"time"
)

const diskHint = "is the disk full, or the folder read-only?"

// commit fsyncs what was written, as often as there is something, and mends the spool when the disk
// has failed. It returns when the spool is closed and all is synced, or can't be.
func (s *spool) commit() {
	defer close(s.done)
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for !s.closed && !s.broken && s.synced == s.last {
			s.changed.Wait()
		}
		switch {
		case s.broken:
			s.rest(time.Until(s.mended.Add(mendEvery)))
			if err := s.mend(); err != nil && s.closed {
				return
			}
		case s.synced == s.last: // and closed
			return
		default:
			s.sync()
		}
	}
}

// sync fsyncs the last segment. mu is free meanwhile: messages are taken on.
func (s *spool) sync() {
	s.rest(linger)
	file, last, size := s.file, s.last, len(s.unsynced)
	s.mu.Unlock()
	err := file.Sync()
	s.mu.Lock()
	switch {
	case file != s.file: // another segment has begun, which has synced this one
	case err != nil:
		s.breaks(err)
	default:
		s.settled(last, size)
	}
}

// settled notes that the disk has all up to a message, and its records of so many bytes.
func (s *spool) settled(last uint64, size int) {
	s.synced = last
	s.unsynced = append(s.unsynced[:0], s.unsynced[size:]...)
	s.changed.Broadcast()
}

// rest gives mu away for a time. A spool that closes does not wait.
func (s *spool) rest(wait time.Duration) {
	s.mu.Unlock()
	defer s.mu.Lock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.stop:
	}
}

// breaks notes that the last segment failed: nothing more is written to it, since nobody knows what
// the disk has of it.
func (s *spool) breaks(err error) {
	if s.trouble == nil {
		s.log.Error("the spool can't be written: no quotes are taken until it can", "dir", s.dir, "error", err, "hint", diskHint)
	}
	s.trouble, s.broken = err, true
	s.changed.Broadcast()
}

// roll begins the next segment behind one that is synced.
func (s *spool) roll() error {
	if err := s.file.Sync(); err != nil {
		return err
	}
	s.settled(s.last, len(s.unsynced))
	return s.begin(s.last + 1)
}

// mend begins a segment behind what is synced, with what is not. Whether the disk takes more shows
// with the next message.
func (s *spool) mend() error {
	s.mended = time.Now()
	err := s.begin(s.synced + 1)
	if err == nil {
		var n int
		n, err = s.file.Write(s.unsynced)
		s.grow(n)
	}
	if err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		s.trouble = err
		return err
	}
	s.broken = false
	s.settled(s.last, len(s.unsynced))
	return nil
}

// begin opens a new last segment. One that has the same name has nothing in it that is synced.
func (s *spool) begin(first uint64) error {
	if s.file != nil {
		_ = s.file.Close()
	}
	if n := len(s.segments); n > 0 && s.segments[n-1].first == first {
		s.bytes -= s.segments[n-1].size
		s.segments = s.segments[:n-1]
	}
	path := segmentPath(s.dir, first)
	s.segments = append(s.segments, segment{first: first, path: path})
	var err error
	s.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err == nil {
		err = syncFolder(s.dir)
	}
	if err != nil {
		return fmt.Errorf("beginning a spool file: %w", err)
	}
	return nil
}

func (s *spool) grow(n int) {
	s.segments[len(s.segments)-1].size += int64(n)
	s.bytes += int64(n)
}
