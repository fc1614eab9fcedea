package producer

import (
	"errors"
	"fmt"
)

// Exit codes that an error of this package may ask for; any other ends the program with 1, "failed".
const (
	exitUsage   = 2 // an option that can't be
	exitRefused = 3 // would lose or mix something
)

// Error is an error with a hint for its reader and the exit code that the program should end with.
type Error struct {
	err  error
	hint string
	code int
}

// NewError returns an error for packages of sources: code is 1 failed, 2 wrong usage or 3 refused; hint
// may be "".
func NewError(code int, hint string, err error) *Error { return &Error{err, hint, code} }

func (e *Error) Error() string { return e.err.Error() }

// Unwrap returns the error that this one explains.
func (e *Error) Unwrap() error { return e.err }

// Hint says what the reader can do about it, or "".
func (e *Error) Hint() string { return e.hint }

// ExitCode is 1 failed, 2 wrong usage or 3 refused.
func (e *Error) ExitCode() int { return e.code }

func hintOf(err error) string {
	var hinted *Error
	if errors.As(err, &hinted) {
		return hinted.hint
	}
	return ""
}

// failed is an error of exit code 1 whose reader can act on the hint.
func failed(hint, format string, args ...any) error {
	return &Error{fmt.Errorf(format, args...), hint, 1}
}

// usage is an error about an option.
func usage(format string, args ...any) error {
	return &Error{fmt.Errorf(format, args...), "", exitUsage}
}

// refused is an error about something that would lose or mix data.
func refused(hint, format string, args ...any) error {
	return &Error{fmt.Errorf(format, args...), hint, exitRefused}
}
