package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/maintain"
	"github.com/cryptostream/lakectl/internal/pipeline"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
	"github.com/cryptostream/lakectl/producer"
)

// What a run on a target does otherwise than one on this machine.

// place is where the run's tables and checkpoints are.
func (l *lakehouse) place() ddl.Place {
	if l.target != nil {
		return l.target.Place()
	}
	return placeOf(l.dir)
}

// shaded reports that Spark has Kafka's classes under the name that Databricks gives them.
func (l *lakehouse) shaded() bool { return l.target != nil && l.target.Databricks != nil }

// jobs are the lakehouse's, on the run's topic.
func (l *lakehouse) jobs() *jobs.Lakehouse {
	all := jobs.Default()
	if l.target == nil {
		all = maintain.Local(all)
	}
	for i, job := range all.Jobs {
		if job.Source.Kafka != nil {
			kafka := *job.Source.Kafka
			kafka.Topic = l.delivery.topic.Name
			all.Jobs[i].Source.Kafka = &kafka
		}
	}
	return all
}

// topicPatience is how long a target's Kafka is tried from here: it may be in the reach of the cluster only.
const topicPatience = 10 * time.Second

// lookForTopic asks which topic it is that the cluster reads. Where Kafka can't be reached from here, that is
// noted, and nobody notices a topic that is made anew, or knows the backlog.
func (l *lakehouse) lookForTopic(ctx context.Context) (producer.TopicInfo, error) {
	short, cancel := context.WithTimeout(ctx, topicPatience)
	defer cancel()
	info, err := producer.FindTopic(short, l.kafkaConfig(), l.delivery.topic.Name)
	switch {
	case err == nil, ctx.Err() != nil, producer.Lasting(err):
		return info, err
	case errors.Is(err, producer.ErrNoTopic):
		return info, exit.New(exit.Failed, fmt.Errorf("the target's Kafka has no topic %s", l.delivery.topic.Name),
			"create it, or start a producer, which does: lakectl produce --brokers "+joinBrokers(l.delivery.kafka.Brokers))
	}
	l.steps.note("kafka is not reached from here, only by the cluster: the queries start live (%s)", firstLine(err))
	return producer.TopicInfo{}, nil
}

// leftBehind returns the run of a data dir whose lakectl has ended, and whose queries may go on at a target.
func leftBehind(dir string) *local.RunFile {
	if dir == "" || local.Locked(dir) {
		return nil
	}
	if run, err := local.ReadRunFile(dir); err == nil && run.Target != nil {
		return &run
	}
	return nil
}

// stopLeft stops the queries that a run has left at its target.
func (a *app) stopLeft(ctx context.Context, dir string, run *local.RunFile) error {
	lock, err := local.Lock(dir)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Unlock() }()
	r, err := reopenTarget(ctx, run.Target)
	if err != nil {
		return err
	}
	session, err := r.connect(ctx, run.SessionID, a.logger())
	if errors.Is(err, spark.ErrSessionLost) {
		err = nil
	} else if err == nil {
		defer func() { _ = session.Close() }()
	}
	var queries []*spark.StreamingQuery
	if session != nil {
		queries, err = session.Streams().Active(ctx)
	}
	if err != nil {
		return err
	}
	for _, q := range queries {
		if err := q.Stop(ctx); err != nil {
			return err
		}
	}
	if a.output == "json" {
		return a.json(map[string]any{"data_dir": dir, "target": r.Name, "state": "stopped", "queries": len(queries)})
	}
	_, err = fmt.Fprintf(a.stdout, "stopped %d queries at target %s\n", len(queries), r.Name)
	return err
}

// committed reads how far a job has planned to read the topic.
func (l *lakehouse) committed(ctx context.Context, job jobs.Job) (map[int32]int64, error) {
	place := l.place()
	if place.LocalCheckpoints() {
		committed, err := pipeline.CommittedOffsets(place.Checkpoint(job.Name), l.delivery.topic.Name)
		if err != nil {
			err = exit.New(exit.Refused, err, "the checkpoint is damaged; restore it or use another --data-dir")
		}
		return committed, err
	}
	session, err := l.connect(ctx, "")
	if err != nil {
		return nil, err
	}
	defer session.End()
	return pipeline.RemoteOffsets(ctx, session, place.Checkpoint(job.Name), l.delivery.topic.Name)
}
