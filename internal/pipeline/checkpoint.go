package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

// Origin is what a checkpoint was made by. It is kept as <job>.json beside the checkpoint.
type Origin struct {
	Job jobs.Fingerprint `json:"job"`
	// The Kafka cluster and topic whose offsets the checkpoint counts; "" for a job that reads a
	// table. Another topic of the same name has another id.
	KafkaCluster string `json:"kafka_cluster,omitempty"`
	KafkaTopic   string `json:"kafka_topic,omitempty"`
}

// changes says what differs from o to now in what a checkpoint can't take.
func (o Origin) changes(now Origin) []string {
	changes := o.Job.Changes(now.Job)
	if o.KafkaCluster != now.KafkaCluster {
		changes = append(changes, fmt.Sprintf("kafka cluster: %s -> %s", o.KafkaCluster, now.KafkaCluster))
	} else if o.KafkaTopic != now.KafkaTopic {
		changes = append(changes, fmt.Sprintf("kafka topic (made anew under its old name): %s -> %s", o.KafkaTopic, now.KafkaTopic))
	}
	return changes
}

// guard refuses to start a job on a checkpoint that can't take it or is damaged, or to fill a table a second time
// because its checkpoint is gone. It applies to checkpoints in local folders.
func (p *Pipeline) guard(ctx context.Context, session *spark.Session, job jobs.Job, newTable bool) error {
	folder := p.config.Place.Checkpoint(job.Name)
	if !p.config.Place.LocalCheckpoints() {
		return nil
	}
	if err := p.guardFiles(ctx, session, job, folder, newTable); err != nil {
		return err
	}
	now := Origin{Job: job.Fingerprint()}
	if job.Source.Kafka != nil {
		now.KafkaCluster, now.KafkaTopic = p.kafka.ClusterID, p.kafka.TopicID
	}
	before, err := readOrigin(folder)
	if err != nil {
		return err
	}
	if before != nil {
		if changes := before.changes(now); len(changes) > 0 {
			return exit.New(exit.Refused,
				fmt.Errorf("the checkpoint of %s can't take this change: %s", job.Name, strings.Join(changes, "; ")),
				"undo the change, or use another --data-dir: a checkpoint belongs to one source, one state and one sink")
		}
		return nil
	}
	return writeOrigin(folder, now)
}

// guardFiles looks at the checkpoint's files.
func (p *Pipeline) guardFiles(ctx context.Context, session *spark.Session, job jobs.Job, folder string, newTable bool) error {
	contents, err := checkpoint.Look(folder)
	if err != nil {
		return err
	}
	var damaged *checkpoint.DamagedError
	switch err := checkpoint.Check(folder); {
	case errors.As(err, &damaged):
		return exit.New(exit.Refused, fmt.Errorf("the checkpoint of %s is damaged: %w", job.Name, err), ResetHint(job))
	case err != nil && !errors.Is(err, checkpoint.ErrNone):
		return fmt.Errorf("look at the checkpoint of %s: %w", job.Name, err)
	}
	switch {
	case len(contents.Commits) > 0 && newTable:
		return exit.New(exit.Refused,
			fmt.Errorf("table %s is gone, but the checkpoint of %s goes on behind what was in it", job.Sink.Table, job.Name),
			"put the table's folder back, or "+ResetHint(job))
	case len(contents.Commits) > 0:
		return checkpoint.RemoveStart(folder)
	case len(contents.Offsets) > 0: // where the first batch begins is settled
		return nil
	}
	return p.begins(ctx, session, job, folder, newTable)
}

// ResetHint is what to do about a checkpoint that a query can't go on from.
func ResetHint(job jobs.Job) string {
	if job.Source.Kafka != nil {
		return "lakectl checkpoint reset " + job.Name + " --from current-table begins a new one behind what the table has"
	}
	return "lakectl checkpoint reset " + job.Name + " --from earliest makes the table again from its source"
}

// begins settles where a query begins that has no checkpoint yet, or one without a batch. With rows in its table
// that must have been asked for.
func (p *Pipeline) begins(ctx context.Context, session *spark.Session, job jobs.Job, folder string, newTable bool) error {
	from, noted, err := checkpoint.ReadStart(folder)
	if err != nil {
		return exit.New(exit.Refused, err, ResetHint(job))
	}
	if noted && job.Source.Kafka != nil {
		return p.beginsIn(ctx, session, job, from)
	}
	if newTable {
		return nil
	}
	rows, err := session.Query(ctx, "SELECT 1 FROM "+p.config.Place.Table(job.Sink.Table)+" LIMIT 1")
	if err != nil {
		return fmt.Errorf("look into table %s: %w", job.Sink.Table, err)
	}
	if len(rows.Values) > 0 {
		return exit.New(exit.Refused,
			fmt.Errorf("the checkpoint of %s is gone, but its table %s has rows: starting over would write them twice", job.Name, job.Sink.Table),
			"put the folder "+folder+" back, or "+ResetHint(job))
	}
	return nil
}

// beginsIn settles the offsets that a query begins at: those that were asked for, and none that its table has.
func (p *Pipeline) beginsIn(ctx context.Context, session *spark.Session, job jobs.Job, from checkpoint.From) error {
	floor, err := TableOffsets(ctx, session, p.config.Place, job)
	if err != nil {
		return err
	}
	if p.kafka.Topic == nil {
		return fmt.Errorf("begin %s %s: the topic can't be asked", job.Name, from)
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

func readOrigin(folder string) (*Origin, error) {
	text, err := os.ReadFile(folder + ".json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what the checkpoint was made by: %w", err)
	}
	var o Origin
	if err := json.Unmarshal(text, &o); err != nil {
		return nil, exit.New(exit.Refused, fmt.Errorf("read %s.json: %w", folder, err),
			"the file says what the checkpoint was made by; restore it, or delete it if no job's SQL has changed since")
	}
	return &o, nil
}

func writeOrigin(folder string, o Origin) error {
	text, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o700); err != nil {
		return fmt.Errorf("write what the checkpoint is made by: %w", err)
	}
	temporary := folder + ".json.tmp"
	if err := os.WriteFile(temporary, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write what the checkpoint is made by: %w", err)
	}
	return os.Rename(temporary, folder+".json")
}

// CommittedOffsets reads from a local checkpoint of a Kafka job the offsets up to which it has
// planned its batches, by partition: what is behind them in the topic is its backlog. It returns nil
// where there is no checkpoint yet.
func CommittedOffsets(folder, topic string) (map[int32]int64, error) {
	contents, err := checkpoint.Look(folder)
	if err != nil || len(contents.Offsets) == 0 {
		return nil, err
	}
	id := contents.Offsets[len(contents.Offsets)-1]
	batch, err := checkpoint.Planned(folder, id)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %s: batch %d: %w", folder, id, err)
	}
	return batch.TopicOffsets(topic)
}
