package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

// run is one job's query within one session. It is used by one goroutine at a time.
type run struct {
	pipeline *Pipeline
	session  *spark.Session
	job      jobs.Job
	query    *spark.StreamingQuery // nil while it waits for the others
	mode     Mode
	since    time.Time // when the query was started or adopted
	delay    *backoff.ExponentialBackOff

	unsettled time.Time // since when it could go live but for a window that waits to be written
}

// begin adopts the job's query if it runs already, and otherwise starts it or, where it is to wait for
// the others, leaves that to watch. newTable says that its table was made just now.
func (r *run) begin(ctx context.Context, running []*spark.StreamingQuery, newTable bool) error {
	if err := r.pipeline.guard(ctx, r.session, r.job, newTable); err != nil {
		return err
	}
	for _, q := range running {
		if q.Name == r.job.Name {
			if adopted, err := r.adopt(ctx, q); adopted || err != nil {
				return err
			}
		}
	}
	if r.mode == CatchUp && r.job.Quarantine != "" {
		r.pipeline.deferred(r)
		return nil
	}
	return r.start(ctx)
}

func (r *run) start(ctx context.Context) error {
	interval := r.interval()
	if r.mode == CatchUp {
		interval = min(interval, catchUpTrigger)
	}
	query, err := r.pipeline.start(ctx, r.session, r.job, r.mode, spark.ProcessingTime(interval))
	if err != nil {
		return err
	}
	r.query, r.since = query, time.Now()
	r.pipeline.begun(r)
	r.pipeline.report(r.job.Name, Started, nil, "%s, every %s", r.mode, interval)
	return r.remember(ctx)
}

// interval is the trigger of the query when it is live.
func (r *run) interval() time.Duration {
	if r.pipeline.config.Trigger > 0 {
		return r.pipeline.config.Trigger
	}
	return r.job.Trigger
}

// catchUpTrigger is the longest interval with a backlog: a batch that has just missed its turn would
// leave a core idle until the next.
const catchUpTrigger = time.Second

// awaitRows waits until the query has read its first rows, or ctx ends.
func (r *run) awaitRows(ctx context.Context) {
	for sleep(ctx, 200*time.Millisecond) {
		last, err := r.query.LastProgress(ctx)
		if err != nil || last != nil && last.InputRows > 0 {
			return
		}
	}
}

// watch keeps the query running until ctx ends. It returns an error when the session or server is
// gone, or when the query failed for good.
func (r *run) watch(ctx context.Context) error {
	if r.query == nil {
		for r.pipeline.catchingUp(false) {
			if !sleep(ctx, pollInterval) {
				return nil
			}
		}
		if err := r.start(ctx); err != nil {
			return err
		}
	}
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := r.check(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// check looks at the query once, and restarts it where it has ended.
func (r *run) check(ctx context.Context) error {
	recent, err := r.query.RecentProgress(ctx)
	if err != nil {
		return err
	}
	r.pipeline.progressed(r, recent)
	status, err := r.query.Status(ctx)
	if err != nil {
		return err
	}
	if !status.Active {
		return r.restart(ctx)
	}
	if r.mode == CatchUp {
		if since, ok := r.pipeline.sourceLive(r.job); ok && r.mayGoLive(recent, since) {
			return r.goLive(ctx)
		}
	}
	return nil
}

func (r *run) restart(ctx context.Context) error {
	failed, err := r.query.Exception(ctx)
	if err != nil {
		return err
	}
	var cause error
	if failed != nil {
		cause = r.pipeline.damaged(r.job, fmt.Errorf("query %s: %w", r.job.Name, failed))
	} else {
		cause = fmt.Errorf("query %s was stopped by someone else", r.job.Name)
	}
	for {
		if fatal := fatality(cause); fatal != nil {
			return fatal
		}
		if time.Since(r.since) > healthyFor {
			r.delay.Reset()
		}
		wait := r.delay.NextBackOff().Round(time.Millisecond)
		r.pipeline.failed(r.job.Name, cause)
		r.pipeline.report(r.job.Name, Restarting, cause, "from its checkpoint in %s", wait)
		if !sleep(ctx, wait) {
			return nil
		}
		if cause = r.start(ctx); cause == nil || serverGone(cause) {
			return cause
		}
	}
}

// goLive starts a query that has caught up again, from its checkpoint, with plans for small batches.
func (r *run) goLive(ctx context.Context) error {
	if err := r.query.Stop(ctx); err != nil {
		return err
	}
	r.mode = Live
	r.pipeline.report(r.job.Name, Switched, nil, "caught up")
	return r.start(ctx)
}

// mayGoLive reports that the query has caught up and may be restarted. A large batch that follows a small one makes
// its windows wait anew.
func (r *run) mayGoLive(recent []spark.Progress, since time.Time) bool {
	if !caughtUp(recent, since) {
		r.unsettled = time.Time{}
		return false
	}
	return r.settled(recent)
}

// caughtUpRows is the size of a batch that interpreted plans get through within a trigger.
const caughtUpRows = 5_000

// caughtUp reports that the newest batch, begun after since, was small: the query waits for its
// source again.
func caughtUp(recent []spark.Progress, since time.Time) bool {
	if len(recent) == 0 {
		return false
	}
	last := recent[len(recent)-1]
	return last.BatchID > 0 && last.Timestamp.After(since) && last.InputRows < caughtUpRows && last.Sources != nil && last.Lag() < caughtUpLag
}

// caughtUpLag is in records for Kafka and in bytes for Delta, where it is about as many rows.
const caughtUpLag = 1_000_000

// settled reports that the newest batch has closed no window that only another batch would write. After
// a new start, Spark does not know of such windows until a row comes: where one may never come, they
// would be missing. Where rows come all the time there is no such moment, and no need of it.
func (r *run) settled(recent []spark.Progress) bool {
	if !r.job.Aggregates() || recent[len(recent)-1].InputRows == 0 {
		return true
	}
	if r.unsettled.IsZero() {
		r.unsettled = time.Now()
	}
	return time.Since(r.unsettled) > settleTime
}

// settleTime is some triggers of an aggregating job.
const settleTime = 30 * time.Second

// drain processes what is there and ends. Jobs that aggregate go on until there is nothing left, see
// settled; others are replaced by a query that stops at what there is now, since a topic may never end.
func (r *run) drain(ctx context.Context) error {
	status, err := r.query.Status(ctx)
	if err != nil {
		return err
	}
	finish := (*spark.StreamingQuery).ProcessAllAvailable
	if !status.Active || !r.job.Aggregates() {
		if err := r.query.Stop(ctx); err != nil {
			return err
		}
		finish = (*spark.StreamingQuery).AwaitTermination
		if r.query, err = r.pipeline.start(ctx, r.session, r.job, r.mode, spark.AvailableNow()); err != nil {
			return err
		}
		r.since = time.Now()
	}
	query, ended := r.query, make(chan error, 1)
	go func() { ended <- finish(query, ctx) }()
	for waiting := true; waiting; {
		select {
		case err := <-ended:
			if err != nil {
				return fmt.Errorf("drain %s: %w", r.job.Name, err)
			}
			waiting = false
		case <-time.After(pollInterval):
		}
		if recent, err := query.RecentProgress(ctx); err == nil {
			r.pipeline.progressed(r, recent)
		}
	}
	return query.Stop(ctx)
}
