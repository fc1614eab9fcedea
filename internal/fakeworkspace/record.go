package fakeworkspace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Request is one request as it came, and the status that it got.
type Request struct {
	N      int // from 1
	Method string
	Path   string
	Query  url.Values
	Body   []byte // with the secrets in it: see String
	Type   string // Content-Type of the body
	Status int    // of the answer, whether or not it arrived; 0 while there is none
}

// secretFields are those of secrets/put that String does not show.
var secretFields = []string{"string_value", "bytes_value"}

// String is the request for golden files: a line, and the body with sorted keys below it. Secrets are left
// out, and of the contents of files it shows the length.
func (r Request) String() string {
	line := r.Method + " " + r.Path
	if len(r.Query) > 0 {
		line += "?" + r.Query.Encode()
	}
	if len(r.Body) == 0 {
		return line
	}
	body, ok := r.shown()
	if !ok {
		return line + fmt.Sprintf("\n(%d bytes)", len(r.Body))
	}
	text, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		return line
	}
	return line + "\n" + string(text)
}

// shown is the body without secrets; false if it is a file's content.
func (r Request) shown() (object, bool) {
	if strings.HasPrefix(r.Path, "/api/2.0/workspace-files/") || strings.HasPrefix(r.Path, "/api/2.0/fs/") {
		return nil, false
	}
	body := object{}
	if kind, params, err := mime.ParseMediaType(r.Type); err == nil && kind == "multipart/form-data" {
		form, err := multipart.NewReader(bytes.NewReader(r.Body), params["boundary"]).ReadForm(maxBody)
		if err != nil {
			return nil, false
		}
		for name, values := range form.Value {
			body[name] = values[0]
		}
		for name, files := range form.File {
			body[name] = fmt.Sprintf("(%d bytes)", files[0].Size)
		}
		return body, true
	}
	d := json.NewDecoder(bytes.NewReader(r.Body))
	d.UseNumber()
	if d.Decode(&body) != nil {
		return nil, false
	}
	for _, name := range secretFields {
		if body[name] != nil {
			body[name] = "(secret)"
		}
	}
	if text, ok := body["content"].(string); ok {
		body["content"] = fmt.Sprintf("(%d characters)", len(text))
	}
	return body, true
}

// Writes tells whether the request changes something, if it is let.
func (r Request) Writes() bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && !strings.HasPrefix(r.Path, "/oidc/")
}

// Requests returns what came so far, oldest first.
func (w *Workspace) Requests() []Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]Request, len(w.requests))
	for i, r := range w.requests {
		list[i] = *r
	}
	return list
}

// Writes returns the requests that would change something.
func (w *Workspace) Writes() []Request {
	return slices.DeleteFunc(w.Requests(), func(r Request) bool { return !r.Writes() })
}

// Forget drops what was recorded; numbers start at 1 again.
func (w *Workspace) Forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = nil
}

// OnRequest has before called with each request as it came, and after with its status when it is done, but
// not yet answered. n is its number, from 1. Either may be nil. They run without the workspace's lock, on
// the request's goroutine: a test that kills its client does it here.
func (w *Workspace) OnRequest(before, after func(n int, r Request)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before, w.after = before, after
}

// arrive records a request and finds the fault that it gets, which may be none.
func (w *Workspace) arrive(r *http.Request, body []byte) (int, *Request, Fault) {
	w.mu.Lock()
	seen := &Request{N: len(w.requests) + 1, Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Body: body, Type: r.Header.Get("Content-Type")}
	w.requests = append(w.requests, seen)
	fault := w.faultFor(*seen)
	before, told := w.before, *seen
	w.mu.Unlock()
	if before != nil {
		before(told.N, told)
	}
	return told.N, seen, fault
}

func (w *Workspace) leave(n int, seen *Request, status int) {
	w.mu.Lock()
	seen.Status = status
	after, told := w.after, *seen
	w.mu.Unlock()
	if after != nil {
		after(n, told)
	}
}
