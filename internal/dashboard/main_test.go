package dashboard

import (
	"context"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a server may take to end.
const patience = 30 * time.Second

// unwatched waits until the server has noticed that its viewers have gone.
func (s *Server) unwatched(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for s.poller.hub.watched() {
		if !sleep(ctx, 10*time.Millisecond) {
			t.Fatal("there are viewers still")
		}
	}
}

// serve starts a dashboard on loopback.
func serve(t *testing.T, config Config) *Server {
	t.Helper()
	return start(t, config, "127.0.0.1:0")
}

func start(t *testing.T, config Config, addr string) *Server {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := Start(l, config)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return s
}
