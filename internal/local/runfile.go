package local

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// RunFile is run.json of a data dir: what other terminals need to reach a run, and what the next run
// must know of the last. It has credentials, so only its owner can read it. It outlives its run: ask
// Locked whether one is there.
type RunFile struct {
	Version   string    `json:"version"`    // of lakectl
	PID       int       `json:"pid"`        // of lakectl
	StartedAt time.Time `json:"started_at"` // UTC
	Source    string    `json:"source"`     // what the prices are: binance, coingecko, simulated, replay
	SessionID string    `json:"session_id"` // of the Spark Connect session that the queries run in

	Kafka     KafkaRun          `json:"kafka"`
	Spark     SparkRun          `json:"spark"`
	Target    *TargetRun        `json:"target,omitempty"`    // nil: a local run
	Dashboard string            `json:"dashboard,omitempty"` // its URL
	Queries   map[string]string `json:"queries,omitempty"`   // ids of the streaming queries, by job
}

// KafkaRun is how to reach the run's Kafka.
type KafkaRun struct {
	PID       int    `json:"pid,omitempty"` // 0: not ours
	Addr      string `json:"addr"`          // host:port, with commas between several
	Username  string `json:"username,omitempty"`
	Password  string `json:"password,omitempty"`
	ClusterID string `json:"cluster_id,omitempty"`
	Topic     string `json:"topic,omitempty"`
	TopicID   string `json:"topic_id,omitempty"` // tells a topic from a later one of the same name
}

// SparkRun is how to reach the run's Spark Connect server.
type SparkRun struct {
	PID    int    `json:"pid,omitempty"` // 0: not ours
	Remote string `json:"remote"`        // host:port
	Token  string `json:"token,omitempty"`
}

// TargetRun is the target that a run uses, and where its tables are.
type TargetRun struct {
	Name    string   `json:"name"`
	Folder  string   `json:"folder,omitempty"` // of the user's own targets
	Set     []string `json:"set,omitempty"`    // what the command line said differently, key=value
	Profile string   `json:"profile,omitempty"`
	CA      string   `json:"ca,omitempty"` // file

	Catalog     string `json:"catalog,omitempty"`
	Schema      string `json:"schema"`
	Warehouse   string `json:"warehouse,omitempty"`
	Checkpoints string `json:"checkpoints"`
}

// RunFilePath is where a data dir has its run.json.
func RunFilePath(dataDir string) string { return filepath.Join(dataDir, "run.json") }

// ReadRunFile reads run.json. The error is fs.ErrNotExist where nothing has run yet.
func ReadRunFile(dataDir string) (RunFile, error) {
	data, err := os.ReadFile(RunFilePath(dataDir))
	if err != nil {
		return RunFile{}, fmt.Errorf("read the run file: %w", err)
	}
	var run RunFile
	if err := json.Unmarshal(data, &run); err != nil {
		return RunFile{}, fmt.Errorf("read the run file %s: %w", RunFilePath(dataDir), err)
	}
	return run, nil
}

// Write replaces run.json in one step.
func (r RunFile) Write(dataDir string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write the run file: %w", err)
	}
	if err := makePrivate(dataDir); err != nil {
		return err
	}
	if err := writeFile(RunFilePath(dataDir), append(data, '\n'), true); err != nil {
		return fmt.Errorf("write the run file: %w", err)
	}
	return nil
}
