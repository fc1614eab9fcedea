package fakeworkspace

import (
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// Where a connection is cut.
const (
	CutBefore = "before" // the request is not processed
	CutAfter  = "after"  // it is, and the answer is lost
)

// Fault is what goes wrong with some requests. The last one added that matches a request is the one it gets.
type Fault struct {
	Method string // "" is any
	// Path is a pattern as of path.Match, such as "/api/2.2/jobs/*"; "" is any.
	Path string
	// Nth is which of the requests that match is the first to fail, from 1; 0 is 1.
	Nth int
	// Times is how many fail from there; 0 is all of them.
	Times int

	Status     int           // that is answered instead; 0 is none
	RetryAfter time.Duration // header of that answer, in whole seconds; 0 is none
	Code       string        // error_code; "" is the usual one of the status
	Message    string        // "" is the usual one of the status
	Delay      time.Duration // before the request is processed
	Cut        string        // CutBefore, CutAfter or ""

	seen int
	kill *func() // called before the connection is cut
}

// Fail adds a fault.
func (w *Workspace) Fail(f Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, &f)
}

// Heal drops all faults, and what KillAt has asked for.
func (w *Workspace) Heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults, w.kills = nil, nil
}

// KillAt has kill called at request n, counted as in Requests, and the connection cut: before the request is
// processed or after, as cut says. With a kill that cancels the client's context, or ends its process, the
// client dies at that call and nothing of it is under way when kill returns.
func (w *Workspace) KillAt(n int, cut string, kill func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kills = map[int]Fault{n: {Cut: cut, kill: &kill}}
}

func (w *Workspace) faultFor(r Request) Fault {
	if f, ok := w.kills[r.N]; ok {
		return f
	}
	var found Fault
	for _, f := range w.faults {
		if f.Method != "" && f.Method != r.Method {
			continue
		}
		if ok, err := path.Match(f.Path, r.Path); f.Path != "" && (err != nil || !ok) {
			continue
		}
		f.seen++
		if first := max(f.Nth, 1); f.seen >= first && (f.Times == 0 || f.seen < first+f.Times) {
			found = *f
		}
	}
	return found
}

func (f Fault) refuses() bool { return f.Status != 0 || f.Cut == CutBefore }

// wait holds a request back, for the fault's delay or for least; false if the client went away.
func (f Fault) wait(r *http.Request, least time.Duration) bool {
	d := max(f.Delay, least)
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// usual are the codes and messages that come with a status.
var usual = map[int][2]string{
	400: {"INVALID_PARAMETER_VALUE", "The request is not valid."},
	401: {"UNAUTHENTICATED", "Token is expired"},
	403: {"PERMISSION_DENIED", "You do not have permission to do this. Please contact your administrator."},
	404: {"RESOURCE_DOES_NOT_EXIST", "It does not exist."},
	429: {"REQUEST_LIMIT_EXCEEDED", "Too many requests. Please wait a moment and try again."},
	500: {"INTERNAL_ERROR", "An internal error occurred."},
	503: {"TEMPORARILY_UNAVAILABLE", "The service is currently unavailable."},
}

func (f Fault) answer(rw http.ResponseWriter) {
	e := Error{Status: f.Status, Code: usual[f.Status][0], Message: usual[f.Status][1]}
	if f.Code != "" {
		e.Code = f.Code
	}
	if f.Message != "" {
		e.Message = f.Message
	}
	if f.RetryAfter > 0 {
		rw.Header().Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
	e.answer(rw)
}

// ParseFault reads a fault such as "POST /api/2.2/jobs/create status=429 retry-after=1s nth=2 times=1",
// "* /api/2.0/workspace/* delay=3s" or "POST /api/2.2/jobs/create cut=after".
func ParseFault(text string) (Fault, error) {
	words := strings.Fields(text)
	if len(words) < 3 {
		return Fault{}, fmt.Errorf(`fault %q: must be like "POST /api/2.2/jobs/create status=429 retry-after=1s"`, text)
	}
	f := Fault{Method: strings.TrimPrefix(words[0], "*"), Path: words[1]}
	if _, err := path.Match(f.Path, "/"); err != nil {
		return Fault{}, fmt.Errorf("fault %q: %q is no pattern", text, f.Path)
	}
	for _, word := range words[2:] {
		name, value, _ := strings.Cut(word, "=")
		if err := f.set(name, value); err != nil {
			return Fault{}, fmt.Errorf("fault %q: %s: %w", text, name, err)
		}
	}
	return f, nil
}

func (f *Fault) set(name, value string) (err error) {
	switch name {
	case "status":
		if f.Status, err = strconv.Atoi(value); err == nil && (f.Status < 400 || f.Status > 599) {
			err = fmt.Errorf("%q is no status of an error", value)
		}
	case "nth":
		f.Nth, err = strconv.Atoi(value)
	case "times":
		f.Times, err = strconv.Atoi(value)
	case "retry-after":
		f.RetryAfter, err = time.ParseDuration(value)
	case "delay":
		f.Delay, err = time.ParseDuration(value)
	case "cut":
		if f.Cut = value; value != CutBefore && value != CutAfter {
			err = fmt.Errorf("%q is neither %s nor %s", value, CutBefore, CutAfter)
		}
	default:
		err = fmt.Errorf("is none of status, nth, times, retry-after, delay, cut")
	}
	return err
}
