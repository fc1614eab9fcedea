package main

import (
	"context"
	"time"
)

// every does something every so often, from one interval after its start on, until it is stopped. What fails is done
// again the next time.
type every struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// startEvery begins one; an interval of 0 is never, and gives nil. failed is told of errors.
func startEvery(interval time.Duration, do func(ctx context.Context) error, failed func(error)) *every {
	if interval == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	e := &every{cancel, make(chan struct{})}
	go func() {
		defer close(e.done)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if err := do(ctx); err != nil && ctx.Err() == nil {
				failed(err)
			}
		}
	}()
	return e
}

// Stop ends it and waits. It may be called on nil, and again.
func (e *every) Stop() {
	if e == nil {
		return
	}
	e.cancel()
	<-e.done
}

// oneAtATime lets those that change whole tables wait for each other: they would meet conflicts, and the machine is
// small.
type oneAtATime chan struct{}

func newOneAtATime() oneAtATime { return make(chan struct{}, 1) }

// do does something when nothing else is being done, unless ctx ends first.
func (o oneAtATime) do(ctx context.Context, what func(ctx context.Context) error) error {
	select {
	case o <- struct{}{}:
		defer func() { <-o }()
		return what(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}
