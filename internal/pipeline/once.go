package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

// Once runs a job that is none of the pipeline's own over all that its source holds, in a session of its own, and
// returns when that is in the sink. The sink must be registered; a pipeline may write it meanwhile. The checkpoint is
// guarded as a pipeline's is. Where ctx ends first the query is stopped, and goes on from its checkpoint the next time; one
// that an earlier call has left behind on the same server is stopped by Spark.
//
// progress is told how many rows were read so far; it may be nil.
func Once(ctx context.Context, config Config, job jobs.Job, progress func(rows int64)) error {
	p := &Pipeline{config: config, starts: map[string]string{}, status: map[string]*QueryStatus{job.Name: {Name: job.Name}}}
	if p.config.Report == nil {
		p.config.Report = func(Event) {}
	}
	session, err := config.Connect(ctx, "")
	if err != nil {
		return err
	}
	defer session.End()
	if p.kafka, err = config.Kafka(ctx); err != nil {
		return err
	}
	if err := p.guard(ctx, session, job, false); err != nil {
		return err
	}
	query, err := p.start(ctx, session, job, p.kafka.mode(), spark.AvailableNow())
	if err != nil {
		return err
	}
	r := &run{pipeline: p, session: session, job: job, query: query, mode: p.kafka.mode()}
	if err := r.toEnd(ctx, progress); err != nil {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		_ = query.Stop(stop)
		return fmt.Errorf("run %s: %w", job.Name, err)
	}
	return nil
}

// toEnd waits until a query that stops by itself has done so.
func (r *run) toEnd(ctx context.Context, progress func(rows int64)) error {
	ended := make(chan error, 1)
	go func() { ended <- r.query.AwaitTermination(ctx) }()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-ticker.C:
		}
		recent, err := r.query.RecentProgress(ctx)
		if err != nil || progress == nil {
			continue // how it ends is what counts
		}
		r.pipeline.progressed(r, recent)
		progress(r.pipeline.rows(r.job))
	}
}

func (p *Pipeline) rows(job jobs.Job) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status[job.Name].Rows
}
