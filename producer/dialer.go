package producer

import (
	"context"
	"net"
	"sync"
)

// dialer opens the connections of one sarama client and can cut them all at once. After cut no byte
// of that client reaches a broker any more, whatever sarama's goroutines still try: this is what lets
// the publisher send messages again without an older attempt overtaking them.
type dialer struct {
	ctx     context.Context
	stop    context.CancelFunc
	onError func(error) // told of a failed dial while no connection is open; may be nil

	mu    sync.Mutex
	conns map[*conn]struct{}
}

func newDialer(ctx context.Context, onError func(error)) *dialer {
	ctx, stop := context.WithCancel(ctx)
	return &dialer{ctx: ctx, stop: stop, onError: onError, conns: map[*conn]struct{}{}}
}

// Dial implements the interface that sarama takes (proxy.Dialer).
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	raw, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(d.ctx, network, address)
	if err != nil {
		d.mu.Lock()
		alone := len(d.conns) == 0
		d.mu.Unlock()
		if alone && d.onError != nil && d.ctx.Err() == nil {
			d.onError(err)
		}
		return nil, err
	}
	c := &conn{Conn: raw, dialer: d}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() != nil {
		_ = raw.Close()
		return nil, d.ctx.Err()
	}
	d.conns[c] = struct{}{}
	return c, nil
}

// cut closes all connections and refuses new ones. It may be called again.
func (d *dialer) cut() {
	d.stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.conns {
		_ = c.Conn.Close()
	}
	clear(d.conns)
}

func (d *dialer) isCut() bool { return d.ctx.Err() != nil }

// conn forgets itself in its dialer when it is closed.
type conn struct {
	net.Conn
	dialer *dialer
}

func (c *conn) Close() error {
	c.dialer.mu.Lock()
	delete(c.dialer.conns, c)
	c.dialer.mu.Unlock()
	return c.Conn.Close()
}
