// Package jobs holds the lakehouse as data: each streaming query is one YAML spec with its SQL
// beside it, and so is each view. Load checks the specs and resolves them; what runs, prints or
// deploys them sees only Job and View.
//
// All SQL here is written for Spark 4.0 with ANSI on and for Databricks 16 or newer, in a session
// whose time zone is UTC: dates and hours are taken from timestamps in the session's zone.
package jobs

import (
	"slices"
	"time"
)

// Lakehouse is everything that the specs describe.
type Lakehouse struct {
	Jobs  []Job  // a job comes after the jobs that write what it reads
	Views []View // by name
}

// Job returns the job of that name, and whether there is one.
func (l *Lakehouse) Job(name string) (Job, bool) {
	i := slices.IndexFunc(l.Jobs, func(j Job) bool { return j.Name == name })
	if i < 0 {
		return Job{}, false
	}
	return l.Jobs[i], true
}

// Job is one streaming query: it reads Source, runs it through Steps, and appends the last step's
// rows to Sink.
type Job struct {
	Name        string
	Layer       string // bronze, silver or gold
	Description string // what the job does and why, in plain text

	Source Source
	// Steps are to be registered in order as temporary views over the source's view; the SQL of
	// the last one is what is written. It has the job's name, and may stay unregistered.
	Steps []Step
	// Watermark is nil for a stateless job; WatermarkOn tells where it belongs.
	Watermark *Watermark
	// Deduplicate names the columns that identify a row within the watermark; empty for none.
	Deduplicate []string
	Sink        Sink
	Table       Table         // what Sink.Table has to be before the first start
	Trigger     time.Duration // local processing-time interval

	// Expectations are the checks behind a job that splits good rows from bad ones, and behind
	// the job that takes the bad ones. Steps has them already; they are here for documentation.
	Expectations []Expectation
	// Quarantine is the job whose rejected rows this one keeps, or "".
	Quarantine string

	File string // the spec's path, such as silver/silver_prices.yaml
}

// Aggregates tells whether the job groups rows: its state then depends on its SQL.
func (j Job) Aggregates() bool {
	return j.Watermark != nil && len(j.Deduplicate) == 0 || j.Sink.OutputMode == OutputComplete
}

// WatermarkOn tells what a job's watermark is declared on.
type WatermarkOn string

// Where a watermark belongs.
const (
	WatermarkNone   WatermarkOn = ""
	WatermarkSource WatermarkOn = "source" // before the steps, which group by windows of it
	WatermarkResult WatermarkOn = "result" // after the last step, before the deduplication
)

// WatermarkOn returns where the job's watermark is to be declared. A deduplicating job filters
// first, so that a row that a check refuses cannot move the watermark.
func (j Job) WatermarkOn() WatermarkOn {
	switch {
	case j.Watermark == nil:
		return WatermarkNone
	case len(j.Deduplicate) > 0:
		return WatermarkResult
	default:
		return WatermarkSource
	}
}

// Source is what a job reads as a stream: a Kafka topic or a table, exactly one of them.
type Source struct {
	Kafka *KafkaSource
	Table string // in the lakehouse's schema, unqualified
	View  string // the name under which the SQL reads the source
	// MaxBytesPerTrigger bounds a batch from a table, as Delta's option of that name takes it
	// (such as 64m); "" for Delta's own limit.
	MaxBytesPerTrigger string
}

// KafkaView is the name under which SQL reads a Kafka source.
const KafkaView = "kafka_records"

// KafkaSource is a topic. Its view has Spark's columns, headers included (includeHeaders=true).
type KafkaSource struct {
	Topic string
	// MaxOffsetsPerTrigger bounds a batch in records; 0 for no bound.
	MaxOffsetsPerTrigger int64
	// MaxRecordsPerPartition bounds what one task reads and writes to one file, in records; 0 for one
	// task per Kafka partition.
	MaxRecordsPerPartition int64
}

// Step is one named query over the steps before it.
type Step struct {
	Name    string
	Comment string
	SQL     string
}

// Watermark is how far behind the newest event time a row may come and still count.
type Watermark struct {
	Column string
	Delay  time.Duration
}

// Output modes of a sink.
const (
	OutputAppend   = "append"
	OutputComplete = "complete"
)

// Sink is the Delta table that a job writes.
type Sink struct {
	Table       string
	PartitionBy []string
	OutputMode  string // OutputAppend or OutputComplete
}

// Table is a Delta table as it is to be created: it must exist before a stream reads it.
type Table struct {
	Name        string
	Comment     string
	Columns     []Column // in the order of the spec
	PartitionBy []string
	Constraints []Constraint
	Properties  map[string]string // Delta table properties
}

// Day names the DATE column by which the table is partitioned before all others, or "".
func (t Table) Day() string {
	for _, c := range t.Columns {
		if c.Type == "DATE" && len(t.PartitionBy) > 0 && t.PartitionBy[0] == c.Name {
			return c.Name
		}
	}
	return ""
}

// Column is one column of a table or view.
type Column struct {
	Name     string
	Type     string // as in Spark's DDL, such as DECIMAL(38,18)
	Required bool   // NOT NULL; never set on a view's column
	Comment  string // unit, time zone and origin
}

// Constraint is a CHECK constraint: a row for which Expr is not true is refused by the table.
type Constraint struct {
	Name string
	Expr string
}

// Expectation is a named check; its name is the reason that a dead letter carries.
type Expectation struct {
	Name    string
	Check   string // SQL over the parsed row; true for a good one, and null counts as false
	Comment string
}

// View is a query under a name, over tables of the lakehouse's schema, unqualified.
type View struct {
	Name    string
	Comment string
	SQL     string
	Columns []Column
	File    string
}
