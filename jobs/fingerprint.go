package jobs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Fingerprint is what of a job its checkpoint cannot take a change of: the offsets are those of
// one source, the state is laid out for one key or query, and the written versions belong to one
// sink. It is comparable and keeps its form as JSON, to be stored beside the checkpoint.
type Fingerprint struct {
	Source      string `json:"source"`                // "kafka crypto-prices" or "table bronze_prices"
	Watermark   string `json:"watermark,omitempty"`   // column
	Deduplicate string `json:"deduplicate,omitempty"` // columns, by comma
	SinkTable   string `json:"sinkTable"`
	OutputMode  string `json:"outputMode"`
	PartitionBy string `json:"partitionBy,omitempty"` // columns, by comma
	// SQL is the SHA-256 of an aggregating job's statements without comments and layout; "" for
	// other jobs, whose SQL may change between two starts.
	SQL string `json:"sql,omitempty"`
}

// Fingerprint returns the job's fingerprint.
func (j Job) Fingerprint() Fingerprint {
	f := Fingerprint{
		Source:      "table " + j.Source.Table,
		Deduplicate: strings.Join(j.Deduplicate, ", "),
		SinkTable:   j.Sink.Table,
		OutputMode:  j.Sink.OutputMode,
		PartitionBy: strings.Join(j.Sink.PartitionBy, ", "),
	}
	if j.Source.Kafka != nil {
		f.Source = "kafka " + j.Source.Kafka.Topic
	}
	if j.Watermark != nil {
		f.Watermark = j.Watermark.Column
	}
	if j.Aggregates() {
		f.SQL = hashSteps(j.Steps)
	}
	return f
}

func hashSteps(steps []Step) string {
	h := sha256.New()
	for _, s := range steps {
		fmt.Fprintf(h, "%s\x00%s\x00", s.Name, normaliseSQL(s.SQL))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Changes says what differs from old to new, one line a field, such as
// "deduplicate: [event_id] -> [event_id, pair]"; none if they are equal.
func (old Fingerprint) Changes(new Fingerprint) []string {
	var changes []string
	note := func(field, form, before, after string) {
		if before != after {
			changes = append(changes, fmt.Sprintf("%s: "+form+" -> "+form, field, before, after))
		}
	}
	note("source", "%s", old.Source, new.Source)
	note("watermark column", "[%s]", old.Watermark, new.Watermark)
	note("deduplicate", "[%s]", old.Deduplicate, new.Deduplicate)
	note("sink.table", "%s", old.SinkTable, new.SinkTable)
	note("sink.outputMode", "%s", old.OutputMode, new.OutputMode)
	note("sink.partitionBy", "[%s]", old.PartitionBy, new.PartitionBy)
	note("sql", "statement %.8s", old.SQL, new.SQL)
	return changes
}
