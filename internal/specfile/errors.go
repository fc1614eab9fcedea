package specfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one mistake in a file that somebody wrote.
type Error struct {
	File    string // relative to the file system that was loaded
	Line    int    // from 1; 0 for the file as a whole
	Col     int    // from 1, in characters
	Message string
}

// Error gives file:line:col: message.
func (e Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Message)
}

// Errors are all the mistakes of some files.
type Errors []Error

// Error gives one mistake a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// ExitCode is the one for wrong usage: the files are input that the user wrote.
func (Errors) ExitCode() int { return 2 }

// Sorted returns the errors by position, each once.
func (e Errors) Sorted() Errors {
	slices.SortFunc(e, func(a, b Error) int {
		return cmp.Or(
			strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Col, b.Col), strings.Compare(a.Message, b.Message))
	})
	return slices.Compact(e)
}
