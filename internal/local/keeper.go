package local

import (
	"context"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Server is a child that Keep can keep: *Kafka, *Spark.
type Server interface {
	PID() int
	Done() <-chan struct{}
	Err() error
	Stop(ctx context.Context) error
}

// Keeper keeps a server running: one that dies is started again, with capped backoff.
type Keeper[S Server] struct {
	start  func(context.Context) (S, error)
	report func(died, restarted error)
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	living  S
	changed chan struct{} // closed when living is replaced
}

// Delays between tries to start a server again.
const (
	firstRestart = 200 * time.Millisecond
	maxRestart   = 30 * time.Second
)

// Keep starts a server and keeps it running until Stop. start must give the same address each time.
// report is told of each death (died) and of each try to start it again that failed (restarted);
// both nil means that it runs again.
func Keep[S Server](ctx context.Context, start func(context.Context) (S, error), report func(died, restarted error)) (*Keeper[S], error) {
	living, err := start(ctx)
	if err != nil {
		return nil, err
	}
	watch, cancel := context.WithCancel(context.WithoutCancel(ctx))
	k := &Keeper[S]{start: start, report: report, cancel: cancel, done: make(chan struct{}), living: living, changed: make(chan struct{})}
	go k.watch(watch)
	return k, nil
}

func (k *Keeper[S]) watch(ctx context.Context) {
	defer close(k.done)
	for {
		living := k.current()
		select {
		case <-ctx.Done():
			return
		case <-living.Done():
		}
		k.report(living.Err(), nil)
		if !k.again(ctx) {
			return
		}
		k.report(nil, nil)
	}
}

// again starts the server until it runs or ctx ends.
func (k *Keeper[S]) again(ctx context.Context) bool {
	delay := backoff.NewExponentialBackOff()
	delay.InitialInterval, delay.MaxInterval = firstRestart, maxRestart
	for {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(delay.NextBackOff()):
		}
		living, err := k.start(ctx)
		if err == nil {
			k.mu.Lock()
			k.living = living
			close(k.changed)
			k.changed = make(chan struct{})
			k.mu.Unlock()
			return true
		}
		if ctx.Err() == nil {
			k.report(nil, err)
		}
	}
}

func (k *Keeper[S]) current() S {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.living
}

// Living returns the server, waiting for it to be started again where it has died.
func (k *Keeper[S]) Living(ctx context.Context) (S, error) {
	for {
		k.mu.Lock()
		living, changed := k.living, k.changed
		k.mu.Unlock()
		select {
		case <-living.Done():
		default:
			return living, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			var none S
			return none, ctx.Err()
		}
	}
}

// Stop stops the server and does not start it again. It is idempotent and waits.
func (k *Keeper[S]) Stop(ctx context.Context) error {
	k.cancel()
	<-k.done
	return k.current().Stop(ctx)
}
