package producer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// OutboxOptions are the settings of an Outbox beyond the cluster's address.
type OutboxOptions struct {
	Topic       TopicConfig // is made when Kafka answers, unless it is there
	Compression string      // "lz4", the default, or "zstd"

	// SpoolDir is the folder that keeps messages until Kafka has acknowledged them, 0700, one
	// process at a time; "" is none. A replay has a journal of its own and needs none.
	SpoolDir   string
	SpoolLimit int64 // of the spool's files, bytes; 0 is DefaultSpoolLimit

	// OnAck is told of each acknowledged message; see PublisherOptions.
	OnAck func(m Message, partition int32, offset int64)

	Metrics prometheus.Registerer // nil is none
	Log     *slog.Logger          // nil is no log
}

// Outbox takes messages whether Kafka is there or not, and delivers them like a Publisher, which it
// makes when Kafka answers. With a spool, what Publish has taken is never lost, whatever ends or
// crashes: it is sent again after a restart, with the same bytes, if its acknowledgement had not come;
// that is at most 1024 messages, those in flight. Without one, Publish waits until Kafka answers.
type Outbox struct {
	cfg  KafkaConfig
	opts OutboxOptions
	log  *slog.Logger

	spool   *spool // nil is none
	metrics *outboxMetrics

	ctx    context.Context // ends when the outbox closes
	cancel context.CancelFunc
	ready  chan struct{} // closed when Kafka has answered: publisher and topic are set
	failed chan struct{} // closed when it can't go on: failure is set
	done   chan struct{} // closed when run has returned

	publisher *Publisher
	topic     TopicInfo
	failing   sync.Once
	failure   error

	taken  atomic.Int64
	latest atomic.Int64 // when a message was taken last, ns since 1970; 0 is never

	mu      sync.Mutex
	lastErr error // why Kafka did not answer

	closing sync.Once
	closed  error
}

// OpenOutbox opens the spool and returns at once; Kafka is looked for in the background, again and
// again while it does not answer. Errors: options that can't be (exit code 2); the spool is in use or
// damaged (3); the disk (1). Call Close in the end.
func OpenOutbox(cfg KafkaConfig, opts OutboxOptions) (*Outbox, error) {
	if opts.Topic.Name == "" {
		return nil, usage("no topic is given")
	}
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	o := &Outbox{
		cfg: cfg, opts: opts, log: opts.Log, ctx: ctx, cancel: cancel,
		ready: make(chan struct{}), failed: make(chan struct{}), done: make(chan struct{}),
	}
	if o.log == nil {
		o.log = slog.New(slog.DiscardHandler)
	}
	if opts.SpoolLimit == 0 {
		o.opts.SpoolLimit = DefaultSpoolLimit
	}
	if opts.SpoolDir != "" {
		var err error
		if o.spool, err = openSpool(opts.SpoolDir, o.opts.SpoolLimit, o.log); err != nil {
			cancel()
			return nil, err
		}
	}
	if err := o.register(opts.Metrics); err != nil {
		cancel()
		return nil, errors.Join(err, o.closeSpool())
	}
	go o.run()
	return o, nil
}

// Publish takes a message. With a spool it returns when the message can't be lost any more, and waits
// only while the spool is full or the disk fails; without one, see Publisher.Publish. It fails when ctx
// ends, after Close, and when the outbox has failed.
func (o *Outbox) Publish(ctx context.Context, m Message) error {
	if err := o.take(ctx, m); err != nil {
		return err
	}
	o.taken.Add(1)
	o.latest.Store(time.Now().UnixNano())
	o.metrics.count(m)
	return nil
}

func (o *Outbox) take(ctx context.Context, m Message) error {
	select {
	case <-o.failed:
		return o.failure
	default:
	}
	if o.spool != nil {
		return o.spool.append(ctx, m)
	}
	select {
	case <-o.ready:
		return o.publisher.Publish(ctx, m)
	case <-o.failed:
		return o.failure
	case <-ctx.Done():
		return fmt.Errorf("waiting for Kafka: %w", ctx.Err())
	case <-o.ctx.Done():
		return ErrClosed
	}
}

// Topic waits until Kafka answers, and says what the topic is like there. Errors: those that waiting
// can't mend (see Failed), ErrClosed, ctx's.
func (o *Outbox) Topic(ctx context.Context) (TopicInfo, error) {
	select {
	case <-o.ready:
		return o.topic, nil
	case <-o.failed:
		return TopicInfo{}, o.failure
	case <-o.ctx.Done():
		return TopicInfo{}, ErrClosed
	case <-ctx.Done():
		return TopicInfo{}, ctx.Err()
	}
}

// Failed is closed when the outbox can't deliver, for a reason that waiting does not mend: a wrong
// login or certificate, no right to the topic, a message that Kafka refuses. What is in the spool stays
// there. Err has the reason.
func (o *Outbox) Failed() <-chan struct{} { return o.failed }

// Err is why the outbox has failed; nil if it has not.
func (o *Outbox) Err() error {
	select {
	case <-o.failed:
		return o.failure
	default:
		return nil
	}
}

// Flush waits until Kafka has acknowledged every message taken before the call, and those of earlier
// runs.
func (o *Outbox) Flush(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer o.onFailure(cancel)()
	err := o.flush(ctx)
	if failure := o.Err(); failure != nil {
		return failure
	}
	return err
}

func (o *Outbox) flush(ctx context.Context) error {
	if o.spool != nil {
		return o.spool.awaitEmpty(ctx)
	}
	if o.taken.Load() == 0 {
		return nil // a publisher may not be there yet
	}
	return o.publisher.Flush(ctx)
}

// onFailure calls do when the outbox fails, until the returned function is called.
func (o *Outbox) onFailure(do func()) (stop func()) {
	ended := make(chan struct{})
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		select {
		case <-o.failed:
			do()
		case <-ended:
		}
	}()
	return func() { close(ended); <-returned }
}

// OutboxStats is the state of an Outbox.
type OutboxStats struct {
	Stats              // of its Publisher: what has left the spool, what of earlier runs too
	Taken    int64     // accepted by Publish
	TakenAt  time.Time // when Publish accepted a message last; zero is never
	KafkaUp  bool      // Kafka has answered, and takes messages as far as is known
	HasSpool bool
	Spool    SpoolStats // zero if there is none
}

// Stats returns the state now.
func (o *Outbox) Stats() OutboxStats {
	stats := OutboxStats{Taken: o.taken.Load(), HasSpool: o.spool != nil}
	if latest := o.latest.Load(); latest != 0 {
		stats.TakenAt = time.Unix(0, latest)
	}
	if o.spool != nil {
		stats.Spool = o.spool.stats()
	}
	select {
	case <-o.ready:
		stats.Stats = o.publisher.Stats()
		stats.KafkaUp = !o.publisher.isAway.Load()
	default:
		o.mu.Lock()
		defer o.mu.Unlock()
		stats.LastError = o.lastErr
	}
	return stats
}
