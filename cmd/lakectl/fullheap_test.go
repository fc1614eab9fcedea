package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
)

func TestFullHeap(t *testing.T) {
	full, other := fmt.Errorf("spark: %w", local.ErrOutOfMemory), errors.New("killed")
	start := time.Now()
	for name, tt := range map[string]struct {
		deaths []error
		lived  time.Duration
		ends   bool
	}{
		"five soon":           {[]error{full, full, full, full, full}, time.Second, true},
		"others between":      {[]error{full, other, full, full, full, full}, time.Second, true},
		"four":                {[]error{full, full, full, full}, time.Second, false},
		"after some time":     {[]error{full, full, full, full, full}, 2 * fullHeapsSoon, false},
		"killed all the time": {[]error{other, other, other, other, other}, time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFullHeap(700)
			for _, death := range tt.deaths {
				h.starts(start)
				h.died(death, start.Add(tt.lived))
			}
			err := context.Cause(h.over)
			if (err != nil) != tt.ends || tt.ends && !strings.Contains(exit.Hint(err), "--spark-heap 1400") {
				t.Errorf("got %v, %s", err, exit.Hint(err))
			}
		})
	}
}
