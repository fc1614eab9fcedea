package dashboard

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Server is a dashboard that is served. Start returns one.
type Server struct {
	poller   *poller
	http     *http.Server
	cancel   context.CancelFunc
	ended    sync.WaitGroup
	address  string
	hasToken bool
}

// Start serves a dashboard on a listener until Stop.
func Start(listener net.Listener, config Config) *Server {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{poller: newPoller(config), cancel: cancel, address: listener.Addr().String(), hasToken: config.Token != ""}
	s.http = &http.Server{
		Handler:           guard(config.Token, s.handler()),
		ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	s.ended.Go(func() { _ = s.http.Serve(listener) }) // ends by Stop
	s.ended.Go(func() { s.poller.run(ctx) })
	return s
}

// URL is where the page is.
func (s *Server) URL() string { return "http://" + s.address }

// Stop drops the viewers and closes the port. It may be called again.
func (s *Server) Stop(ctx context.Context) error {
	s.cancel()
	s.poller.hub.close()
	err := s.http.Shutdown(ctx)
	s.ended.Wait()
	if err != nil {
		return fmt.Errorf("stop the dashboard: %w", err)
	}
	return nil
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", pages["index.html"])
	for name, file := range pages {
		mux.Handle("GET /static/"+name, file)
	}
	mux.HandleFunc("GET /api/events", s.events)
	mux.HandleFunc("GET /api/lines", s.lines)
	return mux
}

// Timing of a viewer's connection.
const (
	writeTimeout = 10 * time.Second
	heartbeat    = 15 * time.Second // so that both ends notice when the other has gone
)

// events pushes everything at first, then what changes.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	v := s.poller.join()
	if v == nil {
		refuse(w, http.StatusServiceUnavailable, "too many pages are open on this dashboard")
		return
	}
	defer s.poller.hub.leave(v)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	text := []byte("retry: 1000\n\n")
	for {
		if err := send(w, text); err != nil {
			return
		}
		select {
		case text = <-v.messages:
		case <-beat.C:
			text = []byte("event: beat\ndata: {}\n\n")
		case <-v.dropped:
			return
		case <-r.Context().Done():
			return
		}
	}
}

func send(w http.ResponseWriter, text []byte) error {
	c := http.NewResponseController(w)
	if err := c.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	return c.Flush()
}

// spans are the ranges that the page offers.
var spans = map[string]time.Duration{"15m": 15 * time.Minute, "1h": time.Hour, "6h": 6 * time.Hour, "24h": 24 * time.Hour}

const maxBases = 50

// lines answers with the lines of some bases: ?bases=BTC,ETH and a range, or from and to in milliseconds.
func (s *Server) lines(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	bases := strings.Split(q.Get("bases"), ",")
	if len(bases) > maxBases {
		refuse(w, http.StatusBadRequest, fmt.Sprintf("at most %d bases at once", maxBases))
		return
	}
	if span, ok := spans[q.Get("range")]; ok {
		reply(w, r, s.poller.lines(bases, time.Time{}, time.Time{}, span))
		return
	}
	from, to, err := bounds(q.Get("from"), q.Get("to"))
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	reply(w, r, s.poller.lines(bases, from, to, 0))
}

// bounds reads a span of time, at most as long as the history.
func bounds(from, to string) (begin, end time.Time, err error) {
	a, errA := strconv.ParseInt(from, 10, 64)
	b, errB := strconv.ParseInt(to, 10, 64)
	const limit = 1 << 53 / 1000 // what JavaScript counts exactly, in microseconds
	if errA != nil || errB != nil || a < 0 || b <= a || b > limit {
		return begin, end, errors.New("range must be 15m, 1h, 6h or 24h, or from and to milliseconds since 1970")
	}
	begin, end = time.UnixMilli(a), time.UnixMilli(b)
	if end.Sub(begin) > history {
		begin = end.Add(-history)
	}
	return begin, end, nil
}

func reply(w http.ResponseWriter, r *http.Request, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Accept-Encoding")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		_ = json.NewEncoder(w).Encode(value) // whoever asked may be gone
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
	_ = json.NewEncoder(z).Encode(value)
	_ = z.Close()
}

func refuse(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": text})
}
