package producer

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

// Record is one message as Kafka has it.
type Record struct {
	Topic     string
	Partition int32
	Offset    int64
	Timestamp time.Time // UTC, to the millisecond
	Key       []byte    // nil: none
	Value     []byte    // nil: a tombstone
	Headers   []Header
}

// TailOptions say what Tail reads.
type TailOptions struct {
	Topic      string
	Partitions []int32 // none: all
	From       TailStart

	// Follow goes on at the end of the topic and waits for more. Without it, Tail ends with what was
	// there when it began.
	Follow bool

	Log *slog.Logger // told once when Kafka goes away; nil is no log
}

// Tail reads a topic as messages arrive: in order within a partition, as they come between partitions.
// It joins no consumer group and commits nothing. While Kafka is away it waits, and goes on after the
// last message it gave. The sequence ends by the reader's break, at the end of the topic, or with one
// error: no broker answers at the start, wrong login, no such topic or partition, a start behind the
// end, messages that Kafka deleted before they were read; when ctx ends, its error.
func Tail(ctx context.Context, cfg KafkaConfig, opts TailOptions) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		t, err := newTail(ctx, cfg, opts)
		if err == nil {
			defer t.close()
			err = t.read(ctx, func(r Record) bool { return yield(r, nil) })
		}
		if err != nil {
			yield(Record{}, err)
		}
	}
}

// tail is one reading of a topic.
type tail struct {
	opts     TailOptions
	log      *slog.Logger
	dial     *dialer
	client   sarama.Client
	consumer sarama.Consumer

	next     map[int32]int64 // offset that each partition goes on at
	end      map[int32]int64 // of each partition when the reading began
	parts    map[int32]sarama.PartitionConsumer
	arrivals chan *sarama.ConsumerMessage
	failures chan *sarama.ConsumerError
	stop     chan struct{}
	readers  sync.WaitGroup
	away     bool
}

func newTail(ctx context.Context, cfg KafkaConfig, opts TailOptions) (_ *tail, err error) {
	t := &tail{
		opts: opts, log: opts.Log, dial: newDialer(ctx, nil),
		next: map[int32]int64{}, end: map[int32]int64{}, parts: map[int32]sarama.PartitionConsumer{},
		arrivals: make(chan *sarama.ConsumerMessage), failures: make(chan *sarama.ConsumerError), stop: make(chan struct{}),
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	cut := context.AfterFunc(ctx, t.dial.cut) // ends sarama's calls, which take no context
	defer cut()
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	if err := t.connect(cfg); err != nil {
		return nil, t.explain(ctx, "connecting", cfg, err)
	}
	if err := t.place(); err != nil {
		return nil, t.explain(ctx, "looking for the messages of topic "+opts.Topic, cfg, err)
	}
	if err := t.start(); err != nil {
		return nil, t.explain(ctx, "reading topic "+opts.Topic, cfg, err)
	}
	return t, nil
}

func (t *tail) explain(ctx context.Context, doing string, cfg KafkaConfig, err error) error {
	var explained *Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &explained):
		return err
	case errors.Is(err, sarama.ErrUnknownTopicOrPartition):
		return failed("check its name; lakectl produce makes it", "topic %s is not there: %w", t.opts.Topic, err)
	}
	return explain(doing, cfg, err)
}

func (t *tail) connect(cfg KafkaConfig) error {
	conf, err := newSaramaConfig(cfg, t.dial)
	if err != nil {
		return err
	}
	conf.Metadata.Full = false
	conf.Consumer.Return.Errors = true
	conf.Consumer.Retry.BackoffFunc = func(retries int) time.Duration {
		return min(100*time.Millisecond<<min(retries, 4), time.Second)
	}
	if t.client, err = sarama.NewClient(cfg.Brokers, conf); err != nil {
		return err
	}
	t.consumer, err = sarama.NewConsumerFromClient(t.client)
	return err
}

// place finds where each partition begins and ends.
func (t *tail) place() error {
	all, err := t.client.Partitions(t.opts.Topic)
	if err != nil {
		return err
	}
	wanted := t.opts.Partitions
	if len(wanted) == 0 {
		wanted = all
	}
	for _, partition := range wanted {
		if !slices.Contains(all, partition) {
			return usage("topic %s has %d partitions, from 0, and no partition %d", t.opts.Topic, len(all), partition)
		}
		if t.next[partition], t.end[partition], err = t.opts.From.resolve(t.client, t.opts.Topic, partition); err != nil {
			return err
		}
	}
	return nil
}

// start begins to read the partitions that have something to give.
func (t *tail) start() error {
	for partition, offset := range t.next {
		if !t.opts.Follow && offset >= t.end[partition] {
			continue
		}
		part, err := t.consumer.ConsumePartition(t.opts.Topic, partition, offset)
		if err != nil {
			return err
		}
		t.parts[partition] = part
		t.readers.Go(func() { forward(part.Messages(), t.arrivals, t.stop) })
		t.readers.Go(func() { forward(part.Errors(), t.failures, t.stop) })
	}
	return nil
}

func forward[T any](from <-chan T, to chan<- T, stop <-chan struct{}) {
	for item := range from {
		select {
		case to <- item:
		case <-stop:
			return
		}
	}
}

// read gives what arrives until the reader has enough (nil), everything was given (nil), or an error.
func (t *tail) read(ctx context.Context, give func(Record) bool) error {
	open := len(t.parts)
	for open > 0 {
		select {
		case m := <-t.arrivals:
			t.away = false
			if m.Offset < t.next[m.Partition] {
				continue
			}
			t.next[m.Partition] = m.Offset + 1
			if !t.opts.Follow && m.Offset >= t.end[m.Partition] {
				continue
			}
			if !give(recordOf(m)) {
				return nil
			}
			if !t.opts.Follow && m.Offset+1 == t.end[m.Partition] {
				open--
			}
		case failure := <-t.failures:
			if err := t.hear(failure); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// hear judges what sarama reports. It goes on by itself, from the same offset, unless that is gone.
func (t *tail) hear(failure *sarama.ConsumerError) error {
	if errors.Is(failure, sarama.ErrOffsetOutOfRange) {
		return failed("--from beginning starts at the oldest message that is there",
			"topic %s has no offset %d in partition %d any more: the topic was made anew, or Kafka deleted the message before it was read: %w",
			failure.Topic, t.next[failure.Partition], failure.Partition, failure.Err)
	}
	if !t.away {
		t.log.Warn("kafka gives no messages; reading goes on where it stopped", "error", failure.Err)
	}
	t.away = true
	return nil
}

// close ends all connections and waits for what reads from them.
func (t *tail) close() {
	close(t.stop)
	t.dial.cut()
	for _, part := range t.parts {
		part.AsyncClose()
	}
	for _, part := range t.parts {
		_ = part.Close() // its errors are those of the cut connections
	}
	t.readers.Wait()
	if t.consumer != nil {
		_ = t.consumer.Close()
	}
	if t.client != nil {
		_ = t.client.Close()
	}
}

func recordOf(m *sarama.ConsumerMessage) Record {
	r := Record{Topic: m.Topic, Partition: m.Partition, Offset: m.Offset, Timestamp: m.Timestamp.UTC(), Key: m.Key, Value: m.Value}
	for _, h := range m.Headers {
		r.Headers = append(r.Headers, Header{Key: string(h.Key), Value: h.Value})
	}
	return r
}
