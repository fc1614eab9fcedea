package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/coder/websocket"

	"github.com/cryptostream/lakectl/producer"
)

// Bounds of a stream. Binance sends a tick per pair and second, and pings every 20 s, which the
// library answers. It ends each connection after 24 hours.
const (
	stallTimeout = 30 * time.Second // without a message, the connection is given up
	quietPair    = 2 * time.Minute  // without a tick, a pair counts as missing
	firstTicks   = 3 * time.Second  // a first poll waits so long for all pairs
	longestFrame = 64 << 10         // bytes
)

// stream is Binance's WebSocket: one connection that keeps the latest tick of each pair, from which
// polls take it. It connects anew by itself.
type stream struct {
	base    *url.URL
	http    *http.Client
	spacing *gate
	pairs   []listing

	stop context.CancelFunc // nil: no connection is wanted yet
	done chan struct{}
	news chan struct{} // has one element after a tick or a failure

	mu     sync.Mutex
	latest map[string]tick // by symbol, of this connection
	since  time.Time       // when this connection was made; zero: there is none
	fault  *Fault          // why there was none, until one gives a tick
	next   time.Time       // when the next is tried
}

// tick is the last that came of a pair.
type tick struct {
	quote producer.Quote
	err   error
	at    time.Time
	taken bool
}

func newStream(o Options, spacing *gate) (*stream, error) {
	base, err := parseBase(o.streamURL(), "ws", "wss")
	if err != nil {
		return nil, err
	}
	pairs := o.Symbols.binance()
	if len(pairs) == 0 {
		return nil, usage("the list of pairs has none for Binance")
	}
	return &stream{base: base, http: newHTTPClient(o), spacing: spacing, pairs: pairs, latest: map[string]tick{}}, nil
}

func (s *stream) name() string { return BinanceWS }

func (s *stream) close() {
	if s.stop == nil {
		return
	}
	s.stop()
	<-s.done
	s.stop = nil
	s.http.CloseIdleConnections()
}

// poll takes what came since the poll before. The first one connects and waits for it.
func (s *stream) poll(ctx context.Context) (answer, error) {
	if s.stop == nil {
		s.start()
		s.awaitAll(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.take(time.Now())
	if len(a.quotes) == 0 && (s.since.IsZero() || s.fault != nil) {
		return a, s.why()
	}
	a.unsettled = true // a pair without a trade gives no tick
	return a, nil
}

// why is the reason of there being no connection, or none that gives something.
func (s *stream) why() *Fault {
	f := Fault{Kind: KindTimeout, err: errors.New("connecting to " + s.base.Host + " takes long")}
	if s.fault != nil {
		f = *s.fault
	}
	f.here, f.After = true, max(0, time.Until(s.next))
	return &f
}

// take gives each pair's tick if it is new.
func (s *stream) take(now time.Time) answer {
	var a answer
	for _, l := range s.pairs {
		t, seen := s.latest[l.symbol]
		switch {
		case seen && !t.taken:
			quotes, faults := collect([]listing{l}, func(string) (producer.Quote, bool, error) { return t.quote, true, t.err })
			a.quotes, a.faults = append(a.quotes, quotes...), append(a.faults, faults...)
			t.taken = true
			s.latest[l.symbol] = t
		case !s.since.IsZero() && now.Sub(later(s.since, t.at)) >= quietPair:
			a.faults = append(a.faults, pairFault{l.pair, KindMissing, errors.New("the stream has no " + l.symbol)})
		}
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (s *stream) start() {
	ctx, stop := context.WithCancel(context.Background())
	s.stop, s.done, s.news = stop, make(chan struct{}), make(chan struct{}, 1)
	go s.run(ctx)
}

// awaitAll waits until all pairs have a tick, until the connection fails, or for a while.
func (s *stream) awaitAll(ctx context.Context) {
	timeout := time.NewTimer(firstTicks)
	defer timeout.Stop()
	for {
		select {
		case <-s.news:
		case <-timeout.C:
			return
		case <-ctx.Done():
			return
		}
		s.mu.Lock()
		enough := len(s.latest) == len(s.pairs) || s.fault != nil
		s.mu.Unlock()
		if enough {
			return
		}
	}
}

func (s *stream) tell() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// run makes one connection after the other, with pauses that grow while none gives a tick.
func (s *stream) run(ctx context.Context) {
	defer close(s.done)
	retry := backoff.NewExponentialBackOff()
	retry.InitialInterval = 2 * betweenRequests // half of it at least, by chance
	retry.MaxInterval = slowestRetry
	retry.Multiplier = 2
	for ctx.Err() == nil {
		err := s.connection(ctx)
		if ctx.Err() != nil {
			return
		}
		f := asFault(err)
		s.mu.Lock()
		if !s.since.IsZero() && len(s.latest) > 0 {
			retry.Reset()
		}
		wait := max(retry.NextBackOff(), f.After, f.leastWait())
		s.since, s.fault, s.next = time.Time{}, f, time.Now().Add(wait)
		s.mu.Unlock()
		s.tell()
		if sleep(ctx, wait) != nil {
			return
		}
	}
}

// connection lives until it fails; its error says why.
func (s *stream) connection(ctx context.Context) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(longestFrame)
	if err := s.subscribe(ctx, conn); err != nil {
		return s.explain(err)
	}
	s.mu.Lock()
	s.since = time.Now()
	clear(s.latest)
	s.mu.Unlock()
	for {
		frame, err := read(ctx, conn)
		if err != nil {
			return s.explain(err)
		}
		if err := s.receive(frame, time.Now()); err != nil {
			return err
		}
	}
}

func (s *stream) dial(ctx context.Context) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	conn, response, err := websocket.Dial(s.spacing.each(ctx, s.base.Host), s.base.JoinPath("/stream").String(), &websocket.DialOptions{ //nolint:bodyclose // the library has read and closed it
		HTTPClient: s.http, HTTPHeader: http.Header{"User-Agent": {userAgent}},
	})
	if err == nil {
		return conn, nil
	}
	if response == nil {
		return nil, s.explain(err)
	}
	f := fault(kindOfStatus(response.StatusCode), "%s answers %s", s.base.Host, response.Status)
	f.After = retryAfter(response.Header, time.Now())
	return nil, f
}

func (s *stream) explain(err error) error {
	c := client{base: s.base}
	return c.explain(err)
}

// subscribe asks for the pairs by a message, not in the address: a refusal is then an answer.
func (s *stream) subscribe(ctx context.Context, conn *websocket.Conn) error {
	names := make([]string, len(s.pairs))
	for i, l := range s.pairs {
		names[i] = strings.ToLower(l.symbol) + "@miniTicker"
	}
	text, err := json.Marshal(map[string]any{"method": "SUBSCRIBE", "params": names, "id": 1})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return conn.Write(ctx, websocket.MessageText, text)
}

// read returns the next message; one that does not come in time ends the connection.
func read(ctx context.Context, conn *websocket.Conn) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, stallTimeout)
	defer cancel()
	_, frame, err := conn.Read(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return nil, fault(KindStalled, "sent nothing for %s", stallTimeout)
	}
	return frame, err
}

// frame is a message of the combined stream: a tick, or the answer to a request.
type frame struct {
	Data  *miniTicker     `json:"data"`
	Error json.RawMessage `json:"error"`
}

// miniTicker is what is read of a tick. Its keys differ by case.
type miniTicker struct {
	Event  string          `json:"e"`
	Time   json.RawMessage `json:"E"`
	Symbol string          `json:"s"`
	Price  json.RawMessage `json:"c"`
	Volume json.RawMessage `json:"q"`
}

// receive keeps a tick. Its error ends the connection.
func (s *stream) receive(text []byte, now time.Time) error {
	var f frame
	if err := json.Unmarshal(text, &f); err != nil {
		return fault(KindMalformed, "%s sends what is no tick: %s", s.base.Host, clip(string(text)))
	}
	switch {
	case len(f.Error) > 0:
		return fault(KindHTTP, "%s refuses the subscription: %s", s.base.Host, clip(string(f.Error)))
	case f.Data == nil:
		return nil
	case f.Data.Event == "serverShutdown":
		return fault(KindNetwork, "%s shuts the connection down", s.base.Host)
	case f.Data.Event != "24hrMiniTicker":
		return nil
	}
	quote, err := binanceQuote(f.Data.Price, f.Data.Volume, f.Data.Time)
	quote.CollectedAt = now
	s.mu.Lock()
	s.latest[f.Data.Symbol] = tick{quote: quote, err: err, at: now}
	s.fault = nil
	s.mu.Unlock()
	s.tell()
	return nil
}
