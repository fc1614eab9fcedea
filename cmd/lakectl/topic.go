package main

import (
	"context"
	"time"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/producer"
)

// topicHas asks Kafka what a topic has, and where the records stamped at or after a time begin unless that is zero.
func topicHas(ctx context.Context, kafka producer.KafkaConfig, topic string, at time.Time) (has checkpoint.Topic, err error) {
	if has.Oldest, err = producer.StartOffsets(ctx, kafka, topic); err != nil {
		return has, err
	}
	if !at.IsZero() {
		if has.At, err = producer.OffsetsAt(ctx, kafka, topic, at); err != nil {
			return has, err
		}
	}
	has.Next, err = producer.EndOffsets(ctx, kafka, topic)
	return has, err
}
