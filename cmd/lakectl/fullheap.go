package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
)

// A Spark that runs out of memory is started again, and goes on. One that does so time after time, soon after its start, has
// a heap that is too small for what is to be done.
const (
	fullHeaps     = 5
	fullHeapsSoon = 10 * time.Minute
)

// fullHeap counts how often in a row Spark has run out of memory soon after it was started.
type fullHeap struct {
	heapMB int
	over   context.Context // done when that was too often; its cause says so
	end    context.CancelCauseFunc

	mu      sync.Mutex
	started time.Time
	inARow  int
}

// newFullHeap watches over a Spark with a heap of so many MB, 0 for the default.
func newFullHeap(heapMB int) *fullHeap {
	h := &fullHeap{heapMB: cmp.Or(heapMB, local.DefaultSparkHeapMB)}
	h.over, h.end = context.WithCancelCause(context.Background())
	return h
}

// starts notes that a start of Spark begins.
func (h *fullHeap) starts(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.started = at
}

// died notes why a Spark, or its start, has ended.
func (h *fullHeap) died(err error, at time.Time) {
	if !errors.Is(err, local.ErrOutOfMemory) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if at.Sub(h.started) > fullHeapsSoon {
		h.inARow = 0
	}
	if h.inARow++; h.inARow == fullHeaps {
		h.end(h.hinted(fmt.Errorf("spark ran out of memory %d times in a row, with a heap of %d MB: %w", h.inARow, h.heapMB, err)))
	}
}

func (h *fullHeap) hinted(err error) error {
	return exit.New(exit.Failed, err,
		fmt.Sprintf("lakectl run --spark-heap %d gives it more; nothing is lost, the next run goes on from there", 2*h.heapMB))
}

// living returns the Spark that lives, waiting for one where it has died, and an error where it dies of its heap each time.
func (h *fullHeap) living(ctx context.Context, kept *local.Keeper[*local.Spark]) (*local.Spark, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.over, cancel)()
	s, err := kept.Living(ctx)
	if h.over.Err() != nil {
		return nil, context.Cause(h.over)
	}
	return s, err
}
