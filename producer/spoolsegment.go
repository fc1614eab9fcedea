package producer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A segment is a file of records. Its name is the sequence number of its first one, and ends the
// segment before: what that has beyond is a write that failed.
type segment struct {
	first uint64
	path  string
	size  int64 // bytes
}

const segmentSuffix = ".spool"

func segmentPath(dir string, first uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%020d%s", first, segmentSuffix))
}

// listSegments returns the segments of a folder, ascending.
func listSegments(dir string) ([]segment, error) {
	files, err := os.ReadDir(dir) // sorted by name, and so by number
	if err != nil {
		return nil, err
	}
	var segments []segment
	for _, file := range files {
		digits, ok := strings.CutSuffix(file.Name(), segmentSuffix)
		first, err := strconv.ParseUint(digits, 10, 64)
		if !ok || err != nil || len(digits) != 20 {
			continue
		}
		info, err := file.Info()
		if err != nil {
			return nil, err
		}
		segments = append(segments, segment{first, filepath.Join(dir, file.Name()), info.Size()})
	}
	return segments, nil
}

// segmentOf returns the segment that has a sequence number.
func segmentOf(segments []segment, sequence uint64) segment {
	i, found := slices.BinarySearchFunc(segments, sequence, func(s segment, sequence uint64) int {
		switch {
		case s.first < sequence:
			return -1
		case s.first > sequence:
			return 1
		}
		return 0
	})
	if !found {
		i--
	}
	return segments[i]
}

// scan reads the records of a segment up to the one before end and returns the last one's sequence
// number. The error is errTorn where the segment ends otherwise than behind a record.
func (s segment) scan(end uint64) (last uint64, err error) {
	last = s.first - 1
	file, err := os.Open(s.path)
	if err != nil {
		return last, err
	}
	defer file.Close()
	records, rest := bufio.NewReaderSize(file, 256<<10), s.size
	for last+1 < end {
		_, size, err := readRecord(records, last+1, rest)
		if errors.Is(err, io.EOF) {
			return last, nil
		}
		if err != nil {
			return last, err
		}
		last++
		rest -= size
	}
	return last, nil
}

// spoolReader reads the records of a spool one after the other.
type spoolReader struct {
	segment segment
	file    *os.File
	records *bufio.Reader
}

// read returns the record of a sequence number; each call asks for the one after the last.
func (r *spoolReader) read(from segment, sequence uint64) (Message, error) {
	if r.file == nil || r.segment.first != from.first {
		if err := r.open(from, sequence); err != nil {
			return Message{}, r.explain(from, err)
		}
	}
	m, _, err := readRecord(r.records, sequence, maxRecord)
	if err != nil {
		return Message{}, r.explain(from, err)
	}
	return m, nil
}

// open goes to a segment and skips what comes before the sequence number.
func (r *spoolReader) open(from segment, sequence uint64) (err error) {
	r.close()
	r.segment = from
	if r.file, err = os.Open(from.path); err != nil {
		return err
	}
	r.records = bufio.NewReaderSize(r.file, 256<<10)
	for at := from.first; at < sequence; at++ {
		if _, _, err := readRecord(r.records, at, maxRecord); err != nil {
			return err
		}
	}
	return nil
}

func (r *spoolReader) close() {
	if r.file != nil {
		_ = r.file.Close()
		r.file = nil
	}
}

func (r *spoolReader) explain(from segment, err error) error {
	if errors.Is(err, io.EOF) {
		err = errTorn
	}
	return damaged(from.path, fmt.Errorf("reading the spool file %s: %w", from.path, err))
}

// damaged is the error of a segment that had been written well and can't be read any more.
func damaged(path string, err error) error {
	if !errors.Is(err, errTorn) {
		return err
	}
	return refused("a disk that fails, or a program that wrote to it; to go on without the quotes in it, move the file away: "+path, "%w", err)
}

func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
