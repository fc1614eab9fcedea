package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/IBM/sarama"
)

// refused reports whether a server answered, and its answer is that the secret is wrong. No waiting
// will change that: another server has the port.
func refused(err error) bool {
	return errors.Is(err, sarama.ErrSASLAuthenticationFailed) || errors.Is(err, errToken)
}

// readyInterval is how often a server that starts is asked whether it is ready; nothing tells.
const readyInterval = 50 * time.Millisecond

// awaitReady asks with probe until it succeeds. If it never does, or the process ends, the process is
// gone when awaitReady returns.
func (p *Process) awaitReady(ctx context.Context, probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("no answer for %s (log: %s)", startTimeout, p.log.path))
	defer cancel()
	ask := time.NewTicker(readyInterval)
	defer ask.Stop()
	for {
		err := probe(ctx)
		select {
		case <-p.done: // whoever answered was another
			return fmt.Errorf("start %s: %w", p.name, p.Err())
		default:
		}
		if err == nil {
			return nil
		}
		if refused(err) {
			return p.abandon(err)
		}
		select {
		case <-ask.C:
		case <-p.done:
			return fmt.Errorf("start %s: %w", p.name, p.Err())
		case <-ctx.Done():
			return p.abandon(fmt.Errorf("%w; last: %w", context.Cause(ctx), err))
		}
	}
}

// awaitEnd waits for a process that has a task and ends by itself.
func (p *Process) awaitEnd(ctx context.Context) error {
	select {
	case <-p.done:
	case <-ctx.Done():
		return p.abandon(context.Cause(ctx))
	}
	if p.cmd.ProcessState.Success() {
		return nil
	}
	return p.Err()
}

// abandon ends the process at once and returns why.
func (p *Process) abandon(why error) error {
	p.stopping.Store(true)
	p.kill()
	<-p.done
	return fmt.Errorf("start %s: %w", p.name, why)
}
