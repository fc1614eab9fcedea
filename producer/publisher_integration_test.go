package producer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/producer"
)

// TestPublisherDelivers runs on one real broker, which the last cases kill.
func TestPublisherDelivers(t *testing.T) {
	t.Parallel()
	b := startBroker(t)
	t.Run("topic", func(t *testing.T) { testTopic(t, b) })
	t.Run("wrong password", func(t *testing.T) { testWrongPassword(t, b) })
	t.Run("records as given", func(t *testing.T) { testRecords(t, b) })
	t.Run("refused for good", func(t *testing.T) { testRefused(t, b) })
	t.Run("broker killed", func(t *testing.T) { testKilled(t, b, "killed", producer.PublisherOptions{}) })
	t.Run("broker away for long", func(t *testing.T) {
		testKilled(t, b, "away-long", producer.Impatient(producer.PublisherOptions{}))
	})
	t.Run("broker away at the end", func(t *testing.T) { testAwayAtClose(t, b) })
}

func testTopic(t *testing.T, b *broker) {
	want := producer.TopicConfig{Name: "quotes", Partitions: 2, RetentionBytes: 1 << 30}
	first := b.topic(want)
	if !first.Created || first.Partitions != 2 || first.ClusterID == "" || len(first.TopicID) != 22 || first.Differences != nil {
		t.Errorf("new topic: %+v", first)
	}
	again := b.topic(want)
	if again.Created || again.TopicID != first.TopicID || again.Differences != nil {
		t.Errorf("same topic again: %+v", again)
	}
	other := b.topic(producer.TopicConfig{Name: "quotes", RetentionBytes: 1 << 20})
	if got := fmt.Sprint(other.Differences); got != "[partitions is 2, wanted 1 retention.bytes is 1073741824, wanted 1048576]" {
		t.Errorf("differences: %v", got)
	}
	ends, err := producer.EndOffsets(t.Context(), b.config(), "quotes")
	if err != nil || len(ends) != 2 || ends[0] != 0 || ends[1] != 0 {
		t.Errorf("end offsets: %v, %v", ends, err)
	}
}

func testWrongPassword(t *testing.T, b *broker) {
	config := b.config()
	config.Password = "wrong"
	_, err := producer.EnsureTopic(t.Context(), config, producer.TopicConfig{Name: "quotes"})
	_, err2 := producer.NewPublisher(config, producer.PublisherOptions{Topic: "quotes"})
	for _, err := range []error{err, err2} {
		var hinted interface{ Hint() string }
		if !errors.As(err, &hinted) || !strings.Contains(err.Error(), "refused the login") || hinted.Hint() == "" {
			t.Errorf("error: %v", err)
		}
	}
	_, err = producer.NewPublisher(b.config(), producer.PublisherOptions{Topic: "nowhere"})
	if err == nil || !strings.Contains(err.Error(), "topic nowhere is not there") {
		t.Errorf("missing topic: %v", err)
	}
}

func testRecords(t *testing.T, b *broker) {
	b.topic(producer.TopicConfig{Name: "records"})
	p := b.publisher(producer.PublisherOptions{Topic: "records", Compression: "zstd"})
	past := time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	big := strings.Repeat("x", 900_000)
	given := []producer.Message{
		{Key: []byte("BTC-USD"), Value: []byte("v"), Headers: []producer.Header{{Key: "ce_id", Value: []byte("1")}}, Timestamp: past},
		{Value: []byte{0xff}, Timestamp: time.Now().Add(48 * time.Hour)},
		{Key: []byte("k"), Value: []byte{}, Timestamp: time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Key: []byte("k")},
		{Value: []byte(big)},
	}
	start := time.Now().Add(-time.Millisecond)
	for _, m := range given {
		if err := p.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := b.read("records")[0]
	if len(got) != len(given) {
		t.Fatalf("%d records", len(got))
	}
	for i, record := range got {
		want := given[i]
		if string(record.Key) != string(want.Key) || string(record.Value) != string(want.Value) || (record.Value == nil) != (want.Value == nil) || len(record.Headers) != len(want.Headers) {
			t.Errorf("record %d: %q %.20q %v", i, record.Key, record.Value, record.Headers)
		}
		if i == 0 && !record.Timestamp.Equal(past) || i > 0 && (record.Timestamp.Before(start) || record.Timestamp.After(time.Now())) {
			t.Errorf("record %d: timestamp %v", i, record.Timestamp)
		}
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Publish(t.Context(), given[0]); !errors.Is(err, producer.ErrClosed) {
		t.Errorf("publish after close: %v", err)
	}
}

// testRefused lowers the topic's limit under a publisher that knows the old one. The innocent messages
// around the large one arrive, in order; the large one is an error.
func testRefused(t *testing.T, b *broker) {
	b.topic(producer.TopicConfig{Name: "refused", MaxMessageBytes: 50_000})
	p := b.publisher(producer.PublisherOptions{Topic: "refused"})
	if err := p.Publish(t.Context(), producer.Message{Value: make([]byte, 60_000), Line: 7}); err == nil || !strings.Contains(err.Error(), "line 7") {
		t.Errorf("too large at once: %v", err)
	}
	if err := p.Flush(t.Context()); err == nil {
		t.Error("flush forgot the refused message")
	}

	b.topic(producer.TopicConfig{Name: "shrunk"})
	p = b.publisher(producer.PublisherOptions{Topic: "shrunk"})
	b.alter("shrunk", "max.message.bytes", "5000")
	for i := range 200 {
		m := producer.Message{Key: []byte("k"), Value: []byte(strconv.Itoa(i))}
		if i == 100 {
			m.Value = incompressible(20_000)
		}
		if err := p.Publish(t.Context(), m); err != nil {
			break // the refusal may already be known
		}
	}
	if err := p.Flush(t.Context()); err == nil || !strings.Contains(err.Error(), "20000 bytes") {
		t.Errorf("flush: %v", err)
	}
	stats := p.Stats()
	if stats.Failed != 1 || stats.InFlight != 0 || stats.Acked+1 != stats.Published {
		t.Errorf("stats: %+v", stats)
	}
	last := -1
	for _, record := range b.read("shrunk")[0] {
		n, _ := strconv.Atoi(string(record.Value))
		if n != last+1 && n != 101 {
			t.Errorf("%d follows %d", n, last)
		}
		last = n
	}
}

// testKilled kills the broker in the middle of a stream, twice. Every message must be there, those of
// a key in order; only a session that ended may leave doubles.
func testKilled(t *testing.T, b *broker, topic string, opts producer.PublisherOptions) {
	b.topic(producer.TopicConfig{Name: topic, Partitions: 3})
	acks := map[int32]map[int64]string{0: {}, 1: {}, 2: {}}
	acked := make(chan int, 1)
	count := 0
	opts.Topic, opts.Log = topic, slog.New(slog.NewTextHandler(testWriter{t}, nil))
	opts.OnAck = func(m producer.Message, partition int32, offset int64) {
		acks[partition][offset] = string(m.Value) // read again after Close
		count++
		select {
		case acked <- count:
		default:
		}
	}
	p := b.publisher(opts)
	const messages, keys = 160_000, 7
	sent := make(chan error, 1)
	go func() {
		for i := range messages {
			if err := p.Publish(context.Background(), producer.Message{Key: fmt.Appendf(nil, "key%d", i%keys), Value: strconv.AppendInt(nil, int64(i), 10)}); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	for _, at := range []int{20_000, 80_000} {
		for <-acked < at {
		}
		b.kill()
		b.start()
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	stats := p.Stats()
	t.Logf("stats: %+v", stats)

	doubles := 0
	last := map[string]int{}
	seen := map[int]bool{}
	for partition, records := range b.read(topic) {
		for i, record := range records {
			if record.Offset != int64(i) {
				t.Fatalf("partition %d: offset %d at place %d", partition, record.Offset, i)
			}
			if value, ok := acks[partition][record.Offset]; ok && value != string(record.Value) {
				t.Fatalf("partition %d offset %d: acknowledged %s, is %s", partition, record.Offset, value, record.Value)
			}
			n, _ := strconv.Atoi(string(record.Value))
			if seen[n] {
				doubles++
				continue
			}
			seen[n] = true
			if before, ok := last[string(record.Key)]; ok && n != before+keys || !ok && n >= keys {
				t.Fatalf("key %s: %d follows %d", record.Key, n, before)
			}
			last[string(record.Key)] = n
		}
	}
	if len(seen) != messages {
		t.Errorf("%d of %d messages", len(seen), messages)
	}
	if count != messages {
		t.Errorf("%d of %d acknowledged", count, messages)
	}
	if doubles > 0 && stats.Retried == 0 {
		t.Errorf("%d doubles in one session", doubles)
	}
}

func testAwayAtClose(t *testing.T, b *broker) {
	b.topic(producer.TopicConfig{Name: "away"})
	p := b.publisher(producer.PublisherOptions{Topic: "away"})
	b.kill()
	for range 3 {
		if err := p.Publish(t.Context(), producer.Message{Value: []byte("v")}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := p.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("flush: %v", err)
	}
	if err := p.Close(ctx); err == nil || !strings.Contains(err.Error(), "3 messages were not acknowledged") {
		t.Errorf("close: %v", err)
	}
	if p.Stats().LastError == nil {
		t.Error("stats name no error")
	}
	_, err := producer.NewPublisher(b.config(), producer.PublisherOptions{Topic: "away"})
	if err == nil || !strings.Contains(err.Error(), "no answer from Kafka") {
		t.Errorf("publisher without a broker: %v", err)
	}
}

// testWriter sends a log to the test's output.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(line []byte) (int, error) {
	w.t.Logf("%s", line)
	return len(line), nil
}

func incompressible(size int) []byte {
	content := make([]byte, size)
	random, err := os.Open("/dev/urandom")
	if err == nil {
		defer random.Close()
		_, err = io.ReadFull(random, content)
	}
	if err != nil {
		panic(err)
	}
	return content
}
