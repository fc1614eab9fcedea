// Package exit holds the exit codes that lakectl promises to its callers, and the error that
// carries one together with a hint for the person who reads it.
//
// Packages that import nothing of ours (jobs, producer) give the same by methods: any error with
// Hint() string or ExitCode() int is understood by Code and Hint.
package exit

import "errors"

// The exit codes of the contract (docs/DESIGN.md, "Contract").
const (
	OK      = 0 // done, a drained Ctrl-C too
	Failed  = 1 // no Java, a port taken, a server away
	Usage   = 2 // wrong flags or arguments
	Refused = 3 // would destroy, lose or mix something
	Unheld  = 4 // a check did not hold
)

// Error is an error with the exit code it ends the program with and, where the reader can act, a hint.
type Error struct {
	code int
	hint string
	err  error
}

// New wraps err with an exit code and a hint; the hint may be empty.
func New(code int, err error, hint string) *Error { return &Error{code, hint, err} }

// Error returns the wrapped error's text; the hint is not part of it.
func (e *Error) Error() string { return e.err.Error() }

// Unwrap returns the wrapped error.
func (e *Error) Unwrap() error { return e.err }

// Hint says what the reader can do about it, or "".
func (e *Error) Hint() string { return e.hint }

// ExitCode is the code the program ends with.
func (e *Error) ExitCode() int { return e.code }

// Code returns the exit code that err asks for: OK for nil, Failed where it asks for none.
func Code(err error) int {
	if err == nil {
		return OK
	}
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return Failed
}

// Hint returns the hint of the outermost error in err's chain that has one, or "".
func Hint(err error) string {
	for err != nil {
		var hinted interface {
			error
			Hint() string
		}
		if !errors.As(err, &hinted) {
			return ""
		}
		if hint := hinted.Hint(); hint != "" {
			return hint
		}
		err = errors.Unwrap(hinted)
	}
	return ""
}
