package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/tablefiles"
	"github.com/cryptostream/lakectl/jobs"
)

// readPatience is how long a query that has something to read may commit nothing.
const readPatience = 5 * time.Minute

// awaitRead waits until queries have committed all rows that the table that they read had at a version.
func awaitRead(ctx context.Context, place ddl.Place, version int64, readers ...jobs.Job) error {
	for _, job := range readers {
		if err := awaitVersion(ctx, place, job, version); err != nil {
			return err
		}
	}
	return nil
}

func awaitVersion(ctx context.Context, place ddl.Place, job jobs.Job, version int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := time.AfterFunc(readPatience, func() {
		cancel(exit.New(exit.Failed, fmt.Errorf("%s has committed nothing for %s, and has not read all of its source", job.Name, readPatience), "see lakectl status and lakectl logs spark"))
	})
	defer idle.Stop()
	last := int64(-1)
	err := poll(ctx, job.Name+" to read its source", func() (bool, error) {
		batch, err := checkpoint.Committed(place.Checkpoint(job.Name))
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
		if err != nil || !known || read >= version {
			return known && read >= version, err
		}
		return nothingBetween(place.Path(job.Source.Table), read, version)
	})
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// nothingBetween reports that no version of a table after one, up to another, has rows for a reader: for what a
// compaction has written no batch is made.
func nothingBetween(table string, after, upTo int64) (bool, error) {
	log, err := tablefiles.ReadLog(table)
	if err != nil {
		return false, err
	}
	next, unread, err := log.Unread(after+1, time.Now().AddDate(1, 0, 0)) // whatever the time of its file
	return err == nil && (!unread || next > upTo), err
}
