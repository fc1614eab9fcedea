package fakeworkspace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// maxBody is what the real gateway takes at most.
const maxBody = 50 << 20

// call is one request on its way through a handler.
type call struct {
	*http.Request
	body []byte
	user *User // nil where no credentials are asked for
}

// raw is an answer that is not JSON.
type raw []byte

// handler answers a call; it runs alone, under the workspace's lock. The answer is marshalled, nil is `{}`.
type handler func(c *call) (any, *Error)

// handle binds a handler to a pattern of http.ServeMux, behind authentication.
func (w *Workspace) handle(pattern string, h handler) { w.mux.HandleFunc(pattern, w.serve(h)) }

func (w *Workspace) ServeHTTP(rw http.ResponseWriter, r *http.Request) { w.mux.ServeHTTP(rw, r) }

// serve takes a request through recording, hooks, faults, authentication and its handler.
func (w *Workspace) serve(h handler) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		arrived := time.Now()
		body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBody))
		if err != nil {
			return
		}
		n, seen, fault := w.arrive(r, body)
		if !fault.wait(r, w.opts.Latency-time.Since(arrived)) {
			return
		}
		if fault.refuses() {
			w.leave(n, seen, fault.Status)
			if fault.Cut == CutBefore {
				fault.cut(rw, r)
				return
			}
			fault.answer(rw)
			return
		}
		answer, failed := w.run(h, &call{Request: r, body: body})
		status := http.StatusOK
		if failed != nil {
			status = failed.Status
		}
		w.leave(n, seen, status)
		if fault.Cut == CutAfter {
			fault.cut(rw, r)
			return
		}
		send(rw, answer, failed)
	}
}

func (w *Workspace) run(h handler, c *call) (any, *Error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	user, failed := w.authenticate(c.Request)
	if failed != nil {
		return nil, failed
	}
	if h == nil {
		return nil, &Error{Status: http.StatusNotFound, Code: "ENDPOINT_NOT_FOUND", Message: fmt.Sprintf("No API found for '%s %s'", c.Method, c.URL.Path)}
	}
	c.user = user
	return h(c)
}

func send(rw http.ResponseWriter, answer any, failed *Error) {
	rw.Header().Set("X-Databricks-Org-Id", strconv.Itoa(OrgID))
	if failed != nil {
		failed.answer(rw)
		return
	}
	if bytes, ok := answer.(raw); ok {
		rw.Header().Set("Content-Type", "application/octet-stream")
		_, _ = rw.Write(bytes)
		return
	}
	if answer == nil {
		answer = object{}
	}
	text, err := json.Marshal(answer)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	_, _ = rw.Write(text)
}

// cut resets the connection under a request. A client that is killed has left it by then: what it dies of is the kill,
// not the reset.
func (f Fault) cut(rw http.ResponseWriter, r *http.Request) {
	if f.kill != nil {
		(*f.kill)()
		<-r.Context().Done()
	}
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// query is a parameter of the address.
func (c *call) query(name string) string { return c.URL.Query().Get(name) }

// flag is a parameter that is true or false.
func (c *call) flag(name string) bool { return c.query(name) == "true" }

// number is a parameter that is a number, fallback if it is missing.
func (c *call) number(name string, fallback int64) (int64, *Error) {
	text := c.query(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, invalid("%s must be a number, not %q", name, text)
	}
	return n, nil
}

// copyOf is a deep copy of what came as JSON or will go as JSON.
func copyOf(o object) object {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // it came as JSON
	}
	var c object
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&c); err != nil {
		panic(err)
	}
	return c
}
