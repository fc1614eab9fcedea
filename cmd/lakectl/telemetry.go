package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/exit"
)

// defaultMetricsAddr is where produce shows its metrics.
const defaultMetricsAddr = "127.0.0.1:9464"

// staleIntervals is how many polls may come to nothing before the producer is not ready.
const staleIntervals = 3

func metricsFlag(cmd *cobra.Command, addr *string, value string) {
	cmd.Flags().StringVar(addr, "metrics-addr", value, "host:port for /metrics, /healthz and /readyz; off for none")
}

// telemetry answers those who watch the producer: /metrics for Prometheus, /healthz whether it is to be
// restarted, /readyz whether quotes reach Kafka.
type telemetry struct {
	registry *prometheus.Registry
	listener net.Listener
	server   *http.Server
	feed     atomic.Pointer[feed]
	interval time.Duration // between polls, at least; 0: quotes come when they come
	ended    chan struct{}
}

// startTelemetry listens at once, so that a port that is taken shows; it is not healthy before watch.
// Without an address it is nil, which may be used like any other.
func startTelemetry(addr string, o feedOptions) (*telemetry, error) {
	if addr == "" || addr == "off" {
		return nil, nil
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return nil, usagef("--metrics-addr must be host:port or off, not %q", addr)
	}
	t := &telemetry{registry: prometheus.NewRegistry(), ended: make(chan struct{})}
	if o.source != "replay" {
		t.interval = o.interval
	}
	t.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	var err error
	if t.listener, err = net.Listen("tcp", addr); err != nil {
		hint := ""
		if errors.Is(err, syscall.EADDRINUSE) {
			hint = "end what listens there, choose another with --metrics-addr, or none with --metrics-addr off"
		}
		return nil, exit.New(exit.Failed, fmt.Errorf("serve metrics: %w", err), hint)
	}
	t.server = &http.Server{Handler: t.handler(), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute}
	go func() {
		defer close(t.ended)
		_ = t.server.Serve(t.listener) // ends by Stop
	}()
	return t, nil
}

func (t *telemetry) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { t.health().write(w) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { t.readiness(time.Now()).write(w) })
	return mux
}

// metrics is where metrics are registered; nil is none.
func (t *telemetry) metrics() prometheus.Registerer {
	if t == nil {
		return nil
	}
	return t.registry
}

// watch says which feed it is about.
func (t *telemetry) watch(f *feed) {
	if t != nil {
		t.feed.Store(f)
	}
}

// url is where the server answers; "" if there is none.
func (t *telemetry) url() string {
	if t == nil {
		return ""
	}
	return "http://" + t.listener.Addr().String()
}

// Stop answers the requests that are under way and closes the port.
func (t *telemetry) Stop(ctx context.Context) error {
	if t == nil {
		return nil
	}
	err := t.server.Shutdown(ctx)
	<-t.ended
	return err
}

// probe is the answer of /healthz and /readyz.
type probe struct {
	OK     bool         `json:"ok"`
	Checks []probeCheck `json:"checks"`
}

type probeCheck struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

func (p *probe) add(name string, ok bool, format string, args ...any) {
	p.Checks = append(p.Checks, probeCheck{name, ok, fmt.Sprintf(format, args...)})
	p.OK = p.OK && ok
}

func (p *probe) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !p.OK {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(p) // whoever asked may be gone
}

// health is about the process alone: a restart would help.
func (t *telemetry) health() *probe {
	p := &probe{OK: true}
	f := t.feed.Load()
	if f == nil {
		p.add("source", true, "starting")
		return p
	}
	select {
	case <-f.done:
		p.add("source", false, "%s has ended", f.name)
	default:
		p.add("source", true, "%s runs", f.name)
	}
	if err := f.outbox.Err(); err != nil {
		p.add("delivery", false, "%s", firstLine(err))
	}
	return p
}

// readiness is about quotes reaching Kafka.
func (t *telemetry) readiness(now time.Time) *probe {
	p := &probe{OK: true}
	f := t.feed.Load()
	if f == nil {
		p.add("source", false, "starting")
		return p
	}
	s := f.outbox.Stats()
	switch {
	case s.KafkaUp:
		p.add("kafka", true, "takes messages")
	case s.LastError != nil:
		p.add("kafka", false, "%s", firstLine(s.LastError))
	default:
		p.add("kafka", false, "has not answered yet")
	}
	if s.HasSpool {
		detail := fmt.Sprintf("%d messages wait, %d of %d bytes", s.Spool.Messages, s.Spool.Bytes, s.Spool.Limit)
		if s.Spool.Blocked != nil {
			detail += ": " + firstLine(s.Spool.Blocked)
		}
		p.add("spool", s.Spool.Blocked == nil, "%s", detail)
	}
	pace := t.interval
	if f.live != nil {
		pace = f.live.Pace()
	}
	fresh(p, pace, s.TakenAt, now)
	return p
}

// fresh checks that quotes come as often as they should: once per pace, or just when they come where
// that is 0.
func fresh(p *probe, pace time.Duration, taken, now time.Time) {
	age := now.Sub(taken).Round(time.Millisecond)
	switch {
	case taken.IsZero():
		p.add("quotes", pace == 0, "none taken yet")
	case pace > 0 && age > staleIntervals*pace:
		p.add("quotes", false, "the last was taken %s ago, one is due every %s", age, pace)
	default:
		p.add("quotes", true, "the last was taken %s ago", age)
	}
}

// closing is the last word on a feed.
func (f FeedStatus) closing() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d messages acknowledged", f.Acked)
	if f.Spooled > 0 {
		fmt.Fprintf(&text, ", %d wait in the spool for the next start", f.Spooled)
	}
	return text.String()
}
