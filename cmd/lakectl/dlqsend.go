package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/cryptostream/lakectl/internal/dlq"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/reconcile"
	"github.com/cryptostream/lakectl/internal/tablefiles"
	"github.com/cryptostream/lakectl/jobs"
	"github.com/cryptostream/lakectl/producer"
)

// send notes in the journal what is about to be sent, sends it, and notes that it was. What is cut off stays in doubt
// until settleDoubted looks. It returns what is in the topic for certain.
func send(ctx context.Context, journal *dlq.Journal, kafka producer.KafkaConfig, about []dlq.Coordinate, messages []producer.Message) ([]dlq.Coordinate, error) {
	ends, err := producer.EndOffsets(ctx, kafka, topic)
	if err != nil {
		return nil, err
	}
	batch, err := journal.Begin(about, ends)
	if err != nil {
		return nil, err
	}
	if err := publishAll(ctx, kafka, messages); err != nil {
		return nil, exit.New(exit.Failed, fmt.Errorf("send dead letters again: %w", err), "run it again: what was sent is found, and the rest is sent")
	}
	return about, journal.Settle(batch, about)
}

func publishAll(ctx context.Context, kafka producer.KafkaConfig, messages []producer.Message) (err error) {
	publisher, err := producer.NewPublisher(kafka, producer.PublisherOptions{Topic: topic})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, publisher.Close(ctx)) }()
	for _, m := range messages {
		if err := publisher.Publish(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// settleDoubted finds in the topic what earlier replays, which were cut off, have sent.
func settleDoubted(ctx context.Context, journal *dlq.Journal, kafka producer.KafkaConfig) ([]dlq.Coordinate, error) {
	all := []dlq.Coordinate{}
	if len(journal.Doubted()) == 0 {
		return all, nil
	}
	ends, err := producer.EndOffsets(ctx, kafka, topic)
	if err != nil {
		return all, err
	}
	for _, batch := range journal.Doubted() {
		about := map[dlq.Coordinate]bool{}
		for _, c := range batch.About {
			about[c] = true
		}
		var found []dlq.Coordinate
		for partition := range ends { // one that was added since, from its beginning
			records, err := replaysBehind(ctx, kafka, partition, batch.Ends[partition])
			if err != nil {
				return all, fmt.Errorf("look for what a replay of %s has sent: %w", batch.At.Format(time.RFC3339), err)
			}
			for _, c := range records {
				if about[c] {
					about[c] = false
					found = append(found, c)
				}
			}
		}
		if err := journal.Settle(batch, found); err != nil {
			return all, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// replaysBehind reads a partition from an offset to its end, and returns what its replays were made of.
func replaysBehind(ctx context.Context, kafka producer.KafkaConfig, partition int32, offset int64) (found []dlq.Coordinate, err error) {
	from, err := producer.ParseTailStart(strconv.FormatInt(offset, 10))
	if err != nil {
		return nil, err
	}
	for record, err := range producer.Tail(ctx, kafka, producer.TailOptions{Topic: topic, Partitions: []int32{partition}, From: from}) {
		if err != nil {
			return nil, err
		}
		for _, h := range record.Headers {
			if h.Key != dlq.ReplayHeader {
				continue
			}
			if c, err := dlq.ParseCoordinate(string(h.Value)); err == nil {
				found = append(found, c)
			}
		}
	}
	return found, nil
}

// followPatience is how long a replay waits until Silver has read what was sent.
const followPatience = 3 * time.Minute

// follow waits until the query of Silver has read what was sent, and brings in what came too late for it.
func (l letters) follow(ctx context.Context, sent []dlq.Coordinate) (*reconcile.Report, error) {
	later := func(err error) error {
		return exit.New(exit.Failed, fmt.Errorf("everything was sent, but not brought in: %w", err), "lakectl reconcile does that")
	}
	waiting, cancel := context.WithTimeout(ctx, followPatience)
	defer cancel()
	since, err := l.awaitBronze(waiting, sent)
	if err != nil {
		return nil, later(err)
	}
	if err := l.awaitReaders(waiting); err != nil {
		return nil, later(err)
	}
	report, _, err := reconcilerOn(l.session, l.dir, false).Run(ctx, since)
	if err != nil {
		return nil, later(err)
	}
	return &report, nil
}

// awaitBronze waits until Bronze has what was sent, and returns when it took in the first of it.
func (l letters) awaitBronze(ctx context.Context, sent []dlq.Coordinate) (since time.Time, err error) {
	err = poll(ctx, "Bronze to have it", func() (bool, error) {
		rows, err := l.query(ctx, "look for the replays in Bronze", l.Arrived(sent))
		if err != nil {
			return false, err
		}
		n, _ := rows.Values[0][0].(int64)
		since, _ = rows.Values[0][1].(time.Time)
		return n == int64(len(sent)), nil
	})
	return since, err
}

// awaitReaders waits until the queries that deduplicate have committed the version that Bronze has now.
func (l letters) awaitReaders(ctx context.Context) error {
	for _, job := range reconcile.Deduplicating(jobs.Default()) {
		version, err := tablefiles.Version(l.Place.Path(job.Source.Table))
		if err != nil {
			return err
		}
		if err := awaitRead(ctx, l.Place, version, job); err != nil {
			return err
		}
	}
	return nil
}

// poll asks every half second until something has happened in another process.
func poll(ctx context.Context, what string, happened func() (bool, error)) error {
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		yes, err := happened()
		if yes || err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		}
	}
}
