package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cryptostream/lakectl/producer"
)

// publishLiveRate is in messages a second, as that of the live scenario.
const publishLiveRate = 20

// latencies publishes events at the live rate and returns how long each took from Publish to Kafka's
// acknowledgement.
func (r *publishRun) latencies(ctx context.Context) ([]time.Duration, error) {
	topic, err := r.topic(ctx)
	if err != nil {
		return nil, err
	}
	count := int(r.bench.publishLive.Seconds() * publishLiveRate)
	var mu sync.Mutex
	taken := make([]time.Time, count)
	took := make([]time.Duration, 0, count)
	p, err := producer.NewPublisher(r.kafka, producer.PublisherOptions{Topic: topic, OnAck: func(m producer.Message, _ int32, _ int64) {
		mu.Lock()
		defer mu.Unlock()
		took = append(took, time.Since(taken[m.Line-1]))
	}})
	if err != nil {
		return nil, err
	}
	events := newBacklogEvents(count, time.Now())
	ticker := time.NewTicker(time.Second / publishLiveRate)
	defer ticker.Stop()
	for i := 0; i < count && err == nil; i++ {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			err = ctx.Err()
			continue
		}
		var m producer.Message
		if m, err = events.message(i); err == nil {
			m.Line = int64(i + 1) // tells OnAck which one it is
			mu.Lock()
			taken[i] = time.Now()
			mu.Unlock()
			err = p.Publish(ctx, m)
		}
	}
	err = errors.Join(err, p.Close(ctx))
	if err == nil && len(took) != count {
		err = fmt.Errorf("%d of %d messages were acknowledged", len(took), count)
	}
	return took, err
}
