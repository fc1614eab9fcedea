package pipeline

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/internal/exit"
)

// topicInterval is how often the topic is asked whether it is still the same. A query notices one that was made anew
// only while its end lies before what was read: later, it would go on from the middle.
const topicInterval = 10 * time.Second

// watchTopic returns an error when the topic has become another one.
func (p *Pipeline) watchTopic(ctx context.Context) error {
	for {
		if err := p.sameTopic(ctx); err != nil {
			return err
		}
		if !sleep(ctx, topicInterval) {
			return nil
		}
	}
}

// sameTopic refuses to go on with another topic than the one that this generation began with.
func (p *Pipeline) sameTopic(ctx context.Context) error {
	if p.kafka.Ask == nil {
		return nil
	}
	cluster, topic, err := p.kafka.Ask(ctx)
	if err != nil {
		return nil // Kafka is away, or the topic is: it may come back
	}
	before := Origin{KafkaCluster: p.kafka.ClusterID, KafkaTopic: p.kafka.TopicID}
	changes := before.changes(Origin{KafkaCluster: cluster, KafkaTopic: topic})
	if len(changes) == 0 {
		return nil
	}
	return exit.New(exit.Refused, errors.New("the queries can't go on: "+strings.Join(changes, "; ")),
		"its offsets have begun anew and would be mixed with those in the tables: use "+otherPlace(p.config.Place))
}
