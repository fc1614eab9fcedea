package producer

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// DefaultSpoolLimit is the bound of the spool where none is given, bytes. A quote takes about 500: ten
// every 10 s fill it in six days.
const DefaultSpoolLimit = 256 << 20

// MinSpoolLimit is the smallest bound of a spool, bytes.
const MinSpoolLimit = 1 << 20

const (
	// spoolInFlight bounds what is sent before it is acknowledged, and so what is sent again after a
	// kill and what a long outage takes of the memory.
	spoolInFlight = 1024

	// maxUnsynced bounds what is kept in memory until the disk has it, bytes.
	maxUnsynced = 4 << 20

	// linger lets the rest of a poll share its first quote's fsync: while one runs, a write to the
	// same file waits for it.
	linger = time.Millisecond

	// mendEvery is the time between tries on a disk that can't be written.
	mendEvery = time.Second
)

// spool keeps messages on disk until Kafka has acknowledged them. append writes a message to the file
// before it returns, so that no kill of the process loses it; next gives it out only when it is
// fsynced, so that no power cut does either; the messages of a poll share one fsync.
//
// It is not tidwall/wal: that refuses to open a log whose last record is cut off, has no checksums,
// does not fsync the folder of a new segment, and goes on behind the remains of a write that failed.
//
// The files of its folder: lock; segments, named by their first sequence number; acked, the cursor.
// A segment is never appended to by another process than the one that made it, nor after a write to
// it has failed: what comes next goes to a new one. It is deleted when all of it is acknowledged.
type spool struct {
	dir         string
	limit       int64 // of all segments, bytes
	segmentSize int64
	log         *slog.Logger
	lock        *flock.Flock
	cursor      *spoolCursor

	mu       sync.Mutex
	changed  *sync.Cond // for whoever waits for a change of what follows
	segments []segment  // ascending; the last one is written to
	file     *os.File   // of the last segment
	bytes    int64      // of all segments
	last     uint64     // sequence number of the last message taken
	synced   uint64     // up to here the disk has all
	acked    uint64     // up to here Kafka has all
	beyond   map[uint64]struct{}
	unsynced []byte    // records after synced: to be written again if the disk fails
	broken   bool      // the last segment must not be written to
	trouble  error     // why nothing can be written; nil if it can
	mended   time.Time // when that was last tried
	full     bool      // a message waits for room
	closed   bool
	stuck    bool // a segment or the cursor could not be changed; logged once

	done chan struct{} // closed when the committer has returned
	stop chan struct{} // closed by close
}

// append takes a message: when it returns nil, the message outlives this process. It waits while the
// spool is full or can't be written, until ctx ends or the spool is closed.
func (s *spool) append(ctx context.Context, m Message) error {
	record := encodeRecord(m, time.Now())
	if int64(len(record)) > min(s.limit/4, maxRecord) {
		return failed("raise --spool-max, or take it out of the source",
			"a message of %d bytes is too large for a spool of %d", len(record), s.limit)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if err := s.wait(ctx, func() bool { return s.closed || s.takes(len(record)) }); err != nil {
			return fmt.Errorf("waiting for the spool: %w", err)
		}
		if s.closed {
			return ErrClosed
		}
		seal(record, s.last+1)
		err := s.write(record)
		if err == nil {
			break
		}
		s.breaks(err)
	}
	s.last++
	s.unsynced = append(s.unsynced, record...)
	if s.trouble != nil {
		s.trouble = nil
		s.log.Warn("the spool can be written again", "dir", s.dir)
	}
	s.changed.Broadcast()
	return nil
}

// wait returns nil when until holds, or ctx's error. mu is held, but for the waiting.
func (s *spool) wait(ctx context.Context, until func() bool) error {
	if until() {
		return ctx.Err()
	}
	defer context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})()
	for !until() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.changed.Wait()
	}
	return ctx.Err()
}

// takes reports whether a record of n bytes can be written now.
func (s *spool) takes(n int) bool {
	if s.broken || len(s.unsynced) > maxUnsynced {
		return false
	}
	room := s.limit - s.bytes
	if s.full { // enough to go on for a while
		room -= 2 * s.segmentSize
	}
	fits := int64(n) <= room
	switch {
	case !fits && !s.full:
		s.full = true
		s.log.Error("the spool is full: no quotes are taken until Kafka takes some", "dir", s.dir, "waiting", s.last-s.acked, "bytes", s.bytes, "limit", s.limit)
	case fits && s.full:
		s.full = false
		s.log.Warn("the spool has room again, quotes are taken", "dir", s.dir)
	}
	return fits
}

// write appends a record to the last segment, or to the next if that is full.
func (s *spool) write(record []byte) error {
	if size := s.segments[len(s.segments)-1].size; size > 0 && size+int64(len(record)) > s.segmentSize {
		if err := s.roll(); err != nil {
			return err
		}
	}
	n, err := s.file.Write(record)
	s.grow(n)
	return err
}

// next waits for the message of a sequence number and reads it. It waits as well while spoolInFlight
// messages before it are not acknowledged.
func (s *spool) next(ctx context.Context, reader *spoolReader, sequence uint64) (Message, error) {
	s.mu.Lock()
	err := s.wait(ctx, func() bool { return s.synced >= sequence && sequence-s.acked <= spoolInFlight })
	from := segmentOf(s.segments, sequence)
	s.mu.Unlock()
	if err != nil {
		return Message{}, err
	}
	return reader.read(from, sequence)
}

// ack notes that Kafka has a message, and deletes the segments that are not needed any more.
func (s *spool) ack(sequence uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sequence <= s.acked {
		return
	}
	s.beyond[sequence] = struct{}{}
	before := s.acked
	for {
		if _, ok := s.beyond[s.acked+1]; !ok {
			break
		}
		s.acked++
		delete(s.beyond, s.acked)
	}
	if s.acked == before {
		return
	}
	s.tolerate(s.cursor.write(s.acked))
	s.free()
	s.changed.Broadcast()
}

// free deletes the segments of which Kafka has all.
func (s *spool) free() {
	for len(s.segments) > 1 && s.segments[1].first <= s.acked+1 {
		s.tolerate(os.Remove(s.segments[0].path))
		s.bytes -= s.segments[0].size
		s.segments = s.segments[1:]
	}
}

// tolerate logs an error that costs a second sending after a restart, no more.
func (s *spool) tolerate(err error) {
	if err != nil && !s.stuck {
		s.stuck = true
		s.log.Warn("the spool can't be tidied; after a restart messages are sent again", "error", err)
	}
}

// oldest is the sequence number of the first message that is not acknowledged.
func (s *spool) oldest() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acked + 1
}

// SpoolStats is the state of a spool.
type SpoolStats struct {
	Messages int64 // taken and not acknowledged
	Bytes    int64 // of its files; what is acknowledged leaves them by and by
	Limit    int64 // of Bytes
	Blocked  error // why no quotes are taken: it is full or can't be written; nil if they are
}

func (s *spool) stats() SpoolStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := SpoolStats{Messages: int64(s.last - s.acked), Bytes: s.bytes, Limit: s.limit, Blocked: s.trouble}
	if s.full {
		stats.Blocked = fmt.Errorf("the spool is full: %d of %d bytes", s.bytes, s.limit)
	}
	return stats
}

// awaitEmpty waits until Kafka has all that the spool held at the call.
func (s *spool) awaitEmpty(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.last
	return s.wait(ctx, func() bool { return s.acked >= last })
}

// close syncs what was taken, ends the committer and gives the folder back. What is not acknowledged
// stays for the next one.
func (s *spool) close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.stop)
		s.changed.Broadcast()
	}
	s.mu.Unlock()
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if lost := s.last - s.synced; lost > 0 {
		err = failed(diskHint, "closing the spool: %d messages could not be written: %w", lost, s.trouble)
	}
	if s.file != nil {
		_ = s.file.Close()
		s.file = nil
	}
	_ = s.cursor.file.Close()
	_ = s.lock.Unlock()
	return err
}

func (s *spool) cursorPath() string { return filepath.Join(s.dir, "acked") }
