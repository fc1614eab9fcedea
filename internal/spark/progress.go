package spark

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
)

// Progress is the report of one micro-batch. Durations are as Spark measured them, to the
// millisecond; times are UTC.
type Progress struct {
	ID, RunID, Name string
	BatchID         int64
	Timestamp       time.Time // when the micro-batch was triggered
	// Durations by phase: "triggerExecution" is the whole batch, of which "latestOffset",
	// "queryPlanning", "getBatch", "addBatch", "walCommit", "commitOffsets" are parts.
	Durations              map[string]time.Duration
	InputRows              int64
	InputRowsPerSecond     float64   // arrived per second of wall clock since the trigger before
	ProcessedRowsPerSecond float64   // per second of processing
	Watermark              time.Time // zero where there is none yet
	MaxEventTime           time.Time // newest event time of the batch; zero where it had no rows
	AvgEventTime           time.Time // mean of the batch's event times; zero where it had no rows
	StateRows              int64     // rows in all state stores
	StateMemory            int64     // bytes
	RowsDroppedLate        int64     // by the watermark, in this batch
	RowsDroppedDuplicates  int64     // by deduplication, in this batch
	Sources                []SourceProgress
	OutputRows             int64 // -1 where the sink does not count
}

// SourceProgress is the report of one source in a micro-batch.
type SourceProgress struct {
	Description string
	// StartOffset and EndOffset delimit what the batch read, LatestOffset is where the source ended
	// when it looked; JSON in the source's own form, "" or null where it has none.
	StartOffset, EndOffset, LatestOffset json.RawMessage
	InputRows                            int64
	// Lag is how far the batch's end was behind the source's, in records (Kafka) or bytes (Delta);
	// -1 where the source does not say.
	Lag int64
}

// Duration is the time of the whole micro-batch.
func (p Progress) Duration() time.Duration { return p.Durations["triggerExecution"] }

// Lag is the largest lag of the sources, -1 where none says one.
func (p Progress) Lag() int64 {
	lag := int64(-1)
	for _, s := range p.Sources {
		lag = max(lag, s.Lag)
	}
	return lag
}

// wireProgress is StreamingQueryProgress as Spark 4.0 writes it.
type wireProgress struct {
	ID          string              `json:"id"`
	RunID       string              `json:"runId"`
	Name        string              `json:"name"`
	BatchID     int64               `json:"batchId"`
	Timestamp   time.Time           `json:"timestamp"`
	DurationMs  map[string]int64    `json:"durationMs"`
	EventTime   map[string]string   `json:"eventTime"`
	InputRows   int64               `json:"numInputRows"`
	InputRate   float64             `json:"inputRowsPerSecond"`
	ProcessRate float64             `json:"processedRowsPerSecond"`
	State       []wireStateProgress `json:"stateOperators"`
	Sources     []wireSource        `json:"sources"`
	Sink        struct {
		OutputRows int64 `json:"numOutputRows"`
	} `json:"sink"`
}

type wireStateProgress struct {
	Rows    int64            `json:"numRowsTotal"`
	Memory  int64            `json:"memoryUsedBytes"`
	Late    int64            `json:"numRowsDroppedByWatermark"`
	Metrics map[string]int64 `json:"customMetrics"`
}

type wireSource struct {
	Description  string            `json:"description"`
	StartOffset  json.RawMessage   `json:"startOffset"`
	EndOffset    json.RawMessage   `json:"endOffset"`
	LatestOffset json.RawMessage   `json:"latestOffset"`
	InputRows    int64             `json:"numInputRows"`
	InputRate    float64           `json:"inputRowsPerSecond"`
	ProcessRate  float64           `json:"processedRowsPerSecond"`
	Metrics      map[string]string `json:"metrics"`
}

func parseProgress(text string) (Progress, error) {
	var w wireProgress
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		return Progress{}, fmt.Errorf("decode: %w", err)
	}
	p := Progress{
		ID: w.ID, RunID: w.RunID, Name: w.Name, BatchID: w.BatchID, Timestamp: w.Timestamp,
		Durations: map[string]time.Duration{},
		Watermark: eventTime(w.EventTime["watermark"]), MaxEventTime: eventTime(w.EventTime["max"]),
		AvgEventTime: eventTime(w.EventTime["avg"]),
		OutputRows:   w.Sink.OutputRows,
	}
	for phase, ms := range w.DurationMs {
		p.Durations[phase] = time.Duration(ms) * time.Millisecond
	}
	for _, s := range w.State {
		p.StateRows += s.Rows
		p.StateMemory += s.Memory
		p.RowsDroppedLate += s.Late
		p.RowsDroppedDuplicates += s.Metrics["numDroppedDuplicateRows"]
	}
	for _, s := range w.Sources { // Connect's form of the report has no totals
		p.InputRows += s.InputRows
		p.InputRowsPerSecond += s.InputRate
		p.ProcessedRowsPerSecond += s.ProcessRate
		p.Sources = append(p.Sources, SourceProgress{
			Description: s.Description, StartOffset: unquoted(s.StartOffset), EndOffset: unquoted(s.EndOffset),
			LatestOffset: unquoted(s.LatestOffset), InputRows: s.InputRows, Lag: lag(s.Metrics),
		})
	}
	return p, nil
}

// eventTime reads an event-time statistic; the epoch is Spark's way to say "no watermark yet".
func eventTime(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Unix() <= 0 {
		return time.Time{}
	}
	return t.UTC()
}

// unquoted undoes the string that Connect makes of an offset that is JSON itself.
func unquoted(raw json.RawMessage) json.RawMessage {
	var inner string
	if json.Unmarshal(raw, &inner) == nil && json.Valid([]byte(inner)) {
		return json.RawMessage(inner)
	}
	return raw
}

func lag(metrics map[string]string) int64 {
	for _, name := range []string{"maxOffsetsBehindLatest", "numBytesOutstanding"} {
		if n, err := strconv.ParseInt(metrics[name], 10, 64); err == nil {
			return n
		}
	}
	return -1
}

// causeText finds the cause inside the text of a STREAM_FAILED error, which goes on with the plan.
var causeText = regexp.MustCompile(`(?s)terminated with exception: (.*?)(?:\n=== Streaming Query ===.*)?$`)

// rootCause finds the innermost cause in a Java stack trace.
var rootCause = regexp.MustCompile(`(?m)^Caused by: (.*)$`)

// dataLoss finds the reason why Spark's Kafka source fails when records are gone. It has a class of its own, which it
// leaves out of its text (KafkaExceptions.scala).
var dataLoss = regexp.MustCompile(`(?s)KafkaIllegalStateException: Some data may have been lost.*?Reason: ([^\n]+)`)

// dataLossClass is that class, without what it says of the reason.
const dataLossClass = "KAFKA_DATA_LOSS"

// queryFailure makes an error of a query's exception. The class is the cause's: STREAM_FAILED wraps
// every failure of a query, TASK_WRITE_FAILED and the like every failure of a task, and what the
// reader can act on stands at the bottom of the stack trace.
func queryFailure(class, text, stack string) *Error {
	failed := newError(codes.Internal, class, "", text)
	if m := causeText.FindStringSubmatch(failed.Message); m != nil {
		failed = newError(codes.Internal, "", "", m[1])
	}
	if m := dataLoss.FindStringSubmatch(stack + "\n" + text); m != nil {
		return newError(codes.Internal, dataLossClass, "", m[1])
	}
	causes := rootCause.FindAllStringSubmatch(stack, -1)
	for i := len(causes) - 1; i >= 0; i-- {
		if cause := newError(codes.Internal, "", "", causes[i][1]); cause.Class != "" {
			return cause
		}
	}
	if failed.Class == "" {
		failed.Class = class
	}
	return failed
}
