package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/pipeline"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/producer"
)

// joined is a lakehouse that runs, with a session on its tables.
type joined struct {
	kafka   producer.KafkaConfig
	session *spark.Session
	connect func(ctx context.Context, sessionID string) (*spark.Session, error)
	end     func() error
}

// joinLakehouse joins the lakehouse that runs in a data dir, or starts it, without a source, until end is called. The
// context that it returns ends with the caller's, or with the cause when a lakehouse of our own has failed.
func joinLakehouse(ctx context.Context, o backfillOptions, screen *screen, log *slog.Logger) (context.Context, *joined, error) {
	if local.Locked(o.dir) {
		j, err := joinRunning(ctx, o)
		return ctx, j, err
	}
	return startJoined(ctx, o, screen, log)
}

func joinRunning(ctx context.Context, o backfillOptions) (*joined, error) {
	run, err := local.ReadRunFile(o.dir)
	if err != nil {
		return nil, err
	}
	kafka, err := o.cluster(o.dir)
	if err != nil {
		return nil, err
	}
	j := &joined{kafka: kafka, end: func() error { return nil }}
	j.connect = func(ctx context.Context, sessionID string) (*spark.Session, error) {
		return spark.Connect(ctx, spark.Options{Remote: remoteOf(run.Spark.Remote), Token: run.Spark.Token, SessionID: sessionID})
	}
	if err := j.open(ctx, o.dir); err != nil {
		return nil, exit.New(exit.Failed, err, "see lakectl status; Spark may be starting")
	}
	return j, nil
}

// startJoined starts Kafka, Spark and the queries, and keeps what the data dir is for as it is.
func startJoined(ctx context.Context, o backfillOptions, screen *screen, log *slog.Logger) (context.Context, *joined, error) {
	holds, err := readContents(o.dir)
	if err != nil {
		return ctx, nil, err
	}
	l, err := startLakehouse(ctx, lakehouseOptions{
		dir: o.dir, feed: feedOptions{source: noSource, holds: holds},
		delivery: deliveryOptions{kafkaOptions: o.kafkaOptions, topic: producer.TopicConfig{Name: topic, RetentionBytes: topicBytes}},
		metrics:  "off", page: dashboardOptions{off: true}, log: log, steps: screen,
	})
	if err != nil {
		return ctx, nil, err
	}
	l.enter("running")
	working, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-l.pipeline.Done():
			cancel(fmt.Errorf("the queries have ended: %w", l.pipeline.Err()))
		case <-working.Done():
		}
	}()
	j := &joined{kafka: l.kafkaConfig(), connect: l.connect, end: func() error {
		defer cancel(nil)
		return l.stop(ctx, nil)
	}}
	if err := j.open(working, o.dir); err != nil {
		return ctx, nil, errors.Join(err, j.end())
	}
	return working, j, nil
}

// open opens the session on the tables; end closes it.
func (j *joined) open(ctx context.Context, dir string) (err error) {
	if j.session, err = j.connect(ctx, ""); err != nil {
		return err
	}
	stop := j.end
	j.end = func() error {
		j.session.End()
		return stop()
	}
	if err := prepareBatch(ctx, j.session); err != nil {
		return err
	}
	return pipeline.Use(ctx, j.session, placeOf(dir))
}
