// Package conflict tries a change of a Delta table again where another writer was faster: Delta lets the second of two
// writers fail that have read or removed the same files.
package conflict

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/cryptostream/lakectl/internal/exit"
)

// Tries of a change that meets conflicts. A query appends to the same dates once in a while, and a change takes seconds.
const Tries = 10

// Retry does something, and once more after each conflict, with what the tables hold by then. It tells met of each one.
// Errors: that of do if it is no conflict, and exit code 1 after Tries conflicts.
func Retry(ctx context.Context, met func(), do func() error) error {
	delay := backoff.NewExponentialBackOff()
	delay.InitialInterval, delay.MaxInterval = 200*time.Millisecond, 10*time.Second
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := do()
		switch {
		case err == nil:
			return struct{}{}, nil
		case is(err):
			met()
			return struct{}{}, err
		}
		return struct{}{}, backoff.Permanent(err)
	}, backoff.WithBackOff(delay), backoff.WithMaxTries(Tries))
	if is(err) {
		return exit.New(exit.Failed, fmt.Errorf("in conflict with other writers %d times: %w", Tries, err), "nothing is lost; run it again when the queries have less to do")
	}
	return err
}

// is reports that Delta refused a commit because of one that came before it.
func is(err error) bool {
	return err != nil && slices.ContainsFunc([]string{"[DELTA_CONCURRENT_", "[DELTA_METADATA_CHANGED"}, func(class string) bool {
		return strings.Contains(err.Error(), class)
	})
}
