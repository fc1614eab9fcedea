package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cryptostream/lakectl/internal/spark"
)

// A query that goes on at the server after its lakectl has ended runs what that one wanted. What it was
// started with is remembered as a setting of its session, which lives as long as the query does.

// planKey is the name of that setting.
func (r *run) planKey() string { return "spark.lakectl.plan." + r.job.Name }

// plan is a hash of all that the query is started with but its mode: the login is among it.
func (r *run) plan() (string, error) {
	all := []any{r.job.Source, r.job.Steps, r.job.Watermark, r.job.Deduplicate, r.job.Sink, r.interval(), r.pipeline.config.Place}
	if r.job.Source.Kafka != nil {
		all = append(all, r.pipeline.kafka.Options)
	}
	text, err := json.Marshal(all)
	if err != nil {
		return "", fmt.Errorf("describe %s: %w", r.job.Name, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// remember notes what the query was started with, for a server that takes such a setting.
func (r *run) remember(ctx context.Context) error {
	plan, err := r.plan()
	if err != nil {
		return err
	}
	return setOptional(ctx, r.session, r.planKey(), plan)
}

// adopt takes over a query that runs already, unless it runs something else than the job is now: then it
// stops it. Where the server remembers nothing, the query is taken as it is.
func (r *run) adopt(ctx context.Context, q *spark.StreamingQuery) (bool, error) {
	plan, err := r.plan()
	if err != nil {
		return false, err
	}
	before, err := r.session.Conf(ctx, r.planKey())
	if err != nil && serverGone(err) {
		return false, err
	}
	if err == nil && before != "" && before != plan {
		r.pipeline.report(r.job.Name, Restarting, nil, "what it ran is not what the job is now")
		return false, q.Stop(ctx)
	}
	r.query, r.since = q, time.Now()
	r.pipeline.begun(r)
	r.pipeline.report(r.job.Name, Adopted, nil, "it was running")
	return true, nil
}
