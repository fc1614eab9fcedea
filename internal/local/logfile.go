package local

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

const (
	// maxLogSize bounds a log file. One older file of that size is kept beside it, as <name>.1.
	maxLogSize = 8 << 20
	// keptLines is how many lines at the end are searched for the reason of an end.
	keptLines = 200
	// maxReason bounds that reason, in bytes.
	maxReason = 300
)

// logFile is a child's output: appended to a file of bounded size, its last lines kept at hand.
type logFile struct {
	path string

	mu      sync.Mutex
	file    *os.File
	size    int64
	partial []byte   // a line without its end
	last    []string // the newest lines, oldest first
}

func openLog(path string) (*logFile, error) {
	if err := makePrivate(filepath.Dir(path)); err != nil {
		return nil, err
	}
	l := &logFile{path: path}
	return l, l.open()
}

func (l *logFile) open() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return err
	}
	l.file, l.size = f, info.Size()
	return nil
}

// Write never fails: a child must not die of a full disk under its log.
func (l *logFile) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remember(b)
	if l.file == nil {
		return len(b), nil
	}
	if l.size+int64(len(b)) > maxLogSize {
		l.rotate()
	}
	n, _ := l.file.Write(b)
	l.size += int64(n)
	return len(b), nil
}

// rotate starts the file again. Where that fails it goes on in the old one.
func (l *logFile) rotate() {
	old := l.file
	if os.Rename(l.path, l.path+".1") == nil && l.open() == nil {
		_ = old.Close()
	}
}

func (l *logFile) remember(b []byte) {
	l.partial = append(l.partial, b...)
	for {
		line, rest, ok := bytes.Cut(l.partial, []byte("\n"))
		if !ok {
			break
		}
		l.last = append(l.last, string(line))
		l.partial = rest
	}
	l.last = l.last[max(0, len(l.last)-keptLines):]
	l.partial = bytes.Clone(l.partial[max(0, len(l.partial)-maxReason):])
}

// Close closes the file; the lines stay.
func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

// outOfMemory is what a JVM writes when it ends by -XX:+ExitOnOutOfMemoryError.
const outOfMemory = "Terminating due to java.lang.OutOfMemoryError"

// reason picks the line that most likely says why a JVM ended: that its heap was full, or else the newest cause of a
// stack trace, or else the newest error, or else the last line.
func (l *logFile) reason() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := l.last
	if len(l.partial) > 0 {
		lines = append(slices.Clone(lines), string(l.partial))
	}
	for _, mark := range []string{outOfMemory, "Caused by: ", "Exception", "Error", "ERROR"} {
		for _, line := range slices.Backward(lines) {
			if strings.Contains(line, mark) && !strings.HasPrefix(line, "\tat ") {
				return clip(line)
			}
		}
	}
	for _, line := range slices.Backward(lines) {
		if strings.TrimSpace(line) != "" {
			return clip(line)
		}
	}
	return ""
}

func clip(line string) string {
	line = strings.TrimSpace(line)
	if len(line) > maxReason {
		return fmt.Sprintf("%s…", strings.ToValidUTF8(line[:maxReason], ""))
	}
	return line
}
