package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/producer"
)

// publishRounds is how often each publisher has its turn; the median counts.
const publishRounds = 3

// publishWarmUp is how many messages each round begins with that are not counted: a JVM compiles.
const publishWarmUp = 300_000

// peers publish the same messages as we do.
const (
	perfTool     = "ProducerPerformance, batches of 1 MiB" // of Kafka itself
	perfToolAsIs = "ProducerPerformance, its own batches"  // of 16 KiB
	franzGo      = "franz-go"
)

// publishFigures is what the rounds gave.
type publishFigures struct {
	rates         map[string][]float64 // messages a second, by publisher and round
	events        float64              // messages a second of whole events, made on the way
	allocs, bytes float64              // of ours, per message
	latencies     []time.Duration      // at the live rate, from Publish to the acknowledgement
}

// measurePublish compares publishers on one broker, in turns, all with acks=all, idempotence and lz4,
// the same values of about 150 B, no keys and no headers, which ProducerPerformance can't send.
func (b *bench) measurePublish(ctx context.Context) (err error) {
	dir, err := b.dataDir("publish")
	if err != nil {
		return err
	}
	k, err := local.StartKafka(ctx, local.KafkaOptions{Runtime: b.runtime, Java: b.java, DataDir: dir})
	if err != nil {
		return err
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		err = errors.Join(err, k.Stop(stop))
		if err == nil {
			b.drop(dir)
		}
	}()
	r := &publishRun{
		bench: b, dir: filepath.Dir(dir), payloads: newPayloads(),
		kafka: producer.KafkaConfig{Brokers: []string{k.Addr}, Username: k.Username, Password: k.Password, Mechanism: "PLAIN"},
	}
	f, err := r.measure(ctx)
	if err == nil {
		b.result.addPublish(f)
	}
	return err
}

// publishRun is one broker and what is sent to it.
type publishRun struct {
	bench    *bench
	dir      string // for ProducerPerformance's files
	kafka    producer.KafkaConfig
	payloads [][]byte
	topics   int
}

func (r *publishRun) measure(ctx context.Context) (f publishFigures, err error) {
	f.rates = map[string][]float64{}
	publishers := []struct {
		name    string
		publish func(context.Context, string) (float64, error)
	}{
		{ours.name, func(ctx context.Context, topic string) (rate float64, err error) {
			rate, f.allocs, f.bytes, err = r.ours(ctx, topic)
			return rate, err
		}},
		{perfTool, func(ctx context.Context, topic string) (float64, error) { return r.perfTool(ctx, topic, tuned) }},
		{perfToolAsIs, func(ctx context.Context, topic string) (float64, error) { return r.perfTool(ctx, topic, "") }},
		{franzGo, r.franz},
	}
	for round := range publishRounds {
		for _, p := range publishers {
			topic, err := r.topic(ctx)
			if err != nil {
				return f, err
			}
			rate, err := p.publish(ctx, topic)
			if err != nil {
				return f, fmt.Errorf("publish with %s: %w", p.name, err)
			}
			if err := r.check(ctx, topic); err != nil {
				return f, err
			}
			f.rates[p.name] = append(f.rates[p.name], rate)
			r.bench.progress("publish, round %d, %s: %.0f messages/s", round+1, p.name, rate)
		}
	}
	if f.events, err = r.events(ctx); err != nil {
		return f, err
	}
	r.bench.progress("publish, whole events: %.0f messages/s", f.events)
	r.bench.progress("publish, at %d messages/s for %s", publishLiveRate, r.bench.publishLive)
	f.latencies, err = r.latencies(ctx)
	return f, err
}

// topic makes a topic of its own for each turn.
func (r *publishRun) topic(ctx context.Context) (string, error) {
	r.topics++
	name := fmt.Sprintf("publish-%d", r.topics)
	_, err := producer.EnsureTopic(ctx, r.kafka, producer.TopicConfig{Name: name})
	return name, err
}

// check makes sure that every message is there once.
func (r *publishRun) check(ctx context.Context, topic string) error {
	ends, err := producer.EndOffsets(ctx, r.kafka, topic)
	if err == nil && ends[0] != int64(r.messages()) {
		err = fmt.Errorf("topic %s has %d messages instead of %d", topic, ends[0], r.messages())
	}
	return err
}

// messages is how many each turn sends, with those that are not counted.
func (r *publishRun) messages() int { return publishWarmUp + r.bench.publish }

// newPayloads makes distinct values of about 150 B, of which senders take one after the other.
func newPayloads() [][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	payloads := make([][]byte, 100_000)
	for i := range payloads {
		payloads[i] = fmt.Appendf(nil, `{"event_id":"%016x%016x","pair":"%s","source":"simulated","price":"%d.%02d","collected_at":"2026-11-23T18:%02d:%02d.%03dZ"}`,
			random.Uint64(), random.Uint64(), backlogPairs[i%len(backlogPairs)], 10_000+random.IntN(90_000), random.IntN(100), i/60%60, i%60, random.IntN(1000))
	}
	return payloads
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
