package exchange_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cryptostream/lakectl/internal/fakeexchange"
	"github.com/cryptostream/lakectl/producer"
	"github.com/cryptostream/lakectl/producer/exchange"
)

// event is a message's value.
type event struct {
	ID          string    `json:"event_id"`
	Pair        string    `json:"pair"`
	Source      string    `json:"source"`
	Price       string    `json:"price"`
	Volume      *string   `json:"volume_24h"`
	QuotedAt    time.Time `json:"quoted_at"`
	CollectedAt time.Time `json:"collected_at"`
}

// serve runs a fake on loopback. At the end of the test it must have nothing to complain about.
func serve(t *testing.T, o fakeexchange.Options) (*fakeexchange.Exchange, string) {
	t.Helper()
	fake := fakeexchange.New(o)
	server := httptest.NewServer(fake)
	t.Cleanup(func() {
		fake.Close()
		server.Close()
		contented(t, fake)
	})
	return fake, server.URL
}

func contented(t *testing.T, fake *fakeexchange.Exchange) {
	t.Helper()
	for _, complaint := range fake.Complaints() {
		t.Errorf("the exchange complains: %s", complaint)
	}
}

// pipes is a network in memory, for tests in a bubble of synctest, with a fake at its other end.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// bubble runs a fake on a network in memory, and returns options that lead to it.
func bubble(t *testing.T, o fakeexchange.Options, sources ...string) (*fakeexchange.Exchange, exchange.Options) {
	t.Helper()
	o.Closest = 500 * time.Millisecond
	fake := fakeexchange.New(o)
	network := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: fake}
	done := make(chan error, 1)
	go func() { done <- server.Serve(network) }()
	t.Cleanup(func() {
		fake.Close()
		_ = server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		contented(t, fake)
	})
	return fake, exchange.Options{
		Sources: sources, Interval: 10 * time.Second, StateDir: t.TempDir(),
		BinanceURL: "http://binance.test", BinanceStreamURL: "ws://stream.test", CoinGeckoURL: "http://coingecko.test",
	}.Through(network.dial)
}

// run starts a source until the test ends, or the returned function is called.
func run(t *testing.T, o exchange.Options, registries ...prometheus.Registerer) (*exchange.Source, <-chan event, func()) {
	t.Helper()
	source, err := exchange.New(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range registries {
		if err := source.Register(r); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	events, done := make(chan event, 1_000_000), make(chan error, 1)
	go func() {
		done <- source.Run(ctx, func(_ context.Context, m producer.Message) error {
			var e event
			if err := json.Unmarshal(m.Value, &e); err != nil {
				return err
			}
			events <- e
			return nil
		})
	}()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("run ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return source, events, stop
}

// drain returns what has been given so far.
func drain(events <-chan event) (list []event) {
	for {
		select {
		case e := <-events:
			list = append(list, e)
		default:
			return list
		}
	}
}

// notes is a log as a channel of lines: "level message key=value …".
type notes struct {
	lines chan string
	level slog.Level
}

func logTo(level slog.Level) (*notes, *slog.Logger) {
	n := &notes{make(chan string, 10_000), level}
	return n, slog.New(n)
}

func (n *notes) Enabled(_ context.Context, level slog.Level) bool { return level >= n.level }
func (n *notes) WithAttrs([]slog.Attr) slog.Handler               { return n }
func (n *notes) WithGroup(string) slog.Handler                    { return n }

func (n *notes) Handle(_ context.Context, r slog.Record) error {
	line := r.Level.String() + " " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += fmt.Sprintf(" %s=%v", a.Key, a.Value)
		return true
	})
	n.lines <- line
	return nil
}

// await returns the next line that has the text.
func (n *notes) await(t *testing.T, text string) string {
	t.Helper()
	timeout := time.NewTimer(3 * time.Minute)
	defer timeout.Stop()
	for {
		select {
		case line := <-n.lines:
			if strings.Contains(line, text) {
				return line
			}
			t.Logf("log: %s", line)
		case <-timeout.C:
			t.Fatalf("waited in vain for the log line %q", text)
		}
	}
}

// all returns the lines so far.
func (n *notes) all() (lines []string) {
	for {
		select {
		case line := <-n.lines:
			lines = append(lines, line)
		default:
			return lines
		}
	}
}
