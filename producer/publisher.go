package producer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
	"golang.org/x/sync/semaphore"
)

// ErrClosed is returned by Publish and Flush after Close.
var ErrClosed = errors.New("the publisher is closed")

// PublisherOptions are the settings of a Publisher beyond the cluster's address.
type PublisherOptions struct {
	Topic       string
	Compression string // "lz4", the default, or "zstd"

	// OnAck is told of each acknowledged message, from one goroutine, in offset order within a
	// partition. It must return quickly: acknowledgements wait for it. May be nil.
	OnAck func(m Message, partition int32, offset int64)

	Log *slog.Logger // nil is no log

	retries   int                 // sarama's own before a session ends; 0 is sessionRetries
	delivered func(time.Duration) // told of each acknowledgement, and how long it took; may be nil
	refused   func(error)         // told of each message refused for good; may be nil
}

// sessionRetries lets sarama wait for about a minute.
const sessionRetries = 60

// Stats counts messages since the start. Published = Acked + Failed + InFlight.
type Stats struct {
	Published int64 // accepted by Publish
	Acked     int64 // acknowledged by Kafka
	Retried   int64 // given to Kafka again because a producer session had failed
	Failed    int64 // refused by Kafka for good
	InFlight  int64 // waiting for their acknowledgement
	LastError error // why a message was last held up or refused; nil if never
}

// windowBytes bounds what waits for acknowledgement, in bytes of memory: about 60,000 small events.
const windowBytes = 32 << 20

// Publisher delivers messages to one topic: each that Publish accepted at least once, those of one key
// in order. While Kafka is away it waits. A message is doubled only if Kafka took it but the answer
// was lost with the producer session; the double has the same event_id. Its methods may be called
// from several goroutines; order is kept among the messages of one.
type Publisher struct {
	cfg      KafkaConfig
	opts     PublisherOptions
	log      *slog.Logger
	maxBytes int // the topic's max.message.bytes

	ctx    context.Context // ends when the publisher closes
	cancel context.CancelFunc
	done   chan struct{} // closed when run has returned

	window  *semaphore.Weighted // bytes in flight
	closing atomic.Bool

	mu      sync.Mutex
	session *session
	next    chan struct{} // closed when another session has taken over
	failure error         // the first message that was refused for good
	lastErr error
	away    time.Time // since when Kafka takes nothing; zero: it does

	isAway                                    atomic.Bool
	sequence                                  atomic.Uint64
	published, acked, retried, failedMessages atomic.Int64
}

// NewPublisher connects to Kafka, within 30 s, and returns a publisher to a topic that is there
// (see EnsureTopic). Errors: no broker answers, wrong login, no such topic. Call Close in the end.
func NewPublisher(cfg KafkaConfig, opts PublisherOptions) (*Publisher, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return newPublisher(ctx, cfg, opts)
}

// newPublisher is NewPublisher with a bound of the caller's on connecting.
func newPublisher(connecting context.Context, cfg KafkaConfig, opts PublisherOptions) (*Publisher, error) {
	if opts.Topic == "" {
		return nil, usage("no topic is given")
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Publisher{
		cfg: cfg, opts: opts, log: opts.Log,
		ctx: ctx, cancel: cancel, done: make(chan struct{}),
		window: semaphore.NewWeighted(windowBytes),
		next:   make(chan struct{}),
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if p.opts.retries == 0 {
		p.opts.retries = sessionRetries
	}
	first, err := p.connect(connecting)
	if err != nil {
		cancel()
		return nil, err
	}
	go p.run(first)
	return p, nil
}

func (p *Publisher) connect(ctx context.Context) (*session, error) {
	stop := context.AfterFunc(ctx, p.cancel) // ends sarama's tries
	limit, err := maxMessageBytes(ctx, p.cfg, p.opts.Topic)
	if err != nil {
		return nil, err
	}
	p.maxBytes = min(limit, windowBytes/2)
	first, err := p.newSession()
	if err != nil {
		return nil, explain("starting the producer", p.cfg, err)
	}
	if !stop() {
		first.fence()
		first.collect(p)
		return nil, fmt.Errorf("starting the producer: %w", context.Cause(ctx))
	}
	return first, nil
}

// Publish accepts a message and returns before Kafka has it. It blocks while too much is in flight,
// for as long as Kafka is away, until ctx ends. A timestamp that is missing, before 1970 or in the
// future is replaced by now: Kafka refuses it. It fails on a message that is too large for the topic,
// after any message was refused for good, and after Close; the message is then not accepted.
func (p *Publisher) Publish(ctx context.Context, m Message) error {
	if p.closing.Load() {
		return ErrClosed
	}
	if p.failedMessages.Load() > 0 {
		return p.refusal()
	}
	e := newEntry(p.opts.Topic, m, time.Now())
	if e.size > p.maxBytes {
		return p.refuse(e, sarama.ErrMessageSizeTooLarge)
	}
	if err := p.window.Acquire(ctx, e.weight()); err != nil {
		return fmt.Errorf("waiting for Kafka to take what is in flight: %w", err)
	}
	e.sequence = p.sequence.Add(1)
	if err := p.hand(ctx, e); err != nil {
		p.window.Release(e.weight())
		return err
	}
	return nil
}

// hand gives e to the session that is open, or to the next that will be.
func (p *Publisher) hand(ctx context.Context, e *entry) error {
	for {
		p.mu.Lock()
		s, next := p.session, p.next
		p.mu.Unlock()
		if s != nil {
			p.published.Add(1) // before the acknowledgement can come
			sent, err := s.send(ctx, e)
			if sent {
				return nil
			}
			p.published.Add(-1)
			if err != nil {
				return fmt.Errorf("waiting for Kafka: %w", err)
			}
		}
		select {
		case <-next:
		case <-ctx.Done():
			return fmt.Errorf("waiting for Kafka: %w", ctx.Err())
		case <-p.ctx.Done():
			return ErrClosed
		}
	}
}

// Flush waits until every message accepted before the call is acknowledged or refused. New messages
// wait meanwhile. It fails if any message was ever refused for good, and with ctx's error.
func (p *Publisher) Flush(ctx context.Context) error {
	if err := p.window.Acquire(ctx, windowBytes); err != nil {
		return fmt.Errorf("waiting for %d messages in flight: %w", p.Stats().InFlight, err)
	}
	p.window.Release(windowBytes)
	return p.refusal()
}

// Stats returns the counters now.
func (p *Publisher) Stats() Stats {
	s := Stats{Acked: p.acked.Load(), Failed: p.failedMessages.Load(), Retried: p.retried.Load()}
	s.Published = p.published.Load()
	s.InFlight = max(0, s.Published-s.Acked-s.Failed)
	p.mu.Lock()
	defer p.mu.Unlock()
	s.LastError = p.lastErr
	return s
}

// Close flushes and disconnects. When ctx ends first, it gives up what is in flight and its error says
// how many messages were not acknowledged. It may be called again.
func (p *Publisher) Close(ctx context.Context) error {
	p.closing.Store(true)
	waitErr := p.window.Acquire(ctx, windowBytes)
	if waitErr == nil {
		p.window.Release(windowBytes)
	}
	p.cancel()
	<-p.done
	if waiting := p.Stats().InFlight; waiting > 0 {
		return fmt.Errorf("closing the publisher: %d messages were not acknowledged by Kafka: %w", waiting, waitErr)
	}
	return p.refusal()
}

// run lives as long as the publisher: one session after the other, each beginning with what the one
// before could not deliver.
func (p *Publisher) run(s *session) {
	defer close(p.done)
	var again []*entry
	for s != nil {
		fed := make(chan []*entry, 1)
		go func() { fed <- p.feed(s, again) }()
		returned := s.collect(p)
		again = slices.Concat(returned, <-fed)
		slices.SortFunc(again, func(a, b *entry) int {
			if a.sequence < b.sequence {
				return -1
			}
			return 1
		})
		p.retire()
		s = p.reconnect()
		if s != nil {
			p.retried.Add(int64(len(again)))
		}
	}
}

// feed gives the session what is to be delivered again, in order, and then opens it to Publish.
// It returns what it could not give.
func (p *Publisher) feed(s *session, again []*entry) []*entry {
	for i, e := range again {
		if e.alone && !s.drained() {
			return again[i:]
		}
		if sent, _ := s.send(context.Background(), e); !sent {
			return again[i:]
		}
		if e.alone && !s.drained() {
			return again[i+1:]
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.session = s
	close(p.next)
	p.next = make(chan struct{})
	return nil
}

func (p *Publisher) retire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.session = nil
}

// reconnect tries until there is a session; nil when the publisher is closed.
func (p *Publisher) reconnect() *session {
	const slowest = 10 * time.Second
	for delay := 250 * time.Millisecond; p.ctx.Err() == nil; delay = min(2*delay, slowest) {
		s, err := p.newSession()
		if err == nil {
			return s
		}
		p.holdUp(err)
		select {
		case <-time.After(delay):
		case <-p.ctx.Done():
		}
	}
	return nil
}
