package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/jobs"
)

// readPatience is how long a query that has something to read may commit nothing.
const readPatience = 5 * time.Minute

// awaitRead waits until queries have committed a version of the table that they read.
func awaitRead(ctx context.Context, place ddl.Place, version int64, readers ...jobs.Job) error {
	for _, job := range readers {
		if err := awaitVersion(ctx, place.Checkpoint(job.Name), job.Name, version); err != nil {
			return err
		}
	}
	return nil
}

func awaitVersion(ctx context.Context, folder, job string, version int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := time.AfterFunc(readPatience, func() {
		cancel(exit.New(exit.Failed, fmt.Errorf("%s has committed nothing for %s, and has not read all of its source", job, readPatience), "see lakectl status and lakectl logs spark"))
	})
	defer idle.Stop()
	last := int64(-1)
	err := poll(ctx, job+" to read its source", func() (bool, error) {
		batch, err := checkpoint.Committed(folder)
		if errors.Is(err, checkpoint.ErrNone) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if batch.ID != last {
			last = batch.ID
			idle.Reset(readPatience)
		}
		read, known, err := batch.TableVersion()
		return known && read >= version, err
	})
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}
