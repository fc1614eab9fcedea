package fakeexchange

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// pongWithin is how long Binance waits for the answer to a ping.
const pongWithin = time.Minute

// stream serves one WebSocket.
func (e *Exchange) stream(w http.ResponseWriter, r *http.Request, _ Fault) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	e.streams.Add(1)
	defer e.streams.Done()
	ctx, cancel := context.WithTimeout(e.ctx, e.opts.MaxAge)
	defer cancel()
	s := &subscriber{exchange: e, conn: conn}
	go func() {
		defer cancel()
		s.listen(ctx)
	}()
	s.serve(ctx)
	_ = conn.CloseNow()
}

// subscriber is one connection.
type subscriber struct {
	exchange *Exchange
	conn     *websocket.Conn
	mu       sync.Mutex
	symbols  []asset
}

// listen answers the client's requests until the connection ends.
func (s *subscriber) listen(ctx context.Context) {
	for {
		kind, text, err := s.conn.Read(ctx)
		if err != nil {
			return
		}
		if kind != websocket.MessageText {
			continue
		}
		if err := s.conn.Write(ctx, websocket.MessageText, s.request(text)); err != nil {
			return
		}
	}
}

// request carries out SUBSCRIBE; names that are not there are taken without a word, as Binance does.
func (s *subscriber) request(text []byte) []byte {
	var r struct {
		Method string
		Params []string
		ID     json.RawMessage
	}
	if err := json.Unmarshal(text, &r); err != nil || r.Method != "SUBSCRIBE" || len(r.Params) == 0 || len(r.ID) == 0 {
		return []byte(`{"error":{"code":2,"msg":"Invalid request: unknown variant, expected SUBSCRIBE"},"id":null}`)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range r.Params {
		symbol, ok := strings.CutSuffix(name, "@miniTicker")
		if a, found := s.exchange.market.bySymbol(strings.ToUpper(symbol)); ok && found && symbol == strings.ToLower(symbol) {
			s.symbols = append(s.symbols, a)
		}
	}
	return fmt.Appendf(nil, `{"result":null,"id":%s}`, r.ID)
}

// serve sends ticks and pings until the plan, the client, or the connection's age ends it.
func (s *subscriber) serve(ctx context.Context) {
	ticks := time.NewTicker(s.exchange.opts.TickEvery)
	defer ticks.Stop()
	pings := time.NewTicker(s.exchange.opts.PingEvery)
	defer pings.Stop()
	for {
		select {
		case <-ticks.C:
			if !s.tick(ctx) {
				return
			}
		case <-pings.C:
			if !s.ping(ctx) {
				return
			}
		case <-ctx.Done():
			if s.exchange.ctx.Err() == nil {
				_ = s.conn.Close(websocket.StatusPolicyViolation, "disconnected after 24 hours")
			}
			return
		}
	}
}

func (s *subscriber) ping(ctx context.Context) bool {
	limited, cancel := context.WithTimeout(ctx, pongWithin)
	defer cancel()
	err := s.conn.Ping(limited)
	if ctx.Err() == nil && limited.Err() != nil {
		s.exchange.mu.Lock()
		s.exchange.complain("stream: a ping was not answered: %v", err)
		s.exchange.mu.Unlock()
	}
	return err == nil
}

// tick sends a tick of each symbol, or what the plan has in its place. It returns whether to go on.
func (s *subscriber) tick(ctx context.Context) bool {
	e := s.exchange
	e.mu.Lock()
	var f Fault
	if e.plan != nil {
		f = e.plan(Stream, e.count[Stream], time.Since(e.began))
	}
	e.mu.Unlock()
	switch {
	case f.Kind == "reset", f.status() != 0: // who would refuse a connection does not keep one
		return false
	case f.Kind == "stall":
		return true
	case f.Kind == "close":
		_ = s.conn.Close(websocket.StatusGoingAway, "going away")
		return false
	case f.Kind == "shutdown":
		return s.conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"stream":"","data":{"e":"serverShutdown","E":%d}}`, time.Now().UnixMilli())) == nil
	case f.Kind == "malformed":
		return s.conn.Write(ctx, websocket.MessageText, []byte(`{"stream":`)) == nil
	}
	s.mu.Lock()
	symbols := s.symbols
	s.mu.Unlock()
	for i, a := range symbols {
		if i == 0 && f.Kind == "missing" {
			continue
		}
		if !s.tickOf(ctx, a, f, i == 0) {
			return false
		}
	}
	return true
}

func (s *subscriber) tickOf(ctx context.Context, a asset, f Fault, first bool) bool {
	price, volume, at := s.exchange.market.quote(a)
	symbol := a.base + "USDT"
	sent := fmt.Sprintf("%q", price)
	switch {
	case first && f.Kind == "null":
		sent = "null"
	case first && f.Kind == "exponent":
		price = exponent(price)
		sent = price
	}
	text := fmt.Appendf(nil, `{"stream":"%s@miniTicker","data":{"e":"24hrMiniTicker","E":%d,"s":%q,"c":%s,"o":%q,"h":%q,"l":%q,"v":"8913.30000000","q":%q}}`,
		strings.ToLower(symbol), at.UnixMilli(), symbol, sent, price, price, price, volume)
	if err := s.conn.Write(ctx, websocket.MessageText, text); err != nil {
		return false
	}
	if sent != "null" {
		s.exchange.served([]Served{{API: Stream, Symbol: symbol, Price: price, Volume: volume, QuotedAt: at}})
	}
	return true
}
