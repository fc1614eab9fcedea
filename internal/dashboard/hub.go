package dashboard

import (
	"encoding/json"
	"sync"
)

// Bounds of what viewers may cost.
const (
	maxViewers = 500
	maxWaiting = 64 // messages a viewer may be behind
)

// viewer is one open page.
type viewer struct {
	messages chan []byte
	dropped  chan struct{} // closed when it was too slow, or the server ends
}

// hub passes what happens on to all viewers. A viewer that does not read is dropped: the page connects
// again and gets everything anew.
type hub struct {
	mu      sync.Mutex
	viewers map[*viewer]struct{}
	arrived chan struct{} // has a value when the first viewer has come
	closed  bool
}

func newHub() *hub {
	return &hub{viewers: map[*viewer]struct{}{}, arrived: make(chan struct{}, 1)}
}

// join adds a viewer; nil if there are too many, or the server ends.
func (h *hub) join() *viewer {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.viewers) >= maxViewers {
		return nil
	}
	v := &viewer{messages: make(chan []byte, maxWaiting), dropped: make(chan struct{})}
	h.viewers[v] = struct{}{}
	select {
	case h.arrived <- struct{}{}:
	default:
	}
	return v
}

func (h *hub) leave(v *viewer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(v)
}

func (h *hub) drop(v *viewer) {
	if _, ok := h.viewers[v]; ok {
		delete(h.viewers, v)
		close(v.dropped)
	}
}

// watched reports whether somebody looks.
func (h *hub) watched() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.viewers) > 0
}

// publish sends an event to all viewers without waiting for any.
func (h *hub) publish(event string, value any) {
	text := message(event, value)
	h.mu.Lock()
	defer h.mu.Unlock()
	for v := range h.viewers {
		select {
		case v.messages <- text:
		default:
			h.drop(v)
		}
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for v := range h.viewers {
		h.drop(v)
	}
}

// message is a server-sent event. JSON has no line breaks of its own.
func message(event string, value any) []byte {
	text, err := json.Marshal(value)
	if err != nil { // none of our types can fail
		panic(err)
	}
	return []byte("event: " + event + "\ndata: " + string(text) + "\n\n")
}
