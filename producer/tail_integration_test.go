package producer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/producer"
)

// TestTail reads real topics; its last case kills the broker.
func TestTail(t *testing.T) {
	t.Parallel()
	b := startBroker(t)
	t.Run("records as they are", func(t *testing.T) { testTailRecords(t, b) })
	t.Run("where it starts", func(t *testing.T) { testTailStart(t, b) })
	t.Run("what can't be read", func(t *testing.T) { testTailErrors(t, b) })
	t.Run("broker killed", func(t *testing.T) { testTailKilled(t, b) })
}

func (b *broker) publish(topic string, messages ...producer.Message) {
	b.t.Helper()
	p := b.publisher(producer.PublisherOptions{Topic: topic})
	for _, m := range messages {
		if err := p.Publish(b.t.Context(), m); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := p.Close(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// tail reads to the end, or to the first error.
func (b *broker) tail(opts producer.TailOptions) (records []producer.Record, err error) {
	b.t.Helper()
	for record, err := range producer.Tail(b.t.Context(), b.config(), opts) {
		if err != nil {
			return records, err
		}
		records = append(records, record)
	}
	return records, nil
}

func testTailRecords(t *testing.T, b *broker) {
	b.topic(producer.TopicConfig{Name: "tailed"})
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)
	big := strings.Repeat("x", 3<<20) // more than one fetch takes
	headers := []producer.Header{{Key: "a", Value: []byte("1")}, {Key: "a", Value: []byte{0xff}}}
	b.publish("tailed",
		producer.Message{Key: []byte("BTC-USD"), Value: []byte("v"), Headers: headers, Timestamp: at},
		producer.Message{Key: []byte{}, Value: []byte{}, Timestamp: at},
		producer.Message{Timestamp: at},
		producer.Message{Value: []byte(big), Timestamp: at},
	)
	got, err := b.tail(producer.TailOptions{Topic: "tailed"})
	if err != nil {
		t.Fatal(err)
	}
	if last := len(got) - 1; last != 3 || string(got[last].Value) != big {
		t.Fatalf("%d records, or the big one is not as it was", len(got))
	}
	got[3].Value = []byte("big") // to spare cmp its megabytes
	want := []producer.Record{
		{Key: []byte("BTC-USD"), Value: []byte("v"), Headers: headers},
		{Offset: 1, Key: []byte{}, Value: []byte{}},
		{Offset: 2},
		{Offset: 3, Value: []byte("big")},
	}
	for i := range want {
		want[i].Topic, want[i].Timestamp = "tailed", at
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func testTailStart(t *testing.T, b *broker) {
	b.topic(producer.TopicConfig{Name: "starts", Partitions: 2})
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var messages []producer.Message
	for i := range 20 {
		messages = append(messages, producer.Message{Key: []byte{byte('a' + i%7)}, Value: strconv.AppendInt(nil, int64(i), 10), Timestamp: start.Add(time.Duration(i) * time.Minute)})
	}
	b.publish("starts", messages...)
	ends, err := producer.EndOffsets(t.Context(), b.config(), "starts")
	if err != nil || ends[0] < 4 || ends[1] < 4 {
		t.Fatalf("ends: %v, %v", ends, err)
	}
	for from, want := range map[string]int{
		"beginning": 20, "end": 0, "-3": 6, "-100": 20, "0": 20, "2": 16,
		"2026-01-01T00:15:00Z": 5, "2026-01-01T00:14:00.001Z": 5, "2027-01-01T00:00:00Z": 0,
	} {
		begin, err := producer.ParseTailStart(from)
		if err != nil {
			t.Fatal(err)
		}
		got, err := b.tail(producer.TailOptions{Topic: "starts", From: begin})
		if err != nil || len(got) != want {
			t.Errorf("from %s: %d records instead of %d, %v", from, len(got), want, err)
		}
	}
	got, err := b.tail(producer.TailOptions{Topic: "starts", Partitions: []int32{1}})
	if err != nil || len(got) != int(ends[1]) || slices.ContainsFunc(got, func(r producer.Record) bool { return r.Partition != 1 }) {
		t.Errorf("partition 1: %d records, %v", len(got), err)
	}
	for record, err := range producer.Tail(t.Context(), b.config(), producer.TailOptions{Topic: "starts", Follow: true}) {
		if err != nil || record.Offset > 0 { // it stops where its reader does
			t.Errorf("%+v, %v", record, err)
		}
		break
	}
}

func testTailErrors(t *testing.T, b *broker) {
	behind, err := producer.ParseTailStart("1000")
	if err != nil {
		t.Fatal(err)
	}
	for text, opts := range map[string]producer.TailOptions{
		"topic nowhere is not there": {Topic: "nowhere"},
		"no partition 7":             {Topic: "starts", Partitions: []int32{7}},
		"before 1000":                {Topic: "starts", From: behind},
	} {
		if got, err := b.tail(opts); err == nil || !strings.Contains(err.Error(), text) || len(got) > 0 {
			t.Errorf("%s: %v", text, err)
		}
	}
	config := b.config()
	config.Password = "wrong"
	for _, err := range producer.Tail(t.Context(), config, producer.TailOptions{Topic: "starts"}) {
		if err == nil || !strings.Contains(err.Error(), "refused the login") {
			t.Errorf("wrong password: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range producer.Tail(ctx, b.config(), producer.TailOptions{Topic: "starts"}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted: %v", err)
		}
	}
}

// testTailKilled follows while the broker is killed twice: each message comes once, in order.
func testTailKilled(t *testing.T, b *broker) {
	b.topic(producer.TopicConfig{Name: "followed", Partitions: 2})
	p := b.publisher(producer.PublisherOptions{Topic: "followed"})
	next := make(chan int)
	go func() {
		for i := range next {
			_ = p.Publish(t.Context(), producer.Message{Key: fmt.Appendf(nil, "key%d", i%5), Value: strconv.AppendInt(nil, int64(i), 10)})
		}
	}()
	defer close(next)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const messages = 90
	offsets, count := map[int32]int64{}, 0
	next <- 0
	for record, err := range producer.Tail(ctx, b.config(), producer.TailOptions{Topic: "followed", Follow: true}) {
		if errors.Is(err, context.Canceled) && count == messages {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if record.Offset != offsets[record.Partition] || string(record.Value) != strconv.Itoa(count) {
			t.Fatalf("message %d: %d[%d] %s, want offset %d", count, record.Partition, record.Offset, record.Value, offsets[record.Partition])
		}
		offsets[record.Partition]++
		count++
		switch count {
		case 30, 60:
			b.kill()
			next <- count // waits in the publisher until the broker is back
			b.start()
		case messages:
			cancel()
		default:
			next <- count
		}
	}
	if count != messages {
		t.Errorf("%d of %d messages", count, messages)
	}
}
