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

// guard refuses to start a job on a checkpoint that can't take it, or to fill a table a second time
// because its checkpoint is gone. It applies to checkpoints in local folders.
func (p *Pipeline) guard(ctx context.Context, session *spark.Session, job jobs.Job, newTable bool) error {
	checkpoint := p.config.Place.Checkpoint(job.Name)
	if !p.config.Place.LocalCheckpoints() {
		return nil
	}
	if !newTable {
		if err := refuseLostCheckpoint(ctx, session, p.config.Place, job, checkpoint); err != nil {
			return err
		}
	}
	now := Origin{Job: job.Fingerprint()}
	if job.Source.Kafka != nil {
		now.KafkaCluster, now.KafkaTopic = p.kafka.ClusterID, p.kafka.TopicID
	}
	before, err := readOrigin(checkpoint)
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
	return writeOrigin(checkpoint, now)
}

func refuseLostCheckpoint(ctx context.Context, session *spark.Session, place ddl.Place, job jobs.Job, checkpoint string) error {
	_, err := os.Stat(filepath.Join(checkpoint, "metadata"))
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look at the checkpoint of %s: %w", job.Name, err)
	}
	rows, err := session.Query(ctx, "SELECT 1 FROM "+place.Table(job.Sink.Table)+" LIMIT 1")
	if err != nil {
		return fmt.Errorf("look into table %s: %w", job.Sink.Table, err)
	}
	if len(rows.Values) > 0 {
		return exit.New(exit.Refused,
			fmt.Errorf("the checkpoint of %s is gone, but its table %s has rows: starting over would write them twice", job.Name, job.Sink.Table),
			"put the folder "+checkpoint+" back, or use another --data-dir")
	}
	return nil
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
	temporary := checkpoint + ".json.tmp"
	if err := os.WriteFile(temporary, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write what the checkpoint is made by: %w", err)
	}
	return os.Rename(temporary, checkpoint+".json")
}

// CommittedOffsets reads from a local checkpoint of a Kafka job the offsets up to which it has
// planned its batches, by partition: what is behind them in the topic is its backlog. It returns nil
// where there is no checkpoint yet.
func CommittedOffsets(checkpoint, topic string) (map[int32]int64, error) {
	entries, err := os.ReadDir(filepath.Join(checkpoint, "offsets"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	newest, batch := "", int64(-1)
	for _, e := range entries {
		var n int64
		if _, err := fmt.Sscanf(e.Name(), "%d", &n); err == nil && n > batch {
			newest, batch = e.Name(), n
		}
	}
	if newest == "" {
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Join(checkpoint, "offsets", newest))
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	// v1, the batch's metadata, then one line per source.
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	var offsets map[string]map[int32]int64
	if len(lines) < 3 || json.Unmarshal([]byte(lines[2]), &offsets) != nil {
		return nil, fmt.Errorf("read checkpoint: %s/offsets/%s is not an offset log", checkpoint, newest)
	}
	return offsets[topic], nil
}
