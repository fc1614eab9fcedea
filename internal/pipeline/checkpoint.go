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

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/internal/wholefile"
	"github.com/cryptostream/lakectl/jobs"
)

// Origin is what a checkpoint was made by. It is kept beside the checkpoint, as
// <job>.json, or in a property of the sink table where lakectl can't look there.
type Origin struct {
	Job jobs.Fingerprint `json:"job"`
	// The Kafka cluster and topic whose offsets the checkpoint counts; "" for a job that reads a
	// table. Another topic of the same name has another id.
	KafkaCluster string `json:"kafka_cluster,omitempty"`
	KafkaTopic   string `json:"kafka_topic,omitempty"`
}

// changes says what differs from o to now in what a checkpoint can't take. Where one of the two does not
// know the topic, it is not compared: Kafka was out of lakectl's reach.
func (o Origin) changes(now Origin) []string {
	changes := o.Job.Changes(now.Job)
	switch {
	case o.KafkaCluster == "" || now.KafkaCluster == "":
	case o.KafkaCluster != now.KafkaCluster:
		changes = append(changes, fmt.Sprintf("kafka cluster: %s -> %s", o.KafkaCluster, now.KafkaCluster))
	case o.KafkaTopic != now.KafkaTopic:
		changes = append(changes, fmt.Sprintf("kafka topic (made anew under its old name): %s -> %s", o.KafkaTopic, now.KafkaTopic))
	}
	return changes
}

// checkpoints looks at a place's checkpoints and remembers what each was made by.
type checkpoints interface {
	// exists reports whether a query was ever started on the job's checkpoint.
	exists(ctx context.Context, job jobs.Job) (bool, error)
	// origin returns nil where nothing was recorded yet.
	origin(ctx context.Context, job jobs.Job) (*Origin, error)
	record(ctx context.Context, job jobs.Job, o Origin) error
}

func checkpointsOf(place ddl.Place, session *spark.Session) checkpoints {
	if place.LocalCheckpoints() {
		return folders{place}
	}
	return remoteCheckpoints{place, session}
}

// guard refuses to start a job on a checkpoint that can't take it, to fill a table a second time because
// its checkpoint is gone, and to go on behind the rows of a table that is gone.
func (p *Pipeline) guard(ctx context.Context, session *spark.Session, job jobs.Job, newTable bool) error {
	all := checkpointsOf(p.config.Place, session)
	anew, err := p.beginsAnew(ctx, session, job)
	if err != nil {
		return err
	}
	if anew {
		newTable = true // its rows are known of
	}
	if err := refuseLost(ctx, session, p.config.Place, job, all, newTable); err != nil {
		return err
	}
	now := Origin{Job: job.Fingerprint()}
	if job.Source.Kafka != nil {
		now.KafkaCluster, now.KafkaTopic = p.kafka.ClusterID, p.kafka.TopicID
	}
	before, err := all.origin(ctx, job)
	if err != nil {
		return err
	}
	if before == nil {
		return all.record(ctx, job, now)
	}
	if changes := before.changes(now); len(changes) > 0 {
		return exit.New(exit.Refused,
			fmt.Errorf("the checkpoint of %s can't take this change: %s", job.Name, strings.Join(changes, "; ")),
			"undo the change, or use "+otherPlace(p.config.Place)+": a checkpoint belongs to one source, one state and one sink")
	}
	return nil
}

// otherPlace is what to choose where the checkpoints of a place won't do.
func otherPlace(place ddl.Place) string {
	if place.LocalCheckpoints() {
		return "another --data-dir"
	}
	return "another schema and other checkpoints in the target"
}

// otherWay is what to do where a checkpoint and its table don't go together.
func otherWay(place ddl.Place, job jobs.Job) string {
	if place.LocalCheckpoints() {
		return ResetHint(job)
	}
	return "use " + otherPlace(place) + "; if the rows may be made again, remove " + place.Checkpoint(job.Name) + " and the table"
}

// refuseLost refuses a checkpoint whose table is gone and a table whose checkpoint is.
func refuseLost(ctx context.Context, session *spark.Session, place ddl.Place, job jobs.Job, all checkpoints, newTable bool) error {
	exists, err := all.exists(ctx, job)
	if err != nil {
		return fmt.Errorf("look at the checkpoint of %s: %w", job.Name, err)
	}
	if exists && newTable {
		return exit.New(exit.Refused,
			fmt.Errorf("the table %s is gone, but the checkpoint of %s is not: its rows would be missing", job.Sink.Table, job.Name),
			"put the table back, or "+otherWay(place, job))
	}
	if exists || newTable {
		return nil
	}
	rows, err := session.Query(ctx, "SELECT 1 FROM "+place.Table(job.Sink.Table)+" WHERE "+ddl.Own(job)+" LIMIT 1")
	if err != nil {
		return fmt.Errorf("look into table %s: %w", job.Sink.Table, err)
	}
	if len(rows.Values) > 0 {
		return exit.New(exit.Refused,
			fmt.Errorf("the checkpoint of %s is gone, but its table %s has rows: starting over would write them twice", job.Name, job.Sink.Table),
			"put the folder "+place.Checkpoint(job.Name)+" back, or "+otherWay(place, job))
	}
	return nil
}

// folders are checkpoints that lakectl can look into; <job>.json beside each says what made it.
type folders struct{ place ddl.Place }

func (f folders) exists(_ context.Context, job jobs.Job) (bool, error) {
	_, err := os.Stat(filepath.Join(f.place.Checkpoint(job.Name), "metadata"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (f folders) origin(_ context.Context, job jobs.Job) (*Origin, error) {
	return readOrigin(f.place.Checkpoint(job.Name))
}

func (f folders) record(_ context.Context, job jobs.Job, o Origin) error {
	return writeOrigin(f.place.Checkpoint(job.Name), o)
}

func readOrigin(checkpoint string) (*Origin, error) {
	text, err := os.ReadFile(checkpoint + ".json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what the checkpoint was made by: %w", err)
	}
	var o Origin
	if err := json.Unmarshal(text, &o); err != nil {
		return nil, exit.New(exit.Refused, fmt.Errorf("read %s.json: %w", checkpoint, err),
			"the file says what the checkpoint was made by; restore it, or delete it if no job's SQL has changed since")
	}
	return &o, nil
}

func writeOrigin(checkpoint string, o Origin) error {
	text, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(checkpoint), 0o700); err != nil {
		return fmt.Errorf("write what the checkpoint is made by: %w", err)
	}
	if err := wholefile.Write(checkpoint+".json", append(text, '\n')); err != nil {
		return fmt.Errorf("write what the checkpoint is made by: %w", err)
	}
	return nil
}
