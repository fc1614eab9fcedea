package exchange

import (
	"context"
	"net/http/httptrace"
	"sync"
	"time"
)

// betweenRequests lies between two requests to one host.
const betweenRequests = 500 * time.Millisecond

// gate lets the requests to each host through one by one.
type gate struct {
	mu    sync.Mutex
	lanes map[string]*lane
}

// lane is the way to one host. Who holds its turn may change last.
type lane struct {
	turn chan struct{}
	last time.Time
}

func newGate() *gate { return &gate{lanes: map[string]*lane{}} }

func (g *gate) lane(host string) *lane {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lanes[host] == nil {
		g.lanes[host] = &lane{turn: make(chan struct{}, 1)}
	}
	return g.lanes[host]
}

// each makes every request under ctx pass, at the moment when it has a connection: those that net/http
// makes by itself too, after a redirect or where a connection that was kept turned out to be closed.
func (g *gate) each(ctx context.Context, host string) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { _ = g.pass(ctx, host) }, // the request itself sees that ctx has ended
	})
}

// pass returns when a request to the host (host:port) may begin, or with the error of ctx.
func (g *gate) pass(ctx context.Context, host string) error {
	l := g.lane(host)
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-l.turn }()
	if !l.last.IsZero() {
		if err := sleep(ctx, time.Until(l.last.Add(betweenRequests))); err != nil {
			return err
		}
	}
	l.last = time.Now()
	return ctx.Err()
}

// sleep waits, by the monotonic clock. A wait that is over still notices the end of ctx.
func sleep(ctx context.Context, wait time.Duration) error {
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
