package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

// beginsAnew reports whether a query begins a new checkpoint that was asked for, behind what its table has, and settles
// where. It refuses a checkpoint that is damaged. It looks at checkpoints in local folders only.
func (p *Pipeline) beginsAnew(ctx context.Context, session *spark.Session, job jobs.Job) (bool, error) {
	if !p.config.Place.LocalCheckpoints() {
		return false, nil
	}
	folder := p.config.Place.Checkpoint(job.Name)
	var damaged *checkpoint.DamagedError
	switch err := checkpoint.Check(folder); {
	case errors.As(err, &damaged):
		return false, exit.New(exit.Refused, fmt.Errorf("the checkpoint of %s is damaged: %w", job.Name, err), ResetHint(job))
	case err != nil && !errors.Is(err, checkpoint.ErrNone):
		return false, fmt.Errorf("look at the checkpoint of %s: %w", job.Name, err)
	}
	from, noted, err := checkpoint.ReadStart(folder)
	if err != nil {
		return false, exit.New(exit.Refused, err, ResetHint(job))
	}
	if !noted || job.Source.Kafka == nil {
		return false, nil
	}
	contents, err := checkpoint.Look(folder)
	switch {
	case err != nil:
		return false, err
	case len(contents.Commits) > 0: // it goes by itself now
		return false, checkpoint.RemoveStart(folder)
	case len(contents.Offsets) > 0: // where the first batch begins is settled
		return false, nil
	}
	return len(contents.QueryID) == 0, p.settleStart(ctx, session, job, from)
}

// ResetHint is what to do about a checkpoint that a query can't go on from.
func ResetHint(job jobs.Job) string {
	if job.Source.Kafka != nil {
		return "lakectl checkpoint reset " + job.Name + " --from current-table begins a new one behind what the table has"
	}
	return "lakectl checkpoint reset " + job.Name + " --from earliest makes the table again from its source"
}

// settleStart looks up the offsets that a query begins at: those that were asked for, and none that its table has.
func (p *Pipeline) settleStart(ctx context.Context, session *spark.Session, job jobs.Job, from checkpoint.From) error {
	floor, err := TableOffsets(ctx, session, p.config.Place, job)
	if err != nil {
		return err
	}
	if p.kafka.Topic == nil {
		return fmt.Errorf("begin %s from %s: the topic can't be asked", job.Name, from)
	}
	topic, err := p.kafka.Topic(ctx, from.At)
	if err != nil {
		return err
	}
	starts, err := from.StartingOffsets(floor, topic)
	if err != nil {
		return exit.New(exit.Refused, fmt.Errorf("begin %s: %w", job.Name, err),
			"the topic was made anew, and its offsets would be in the table twice: use another --data-dir")
	}
	text, err := json.Marshal(map[string]map[int32]int64{job.Source.Kafka.Topic: starts})
	if err != nil {
		return err
	}
	p.starts[job.Name] = string(text)
	p.report(job.Name, Resumed, nil, "a new checkpoint, from %s: offsets %v", from, starts)
	return nil
}

// TableOffsets returns the offset behind the last record of each partition that the table of a job that reads Kafka
// has.
func TableOffsets(ctx context.Context, session *spark.Session, place ddl.Place, job jobs.Job) (map[int32]int64, error) {
	rows, err := session.Query(ctx, "SELECT partition, max(offset) + 1 FROM "+place.Table(job.Sink.Table)+
		" WHERE topic = "+ddl.Literal(job.Source.Kafka.Topic)+" GROUP BY partition")
	if err != nil {
		return nil, fmt.Errorf("look for the last offsets in table %s: %w", job.Sink.Table, err)
	}
	floor := map[int32]int64{}
	for _, row := range rows.Values {
		partition, _ := row[0].(int64)
		next, ok := row[1].(int64)
		if !ok {
			return nil, fmt.Errorf("look for the last offsets in table %s: %v is none", job.Sink.Table, row)
		}
		floor[int32(partition)] = next
	}
	return floor, nil
}
