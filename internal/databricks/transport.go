package databricks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
)

// maxConnections are kept to the workspace, for calls that are made at once.
const maxConnections = 16

// transport corrects what the SDK repeats: it repeats a POST whose answer was cut off, which makes a second
// job; it does not repeat on 500; and it waits for minutes for a host that was never there.
type transport struct {
	next    http.RoundTripper
	reached atomic.Bool
}

func newTransport(next http.RoundTripper) *transport {
	if next != nil {
		return &transport{next: next}
	}
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return &transport{next: http.DefaultTransport}
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = maxConnections
	return &transport{next: t}
}

// creates are the calls that make something each time that they are made.
var creates = []string{"/jobs/create", "/sql/warehouses", "/lakeview/dashboards", "/2.0/alerts"}

// lost is what became of a call that may have been carried out. Its text has nothing that the SDK would
// repeat a call for.
type lost struct{ text string }

func (l lost) Error() string { return l.text }

// unreachable is an error of the first call of all.
type unreachable struct{ cause error }

func (u unreachable) Error() string { return "no connection" }
func (u unreachable) Unwrap() error { return u.cause }

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, t.failed(r, err)
	}
	t.reached.Store(true)
	switch response.StatusCode {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	default:
		return response, nil
	}
	if !makes(r) {
		response.StatusCode = http.StatusServiceUnavailable // what the SDK repeats for
		return response, nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		body = nil
	}
	return nil, lost{fmt.Sprintf("the workspace answered %d: %s", response.StatusCode, bytes.TrimSpace(body))}
}

func (t *transport) failed(r *http.Request, err error) error {
	switch {
	case r.Context().Err() != nil:
		return err
	case !t.reached.Load():
		return unreachable{err}
	case errors.Is(err, syscall.ECONNREFUSED):
		return err // was not sent
	case makes(r):
		return lost{"the connection broke before the answer came"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.EPIPE):
		return fmt.Errorf("connection reset by peer: %w", err) // what the SDK repeats for
	}
	return err
}

func makes(r *http.Request) bool {
	if r.Method != http.MethodPost {
		return false
	}
	for _, path := range creates {
		if strings.HasSuffix(r.URL.Path, path) {
			return true
		}
	}
	return false
}
