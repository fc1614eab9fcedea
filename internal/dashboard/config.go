package dashboard

import (
	"context"
	"log/slog"
	"time"
)

// Names of the tables that are read.
const (
	silver      = "silver_prices"
	deadLetters = "dead_letter"
)

// Config is what a dashboard is joined with.
type Config struct {
	// Query runs a statement on the tables and reads its rows. Values are nil, bool, int64, float64,
	// string (DECIMAL too, as exact text), []byte, time.Time in UTC, or []any. After an error it is
	// called again: where its session is lost, it opens another.
	Query func(ctx context.Context, statement string) ([][]any, error)
	// Version is a text that changes when a table is written to. It is called ten times a second while
	// somebody looks, so it must be cheap.
	Version func(table string) (string, error)
	// Status says what the run does. It is called every other second.
	Status func() Status
	// Token, where it is not "", is asked for before anything is shown.
	Token string
	Log   *slog.Logger
}

// RunState is how far a run is.
type RunState string

// The states of a run.
const (
	Starting RunState = "starting"
	Running  RunState = "running"
	Stopping RunState = "stopping"
	Stopped  RunState = "stopped"
)

// Status is what a run does. Times are UTC.
type Status struct {
	State   RunState `json:"state"`
	Source  Source   `json:"source"`
	Queries []Query  `json:"queries"`
}

// Source is where quotes are from, and whether they come.
type Source struct {
	Name    string        `json:"name"`              // binance, coingecko, simulated, replay, or none: others publish
	StandIn bool          `json:"stand_in"`          // made up, since no exchange has answered
	Ended   bool          `json:"ended"`             // there will be no more
	TakenAt time.Time     `json:"taken_at,omitzero"` // the last quote; zero where none was, or nobody knows
	Pace    time.Duration `json:"pace,omitzero"`     // between quotes, at most; 0 where they come as they come
	KafkaUp bool          `json:"kafka_up"`          // takes messages
	Waiting int64         `json:"waiting"`           // quotes taken that Kafka has not acknowledged
	Error   string        `json:"error,omitempty"`   // the last one
}

// Query is the state of one streaming query.
type Query struct {
	Name           string  `json:"name"`
	State          string  `json:"state"` // in the pipeline's words
	Healthy        bool    `json:"healthy"`
	CatchingUp     bool    `json:"catching_up"`
	Rows           int64   `json:"rows"` // read since the run started
	RowsPerSecond  float64 `json:"rows_per_second"`
	BatchSeconds   float64 `json:"batch_seconds"`
	Lag            int64   `json:"lag"` // behind the source, in LagUnit; -1 where unknown
	LagUnit        string  `json:"lag_unit"`
	LatencySeconds float64 `json:"latency_seconds"` // from an event to the end of the batch that wrote it; 0 unknown
	Restarts       int     `json:"restarts"`
	Late           int64   `json:"late"`       // rows a watermark refused since the run started
	Duplicates     int64   `json:"duplicates"` // rows dropped as already seen, since then
	LastError      string  `json:"last_error,omitempty"`
}
