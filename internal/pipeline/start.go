package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

// Kafka is how Spark reaches the topic.
type Kafka struct {
	Options            map[string]string // "kafka.bootstrap.servers" and security settings
	ClusterID, TopicID string
	// Backlog is how many records wait that no batch was planned for.
	Backlog int64
	// Topic asks what the topic has, and where the records stamped at or after a time begin unless that is zero. It
	// is called where a new checkpoint was asked for.
	Topic func(ctx context.Context, at time.Time) (checkpoint.Topic, error)
	// Ask returns the two ids as they are now; nil where only Spark reaches the topic.
	Ask func(ctx context.Context) (clusterID, topicID string, err error)
}

// catchUpAbove is the backlog from which queries start in CatchUp.
const catchUpAbove = 100_000

func (k Kafka) mode() Mode {
	if k.Backlog > catchUpAbove {
		return CatchUp
	}
	return Live
}

// Mode is what a query's plans are made for. A query keeps the mode it was started in.
type Mode string

const (
	// Live is for small batches: plans are interpreted, because each batch has new literals, so
	// compiled code would be compiled anew each time and take longer than the work.
	Live Mode = "live"
	// CatchUp is for a backlog: plans are compiled. A query goes on in Live when it has caught up.
	CatchUp Mode = "catch-up"
)

// settings of a session while a query of the mode starts; the query copies them.
var settings = map[Mode]map[string]string{
	Live: {
		"spark.sql.codegen.wholeStage":  "false",
		"spark.sql.codegen.factoryMode": "NO_CODEGEN",
	},
	CatchUp: {
		"spark.sql.codegen.wholeStage":  "true",
		"spark.sql.codegen.factoryMode": "FALLBACK",
	},
}

// start starts a job's query. Starts share the session's views and settings: one at a time.
func (p *Pipeline) start(ctx context.Context, session *spark.Session, job jobs.Job, mode Mode, trigger spark.Trigger) (*spark.StreamingQuery, error) {
	p.starting.Lock()
	defer p.starting.Unlock()
	if err := p.setMode(ctx, session, mode); err != nil {
		return nil, err
	}
	result, err := p.describe(ctx, session, job)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", job.Name, err)
	}
	return result.WriteStream().
		QueryName(job.Name).
		OutputMode(spark.OutputMode(job.Sink.OutputMode)).
		PartitionBy(job.Sink.PartitionBy...).
		Checkpoint(p.config.Place.Checkpoint(job.Name)).
		Trigger(trigger).
		ToTable(ctx, p.config.Place.Table(job.Sink.Table))
}

// setMode sets what the mode wants and nobody has chosen by hand. A cluster that is shared may refuse it,
// which costs speed only.
func (p *Pipeline) setMode(ctx context.Context, session *spark.Session, mode Mode) error {
	for key, value := range settings[mode] {
		if _, chosen := p.config.Conf[key]; chosen {
			continue
		}
		if err := setOptional(ctx, session, key, value); err != nil {
			return err
		}
	}
	return nil
}

// setOptional sets what a server may refuse to have set without harm.
func setOptional(ctx context.Context, session *spark.Session, key, value string) error {
	err := session.SetConf(ctx, map[string]string{key: value})
	var refused *spark.Error
	if errors.As(err, &refused) && refused.Class != "" && !serverGone(err) {
		return nil
	}
	return err
}

// describe registers the views of a job and returns the relation that it writes.
func (p *Pipeline) describe(ctx context.Context, session *spark.Session, job jobs.Job) (spark.StreamingDataFrame, error) {
	source := p.source(session, job)
	if job.WatermarkOn() == jobs.WatermarkSource {
		source = source.WithWatermark(job.Watermark.Column, job.Watermark.Delay)
	}
	if err := source.CreateView(ctx, job.Source.View); err != nil {
		return source, err
	}
	last := len(job.Steps) - 1
	for _, step := range job.Steps[:last] {
		if err := session.StreamSQL(step.SQL).CreateView(ctx, step.Name); err != nil {
			return source, err
		}
	}
	result := session.StreamSQL(job.Steps[last].SQL)
	if job.WatermarkOn() == jobs.WatermarkResult {
		result = result.WithWatermark(job.Watermark.Column, job.Watermark.Delay)
	}
	if len(job.Deduplicate) > 0 {
		result = result.DropDuplicatesWithinWatermark(job.Deduplicate...)
	}
	return result, nil
}

func (p *Pipeline) source(session *spark.Session, job jobs.Job) spark.StreamingDataFrame {
	if k := job.Source.Kafka; k != nil {
		options := maps.Clone(p.kafka.Options)
		options["subscribe"] = k.Topic
		options["startingOffsets"] = cmp.Or(p.starts[job.Name], "earliest")
		options["includeHeaders"] = "true"
		for option, records := range map[string]int64{
			"maxOffsetsPerTrigger": k.MaxOffsetsPerTrigger, "maxRecordsPerPartition": k.MaxRecordsPerPartition,
		} {
			if records > 0 {
				options[option] = strconv.FormatInt(records, 10)
			}
		}
		return session.ReadStream("kafka", options)
	}
	options := map[string]string{}
	if job.Source.MaxBytesPerTrigger != "" {
		options["maxBytesPerTrigger"] = job.Source.MaxBytesPerTrigger
	}
	return session.ReadStreamTable(p.config.Place.Table(job.Source.Table), options)
}
