package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/producer"
)

// topic is the one that lakectl reads.
const topic = "crypto-prices"

// topicBytes is what the topic keeps; a backlog of any size that a bench can wait for fits.
const topicBytes = 10 << 30

var backlogPairs = [...]string{"BTC-USD", "ETH-USD", "XRP-USD", "BNB-USD", "SOL-USD", "DOGE-USD", "ADA-USD", "TRX-USD", "LINK-USD", "AVAX-USD"}

// backlogEvents are distinct events, one a millisecond of event time, the pairs in turn.
type backlogEvents struct {
	count int       // a multiple of 1000
	start time.Time // a full second
	end   time.Time // a full hour: then both Gold tables' windows are closed by the next event
}

// newBacklogEvents makes a backlog whose last windows, which end 5 minutes and the watermark's 30 s
// after it, are over now.
func newBacklogEvents(count int, now time.Time) backlogEvents {
	end := now.UTC().Add(-10 * time.Minute).Truncate(time.Hour)
	return backlogEvents{count: count, start: end.Add(-time.Duration(count) * time.Millisecond), end: end}
}

// message is event i, from 0.
func (e backlogEvents) message(i int) (producer.Message, error) {
	at := e.start.Add(time.Duration(i) * time.Millisecond)
	pair := i % len(backlogPairs)
	cents := 100_000*(pair+1) + i/len(backlogPairs)%5_000
	return producer.Quote{
		Pair: backlogPairs[pair], Source: producer.SimulatedSource,
		Price:     fmt.Sprintf("%d.%02d", cents/100, cents%100),
		Volume24h: strconv.Itoa(38_000_000_000+i) + ".12",
		QuotedAt:  at.Add(-250 * time.Millisecond), CollectedAt: at,
	}.Message()
}

// windows is how many rows a table of windows must have: one per pair and window that has an event.
func (e backlogEvents) windows(length, slide time.Duration) int {
	last := e.start.Add(time.Duration(e.count-1) * time.Millisecond).Truncate(slide) // start of the last window
	first := e.start.Truncate(slide).Add(slide - length)                             // of the first that reaches the start
	return (int(last.Sub(first)/slide) + 1) * len(backlogPairs)
}

// fill starts a Kafka on the data dir as lakectl does, publishes the events, and stops it.
func (b *bench) fill(ctx context.Context, dataDir string, events backlogEvents) (err error) {
	lock, err := local.Lock(dataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	k, err := local.StartKafka(ctx, local.KafkaOptions{Runtime: b.runtime, Java: b.java, DataDir: dataDir})
	if err != nil {
		return err
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		err = errors.Join(err, k.Stop(stop))
	}()
	return publish(ctx, producer.KafkaConfig{Brokers: []string{k.Addr}, Username: k.Username, Password: k.Password, Mechanism: "PLAIN"}, events)
}

func publish(ctx context.Context, kafka producer.KafkaConfig, events backlogEvents) error {
	if _, err := producer.EnsureTopic(ctx, kafka, producer.TopicConfig{Name: topic, RetentionBytes: topicBytes}); err != nil {
		return err
	}
	p, err := producer.NewPublisher(kafka, producer.PublisherOptions{Topic: topic})
	if err != nil {
		return err
	}
	for i := range events.count {
		m, err := events.message(i)
		if err == nil {
			err = p.Publish(ctx, m)
		}
		if err != nil {
			closed, cancel := context.WithCancel(ctx)
			cancel()
			return errors.Join(err, p.Close(closed))
		}
	}
	if err := p.Close(ctx); err != nil {
		return err
	}
	return published(ctx, kafka, int64(events.count))
}

// published makes sure that the topic has the events once each.
func published(ctx context.Context, kafka producer.KafkaConfig, want int64) error {
	ends, err := producer.EndOffsets(ctx, kafka, topic)
	if err != nil {
		return err
	}
	if len(ends) != 1 || ends[0] != want {
		return fmt.Errorf("the topic ends at %v instead of %d in one partition", ends, want)
	}
	return nil
}
