// Package fakeexchange is a server that speaks the public APIs of Binance (REST and WebSocket) and of
// CoinGecko as strictly as they do, with made-up prices, and misbehaves on request.
//
// It keeps a journal of each quote that it served whole, which is what a test compares Kafka with, and
// notes complaints: what a client did that the real server would mind. serve/ is the same as a program.
package fakeexchange

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The APIs, as plans of faults name them.
const (
	Binance   = "binance"
	Stream    = "stream"
	CoinGecko = "coingecko"
)

// Options are the settings of an Exchange.
type Options struct {
	Seed int64 // of the prices
	Plan Plan  // of what goes wrong; nil is nothing

	// Unknown are symbols and ids that the exchanges do not have, of those below.
	Unknown []string
	Cache   time.Duration // CoinGecko gives the same answer for so long
	DemoKey string        // keys that CoinGecko knows; "" is none
	ProKey  string

	TickEvery time.Duration // of the stream; 0 is 1 s
	PingEvery time.Duration // of the stream; 0 is 20 s
	MaxAge    time.Duration // of a stream's connection; 0 is 24 h

	// Closest is what may lie between two requests of one host without a complaint; 0 is 100 ms, which
	// leaves room for a machine that has much to do.
	Closest time.Duration
}

// Served is one quote that a client got whole, in the exchange's own words.
type Served struct {
	API      string    `json:"api"`
	Symbol   string    `json:"symbol"` // BTCUSDT, or CoinGecko's id
	Price    string    `json:"price"`  // the characters that were sent, without quotes
	Volume   string    `json:"volume"`
	QuotedAt time.Time `json:"quoted_at"`
	ServedAt time.Time `json:"served_at"`
}

// Exchange is the server; it is an http.Handler. Close ends its streams.
type Exchange struct {
	opts    Options
	mux     *http.ServeMux
	began   time.Time
	market  *market
	streams sync.WaitGroup
	ctx     context.Context
	cancel  context.CancelFunc

	mu         sync.Mutex
	plan       Plan
	count      map[string]int // requests, by API
	faults     map[Fault]int  // that were handed out
	arrivals   map[string][]time.Time
	lastSeen   map[string]time.Time // by host
	banned     map[string]time.Time // until when an API wants to be left alone
	bans       int
	weight     int
	minute     time.Time // that weight counts
	cache      map[string]cached
	journal    []Served
	complaints []string
}

// New makes an Exchange with ten assets and some more in CoinGecko's ranking.
func New(o Options) *Exchange {
	if o.TickEvery == 0 {
		o.TickEvery = time.Second
	}
	if o.PingEvery == 0 {
		o.PingEvery = 20 * time.Second
	}
	if o.Closest == 0 {
		o.Closest = 100 * time.Millisecond
	}
	if o.MaxAge == 0 {
		o.MaxAge = 24 * time.Hour
	}
	e := &Exchange{
		opts: o, plan: o.Plan, began: time.Now(), market: newMarket(o.Seed, o.Unknown),
		count: map[string]int{}, faults: map[Fault]int{}, lastSeen: map[string]time.Time{}, arrivals: map[string][]time.Time{}, banned: map[string]time.Time{}, cache: map[string]cached{},
	}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.mux = http.NewServeMux()
	e.mux.HandleFunc("GET /api/v3/ticker/24hr", e.behind(Binance, e.ticker))
	e.mux.HandleFunc("GET /api/v3/exchangeInfo", e.behind(Binance, e.exchangeInfo))
	e.mux.HandleFunc("GET /api/v3/coins/markets", e.behind(CoinGecko, e.markets))
	e.mux.HandleFunc("GET /api/v3/coins/{id}/market_chart/range", e.behind(CoinGecko, e.chart))
	e.mux.HandleFunc("GET /stream", e.behind(Stream, e.stream))
	return e
}

func (e *Exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.mux.ServeHTTP(w, r) }

// Close ends the streams and waits for them.
func (e *Exchange) Close() {
	e.cancel()
	e.streams.Wait()
}

// Misbehave replaces the plan; nil is good behaviour.
func (e *Exchange) Misbehave(plan Plan) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.plan = plan
}

// Journal returns what was served so far.
func (e *Exchange) Journal() []Served {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Served(nil), e.journal...)
}

// Arrivals returns when requests to an API came.
func (e *Exchange) Arrivals(api string) []time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]time.Time(nil), e.arrivals[api]...)
}

// Complaints returns what clients did that a real server would mind.
func (e *Exchange) Complaints() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.complaints...)
}

// Misbehaved returns how many requests got a fault.
func (e *Exchange) Misbehaved(f Fault) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.faults[f]
}

func (e *Exchange) served(list []Served) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	for i := range list {
		list[i].ServedAt = now
	}
	e.journal = append(e.journal, list...)
}

func (e *Exchange) complain(format string, args ...any) {
	e.complaints = append(e.complaints, fmt.Sprintf("%s: ", time.Since(e.began).Round(time.Millisecond))+fmt.Sprintf(format, args...))
}

// handler answers a request, with the fault if it is one that shows in a good answer.
type handler func(w http.ResponseWriter, r *http.Request, f Fault)

// behind notes the arrival, refuses who was told to stay away, and lets the plan have its way.
func (e *Exchange) behind(api string, serve handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, banned := e.arrive(api, r)
		switch {
		case banned > 0:
			answer(w, http.StatusTeapot, banned.String(), `{"code":-1003,"msg":"Way too much request weight used; IP banned."}`)
		case f.inAnswer(api):
			serve(w, r, f)
		default:
			e.fail(w, r, api, f)
		}
	}
}

func (e *Exchange) arrive(api string, r *http.Request) (f Fault, banned retryAfter) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	if gap := now.Sub(e.lastSeen[r.Host]); gap < e.opts.Closest {
		e.complain("%s: a request %s after the one before", api, gap)
	}
	e.lastSeen[r.Host] = now
	e.arrivals[api] = append(e.arrivals[api], now)
	if strings.Contains(r.URL.RawQuery, "key") {
		e.complain("%s: a key in the address", api)
	}
	if until := e.banned[api]; now.Before(until) {
		e.complain("%s: a request %s before it may", api, until.Sub(now))
		e.bans++
		banned = retryAfter(2 * time.Minute << min(e.bans-1, 10))
		e.banned[api] = now.Add(time.Duration(banned))
		return f, banned
	}
	n := e.count[api]
	e.count[api]++
	if e.plan != nil {
		f = e.plan(api, n, now.Sub(e.began))
	}
	e.faults[f]++
	if f.wait() > 0 {
		e.banned[api] = now.Truncate(time.Second).Add(f.wait())
	}
	return f, 0
}

// answer sends a JSON text with a status; after is a Retry-After header, "" is none.
func answer(w http.ResponseWriter, status int, after, text string) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	if after != "" {
		w.Header().Set("Retry-After", after)
	}
	w.WriteHeader(status)
	_, _ = fmt.Fprint(w, text)
}

// send answers with rows, and journals what they hold when all of it is on its way.
func (e *Exchange) send(w http.ResponseWriter, rows any, holds []Served) {
	text, err := json.Marshal(rows)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Content-Length", fmt.Sprint(len(text)))
	if _, err := w.Write(text); err == nil && http.NewResponseController(w).Flush() == nil {
		e.served(holds)
	}
}

// reset cuts the connection under a request.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
