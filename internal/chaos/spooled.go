// Package chaos tries to break a lakehouse: it kills, stops, cuts and fills what a run consists of, and compares what is
// left with what was taken. It is for tests.
//
//	spooled.go            what a producer has taken, read from its spool's files
//	main_test.go          lakectl as a program; seeds and how often
//	lake_test.go          a lakehouse under test, its processes, and waiting for events
//	oracle_test.go        what must be in the tables
//	process_test.go       a lakectl in the foreground
//	proxy_test.go         between lakectl and a server; wire_test.go: one that knows Kafka's frames
//	*_test.go             the faults, by what is hit
//
// make chaos runs the long form, make test a short one. docs/RELIABILITY.md says what came of it.
package chaos

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Spooled is what a spool has taken: message values by sequence number.
type Spooled map[uint64]string

// Read adds the whole records that are in the spool of a data dir, by the format that producer/spoolrecord.go
// describes and by code of its own. Every start begins a file, and deletes one no sooner than at the next start, or when it
// has 8 MB and Kafka all of it: who reads after each kill, before the next start, and every few minutes misses none.
func (s Spooled) Read(dataDir string) error {
	files, err := filepath.Glob(filepath.Join(dataDir, "spool", "*.spool"))
	if err != nil {
		return fmt.Errorf("look for spool files: %w", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // Kafka has all of it, and the producer lives
		}
		if err != nil {
			return fmt.Errorf("read a spool file: %w", err)
		}
		if err := s.add(content); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func (s Spooled) add(content []byte) error {
	for len(content) >= 16 {
		size := 16 + int(binary.LittleEndian.Uint32(content))
		if size > len(content) {
			return nil // torn by the kill
		}
		sequence, body := binary.LittleEndian.Uint64(content[8:]), content[16+16:size]
		key := 4 + int(binary.LittleEndian.Uint32(body))
		value := string(body[key+4:][:binary.LittleEndian.Uint32(body[key:])])
		if before, ok := s[sequence]; ok && before != value {
			return fmt.Errorf("message %d was %s, is %s", sequence, before, value)
		}
		s[sequence] = value
		content = content[size:]
	}
	return nil
}
