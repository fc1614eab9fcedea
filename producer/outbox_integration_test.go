package producer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cryptostream/lakectl/producer"
)

// TestOutbox runs on one real broker, which its cases kill and start again.
func TestOutbox(t *testing.T) {
	t.Parallel()
	b := startBroker(t)
	t.Run("away at the start", func(t *testing.T) { testAwayAtStart(t, b.in(t)) })
	t.Run("killed in mid-run", func(t *testing.T) { testOutboxKilled(t, b.in(t)) })
	t.Run("closed in an outage", func(t *testing.T) { testClosedInOutage(t, b.in(t)) })
	t.Run("wrong password", func(t *testing.T) { testOutboxPassword(t, b.in(t)) })
	t.Run("refused for good", func(t *testing.T) { testOutboxRefused(t, b.in(t)) })
	t.Run("without a spool", func(t *testing.T) { testNoSpool(t, b.in(t)) })
	t.Run("latency", func(t *testing.T) { testLatency(t, b.in(t)) })
}

// outbox opens one and closes it when the test ends.
func (b *broker) outbox(topic, dir string, opts producer.OutboxOptions) *producer.Outbox {
	b.t.Helper()
	opts.Topic.Name, opts.SpoolDir = topic, dir
	if opts.Log == nil {
		opts.Log = slog.New(slog.NewTextHandler(testWriter{b.t}, nil))
	}
	o, err := producer.OpenOutbox(b.config(), opts)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = o.Close(b.t.Context()) })
	return o
}

func numbered(n int) producer.Message {
	return producer.Message{
		Key: fmt.Appendf(nil, "KEY%d-USD", n%7), Value: strconv.AppendInt(nil, int64(n), 10), Timestamp: time.Now(),
		Headers: []producer.Header{{Key: "ce_source", Value: []byte("binance")}, {Key: "ce_id", Value: strconv.AppendInt(nil, int64(n), 36)}},
	}
}

func publish(t *testing.T, o *producer.Outbox, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		if err := o.Publish(t.Context(), numbered(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// checkAll expects the messages 0 to n-1, those of a key in order, and returns how many came twice.
func (b *broker) checkAll(topic string, n int) (doubles int) {
	b.t.Helper()
	seen, last := map[int]string{}, map[string]int{}
	for _, records := range b.read(topic) {
		for _, record := range records {
			number, err := strconv.Atoi(string(record.Value))
			id := string(record.Headers[1].Value)
			if before, ok := seen[number]; ok {
				if before != id {
					b.t.Errorf("%d came again with id %s instead of %s", number, id, before)
				}
				doubles++
				continue
			}
			seen[number] = id
			if before, ok := last[string(record.Key)]; err != nil || ok && number != before+7 || !ok && number >= 7 {
				b.t.Fatalf("key %s: %q follows %d", record.Key, record.Value, before)
			}
			last[string(record.Key)] = number
		}
	}
	if len(seen) != n {
		b.t.Errorf("%d of %d messages", len(seen), n)
	}
	return doubles
}

// testAwayAtStart takes messages before there is a Kafka, closes, and takes more in another process's
// place: all arrive, in order, when Kafka is there.
func testAwayAtStart(t *testing.T, b *broker) {
	b.kill()
	dir := t.TempDir()
	o := b.outbox("start", dir, producer.OutboxOptions{})
	publish(t, o, 0, 3000)
	start := time.Now()
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("close took %s", took)
	}
	if s := o.Stats(); s.Taken != 3000 || s.Spool.Messages != 3000 || s.KafkaUp {
		t.Errorf("stats: %+v", s)
	}

	o = b.outbox("start", dir, producer.OutboxOptions{})
	publish(t, o, 3000, 6000)
	if s := o.Stats(); s.Spool.Messages != 6000 || s.KafkaUp {
		t.Errorf("stats: %+v", s)
	}
	b.start()
	if info, err := o.Topic(t.Context()); err != nil || !info.Created {
		t.Errorf("topic: %+v, %v", info, err)
	}
	if err := o.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if doubles := b.checkAll("start", 6000); doubles > 0 {
		t.Errorf("%d doubles", doubles)
	}
}

// testOutboxKilled kills the broker in mid-run. The source is not held up.
func testOutboxKilled(t *testing.T, b *broker) {
	o := b.outbox("killed", t.TempDir(), producer.OutboxOptions{Topic: producer.TopicConfig{Partitions: 3}})
	const some = 8_000
	next := 0
	for range 2 {
		publish(t, o, next, next+some)
		b.kill()
		publish(t, o, next+some, next+2*some)
		if s := o.Stats(); s.InFlight > 1024 || s.Spool.Messages < some-1024 {
			t.Errorf("in the outage: %+v", s)
		}
		next += 2 * some
		b.start()
		if err := o.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s := o.Stats()
	if doubles := b.checkAll("killed", next); s.Acked != int64(next) || s.Spool.Messages != 0 || !s.KafkaUp || doubles > int(s.Retried) {
		t.Errorf("%d doubles, stats %+v", doubles, s)
	}
}

// testClosedInOutage closes while Kafka is away after it was there: what is in flight goes back to the
// spool, and an interrupted Close is prompt.
func testClosedInOutage(t *testing.T, b *broker) {
	dir := t.TempDir()
	o := b.outbox("outage", dir, producer.OutboxOptions{})
	publish(t, o, 0, 500)
	if err := o.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.kill()
	publish(t, o, 500, 2500)
	start := time.Now()
	if err := o.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("close took %s", took)
	}
	if s := o.Stats(); s.Spool.Messages != 2000 {
		t.Errorf("stats: %+v", s)
	}
	if err := o.Publish(t.Context(), numbered(1)); !errors.Is(err, producer.ErrClosed) {
		t.Errorf("publish after close: %v", err)
	}
	b.start()
	o = b.outbox("outage", dir, producer.OutboxOptions{})
	if err := o.Close(t.Context()); err != nil { // waits for a Kafka that is there, if it has answered
		t.Error(err)
	}
	o = b.outbox("outage", dir, producer.OutboxOptions{})
	if err := o.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.checkAll("outage", 2500)
}

func testOutboxPassword(t *testing.T, b *broker) {
	config := b.config()
	config.Password = "wrong"
	opts := producer.OutboxOptions{Topic: producer.TopicConfig{Name: "password"}, SpoolDir: t.TempDir()}
	o, err := producer.OpenOutbox(config, opts)
	if err != nil {
		t.Fatal(err)
	}
	publish(t, o, 0, 1)
	<-o.Failed()
	for _, err := range []error{o.Err(), o.Flush(t.Context()), o.Publish(t.Context(), numbered(1)), o.Close(t.Context())} {
		var hinted interface{ Hint() string }
		if !errors.As(err, &hinted) || hinted.Hint() != "check the Kafka user name and password" {
			t.Errorf("error: %v", err)
		}
	}
	o = b.outbox("password", opts.SpoolDir, producer.OutboxOptions{})
	if err := o.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.checkAll("password", 1)
	for _, bad := range []producer.KafkaConfig{{}, {Brokers: []string{"x"}}, {Brokers: []string{"x:1"}, CA: []byte("x")}, {Brokers: []string{"x:1"}, TLS: true, CA: []byte("x")}} {
		var coded interface{ ExitCode() int }
		if _, err := producer.OpenOutbox(bad, opts); !errors.As(err, &coded) || coded.ExitCode() != 2 {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// testOutboxRefused lowers the topic's limit: the message that is too large fails the outbox, and stays.
func testOutboxRefused(t *testing.T, b *broker) {
	dir := t.TempDir()
	o := b.outbox("large", dir, producer.OutboxOptions{Topic: producer.TopicConfig{MaxMessageBytes: 5000}})
	publish(t, o, 0, 3)
	large := numbered(3)
	large.Value = incompressible(6000)
	if err := o.Publish(t.Context(), large); err != nil {
		t.Fatal(err)
	}
	if err := o.Flush(t.Context()); err == nil || o.Err() == nil {
		t.Errorf("flush: %v", err)
	}
	if err := o.Close(t.Context()); err == nil {
		t.Error("close forgot the refused message")
	}
	b.alter("large", "max.message.bytes", "50000")
	o = b.outbox("large", dir, producer.OutboxOptions{})
	if err := o.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if records := b.read("large")[0]; len(records[len(records)-1].Value) != 6000 {
		t.Errorf("%d records", len(records))
	}
}

// testNoSpool waits with the source for a Kafka that comes later.
func testNoSpool(t *testing.T, b *broker) {
	b.kill()
	o := b.outbox("bare", "", producer.OutboxOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Publish(ctx, numbered(0)); !errors.Is(err, context.Canceled) {
		t.Errorf("publish while away: %v", err)
	}
	sent := make(chan error)
	go func() {
		var err error
		for n := 0; n < 100 && err == nil; n++ {
			err = o.Publish(t.Context(), numbered(n))
		}
		sent <- err
	}()
	b.start()
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.checkAll("bare", 100)
}

// testLatency polls ten quotes at a time. From being taken to being acknowledged, 99 of 100 are to take
// less than 50 ms, the fsync included, on a machine that has nothing else to do; here it has.
func testLatency(t *testing.T, b *broker) {
	var mu sync.Mutex
	var took []time.Duration
	begun := map[string]time.Time{}
	registry := prometheus.NewRegistry()
	o := b.outbox("latency", t.TempDir(), producer.OutboxOptions{
		Metrics: registry,
		OnAck: func(m producer.Message, _ int32, _ int64) {
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(begun[string(m.Value)]))
		},
	})
	const polls = 200
	for n := range polls * 10 {
		m := numbered(n)
		mu.Lock()
		begun[string(m.Value)] = time.Now()
		mu.Unlock()
		if err := o.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if n%10 == 9 {
			if err := o.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n == 99 { // connecting, and a cold broker
				mu.Lock()
				took = nil
				mu.Unlock()
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(took)
	median, p99 := took[len(took)/2], took[len(took)*99/100]
	t.Logf("taken to acknowledged: median %s, p99 %s, longest %s", median, p99, took[len(took)-1])
	checkMetrics(t, registry, polls*10)
}

// checkMetrics looks for the names that dashboards rely on.
func checkMetrics(t *testing.T, registry *prometheus.Registry, taken float64) {
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			sums[family.GetName()] += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	for name, want := range map[string]float64{
		"lakectl_producer_quotes_total": taken, "lakectl_producer_delivery_seconds": taken,
		"lakectl_producer_messages_total": 2 * taken, "lakectl_producer_kafka_up": 1, "lakectl_producer_in_flight": 0,
		"lakectl_producer_spool_messages": 0, "lakectl_producer_spool_limit_bytes": producer.DefaultSpoolLimit,
	} {
		if got, ok := sums[name]; !ok || got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if sums["lakectl_producer_quote_age_seconds"] <= 0 || sums["lakectl_producer_spool_bytes"] <= 0 {
		t.Errorf("metrics: %v", sums)
	}
}
