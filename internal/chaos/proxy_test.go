package chaos_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
)

// proxy stands between lakectl and a server.
type proxy struct {
	listener net.Listener
	server   string
	relay    func(client, server net.Conn) // until one of them ends

	mu    sync.Mutex
	conns map[net.Conn]bool
	all   sync.WaitGroup
}

// newProxy listens at an address until the test ends. A nil relay passes on bytes as they are.
func newProxy(t *testing.T, address, server string, relay func(client, server net.Conn)) *proxy {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, server: server, relay: relay, conns: map[net.Conn]bool{}}
	if relay == nil {
		p.relay = passOn
	}
	p.all.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.cut()
		p.all.Wait()
	})
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = true, true
		p.mu.Unlock()
		p.all.Go(func() {
			p.relay(client, server)
			p.mu.Lock()
			defer p.mu.Unlock()
			delete(p.conns, client)
			delete(p.conns, server)
		})
	}
}

// cut closes every connection, and returns how many.
func (p *proxy) cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
	return len(p.conns) / 2
}

func passOn(client, server net.Conn) {
	both(client, server, func() { _, _ = io.Copy(server, client) }, func() { _, _ = io.Copy(client, server) })
}

// both runs what passes on either way; the end of one is the end of both connections.
func both(client, server net.Conn, ways ...func()) {
	var group sync.WaitGroup
	for _, way := range ways {
		group.Go(func() {
			way()
			_, _ = client.Close(), server.Close()
		})
	}
	group.Wait()
}
