package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/cryptostream/lakectl/producer"
)

// ours publishes with the Publisher. It returns messages a second, and allocations and bytes allocated
// per message in this process.
func (r *publishRun) ours(ctx context.Context, topic string) (rate, allocs, bytes float64, err error) {
	var before, after runtime.MemStats
	rate, err = r.publisher(ctx, topic, func(i int) (producer.Message, error) {
		if i == publishWarmUp {
			runtime.ReadMemStats(&before)
		}
		return producer.Message{Value: r.payloads[i%len(r.payloads)]}, nil
	})
	runtime.ReadMemStats(&after)
	count := float64(r.bench.publish)
	return rate, float64(after.Mallocs-before.Mallocs) / count, float64(after.TotalAlloc-before.TotalAlloc) / count, err
}

// events publishes whole events, with the making of JSON, keys and headers.
func (r *publishRun) events(ctx context.Context) (float64, error) {
	topic, err := r.topic(ctx)
	if err != nil {
		return 0, err
	}
	events := newBacklogEvents(r.messages()/1000*1000, time.Now())
	return r.publisher(ctx, topic, events.message)
}

// publisher sends what make gives, and returns messages a second after the warm-up.
func (r *publishRun) publisher(ctx context.Context, topic string, make func(int) (producer.Message, error)) (float64, error) {
	p, err := producer.NewPublisher(r.kafka, producer.PublisherOptions{Topic: topic})
	if err != nil {
		return 0, err
	}
	var began time.Time
	for i := range r.messages() {
		if i == publishWarmUp {
			began = time.Now()
		}
		m, err := make(i)
		if err == nil {
			err = p.Publish(ctx, m)
		}
		if err != nil {
			return 0, errors.Join(err, p.Close(ctx))
		}
	}
	err = p.Flush(ctx)
	took := time.Since(began)
	return float64(r.bench.publish) / took.Seconds(), errors.Join(err, p.Close(ctx))
}

// franz publishes with franz-go, which is idempotent and waits for all replicas by itself.
func (r *publishRun) franz(ctx context.Context, topic string) (float64, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(r.kafka.Brokers...),
		kgo.SASL(plain.Auth{User: r.kafka.Username, Pass: r.kafka.Password}.AsMechanism()),
		kgo.DefaultProduceTopic(topic),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchCompression(kgo.Lz4Compression()),
		kgo.ProducerLinger(lingerMS*time.Millisecond),
		kgo.ProducerBatchMaxBytes(batchBytes),
		kgo.MaxBufferedRecords(maxBuffered), // what our window holds; its default of 10,000 is slower
	)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	var began time.Time
	var failed atomic.Pointer[error]
	promise := func(_ *kgo.Record, err error) {
		if err != nil {
			failed.Store(&err)
		}
	}
	for i := range r.messages() {
		if i == publishWarmUp {
			began = time.Now()
		}
		client.Produce(ctx, &kgo.Record{Value: r.payloads[i%len(r.payloads)]}, promise)
	}
	err = client.Flush(ctx)
	took := time.Since(began)
	if f := failed.Load(); f != nil {
		err = errors.Join(err, *f)
	}
	return float64(r.bench.publish) / took.Seconds(), err
}

// What the peers get, so that they batch as generously as we do, whose batches grow under load. Kafka's
// own tool runs as it comes, too.
const (
	lingerMS    = 5 // Kafka's default
	batchBytes  = 1 << 20
	bufferBytes = 32 << 20 // as our window
	maxBuffered = 60_000
)

// steadyRate is in what ProducerPerformance prints of the messages after the warm-up.
var steadyRate = regexp.MustCompile(`(?m)^\d+ steady state records sent, ([0-9.,]+) records/sec`)

// tuned are settings of ProducerPerformance beyond those that all have in common.
var tuned = fmt.Sprintf("linger.ms=%d\nbatch.size=%d\nbuffer.memory=%d\n", lingerMS, batchBytes, bufferBytes)

// perfTool publishes with Kafka's own tool, in a JVM with the heap that its script gives it.
func (r *publishRun) perfTool(ctx context.Context, topic, settings string) (float64, error) {
	payloads, config := filepath.Join(r.dir, "payloads.txt"), filepath.Join(r.dir, "producer.properties")
	if err := r.writePerfFiles(payloads, config, settings); err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, r.bench.java.Path, "-Xmx512m", "-cp", filepath.Join(r.bench.runtime.KafkaJars, "*"),
		"org.apache.kafka.tools.ProducerPerformance", "--topic", topic, "--throughput", "-1", "--num-records", strconv.Itoa(r.messages()),
		"--warmup-records", strconv.Itoa(publishWarmUp), "--payload-file", payloads, "--command-config", config)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%w\n%s", err, out)
	}
	match := steadyRate.FindSubmatch(out)
	if match == nil {
		return 0, fmt.Errorf("no rate in what it says:\n%s", out)
	}
	return strconv.ParseFloat(string(match[1]), 64)
}

func (r *publishRun) writePerfFiles(payloads, config, settings string) error {
	var lines []byte
	for _, p := range r.payloads {
		lines = append(append(lines, p...), '\n')
	}
	properties := fmt.Sprintf(`bootstrap.servers=%s
security.protocol=SASL_PLAINTEXT
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="%s" password="%s";
acks=all
enable.idempotence=true
compression.type=lz4
%s`, r.kafka.Brokers[0], r.kafka.Username, r.kafka.Password, settings)
	return errors.Join(os.WriteFile(payloads, lines, 0o600), os.WriteFile(config, []byte(properties), 0o600))
}
