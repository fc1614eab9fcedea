package spark

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/apache/spark-connect-go/v35/spark/sparkerrors"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ErrSessionLost is in the chain of any error by which the server said that it no longer has the
// session: it timed out, was closed, or the server was started anew. Temporary views and settings
// are gone, and so are the session's streaming queries; see [Session.Renew].
var ErrSessionLost = errors.New("spark session lost")

// Error is what a Spark Connect server answered instead of a result.
type Error struct {
	// Class is Spark's error class, such as "TABLE_OR_VIEW_NOT_FOUND" or
	// "INVALID_HANDLE.SESSION_CLOSED"; "" where the server gave none.
	Class string
	// SQLState is the SQLSTATE that belongs to the class, or "".
	SQLState string
	// Message is Spark's message, without the class in front of it.
	Message string
	// Code is the gRPC status code that carried the error.
	Code codes.Code
}

// Error returns "[CLASS] message", or the message alone where there is no class.
func (e *Error) Error() string {
	if e.Class == "" {
		return e.Message
	}
	return fmt.Sprintf("[%s] %s", e.Class, e.Message)
}

// Is reports that an INVALID_HANDLE.SESSION_* error is [ErrSessionLost].
func (e *Error) Is(target error) bool {
	return target == ErrSessionLost && strings.HasPrefix(e.Class, "INVALID_HANDLE.SESSION")
}

// Unavailable reports whether err says that the server could not be reached, as opposed to having
// refused or failed.
func Unavailable(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == codes.Unavailable
}

// leadingClass matches the error class that Spark puts in front of most of its messages.
var leadingClass = regexp.MustCompile(`^(?:[\w.$]+(?:Exception|Error): )?\[([A-Z0-9_]+(?:\.[A-Z0-9_]+)*)\] ?`)

// sqlStateSuffix matches the SQLSTATE that Spark puts behind the first sentence of its messages.
var sqlStateSuffix = regexp.MustCompile(`\s*SQLSTATE: ([0-9A-Z]{5})`)

// newError splits Spark's text "[CLASS] message SQLSTATE: 12345" into its parts.
func newError(code codes.Code, class, sqlState, text string) *Error {
	text = strings.TrimSpace(text)
	if m := leadingClass.FindStringSubmatch(text); m != nil {
		text = text[len(m[0]):]
		// The text names the sub-class, which the metadata may lack.
		if class == "" || strings.HasPrefix(m[1], class) {
			class = m[1]
		}
	}
	if m := sqlStateSuffix.FindStringSubmatchIndex(text); m != nil {
		if sqlState == "" {
			sqlState = text[m[2]:m[3]]
		}
		text = text[:m[0]] + text[m[1]:]
	}
	return &Error{Class: class, SQLState: sqlState, Message: strings.TrimSpace(text), Code: code}
}

// asError turns what gRPC or spark-connect-go returned into an *Error; the context's own errors and
// errors that did not come from a server pass through.
func asError(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var own *Error
	if errors.As(err, &own) {
		return err
	}
	// spark-connect-go flattens a status that it received in a stream into this type.
	var flattened *sparkerrors.SparkError
	if errors.As(err, &flattened) {
		switch flattened.Code {
		case codes.Canceled:
			return context.Canceled
		case codes.DeadlineExceeded:
			return context.DeadlineExceeded
		}
		return newError(flattened.Code, flattened.ErrorClass, flattened.SqlState, flattened.Message)
	}
	st, ok := status.FromError(err)
	if !ok {
		return err
	}
	switch st.Code() {
	case codes.Canceled:
		return context.Canceled
	case codes.DeadlineExceeded:
		return context.DeadlineExceeded
	}
	return fromStatus(st)
}

func fromStatus(st *status.Status) *Error {
	var class, sqlState string
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			class, sqlState = info.GetMetadata()["errorClass"], info.GetMetadata()["sqlState"]
		}
	}
	return newError(st.Code(), class, sqlState, st.Message())
}
