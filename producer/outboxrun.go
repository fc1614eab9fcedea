package producer

import (
	"context"
	"errors"
	"time"
)

// run looks for Kafka and then gives it what the spool has, until the outbox closes or fails.
func (o *Outbox) run() {
	defer close(o.done)
	err := o.connect()
	if err == nil && o.spool != nil {
		err = o.pump()
	}
	if err != nil && o.ctx.Err() == nil {
		o.fail(err)
	}
}

func (o *Outbox) fail(err error) {
	o.failing.Do(func() {
		o.failure = err
		close(o.failed)
	})
}

// connect tries until Kafka answers. It logs the first failure and the end of them.
func (o *Outbox) connect() error {
	const slowest = 10 * time.Second
	var away time.Time
	for delay := 250 * time.Millisecond; ; delay = min(2*delay, slowest) {
		err := o.tryConnect()
		if err == nil {
			break
		}
		if o.ctx.Err() != nil || Lasting(err) {
			return err
		}
		o.mu.Lock()
		o.lastErr = err
		o.mu.Unlock()
		if away.IsZero() {
			away = time.Now()
			o.log.Warn("kafka does not answer yet, quotes wait", "spool", o.spool != nil, "error", err, "hint", hintOf(err))
		}
		select {
		case <-time.After(delay):
		case <-o.ctx.Done():
			return o.ctx.Err()
		}
	}
	if !away.IsZero() {
		o.log.Warn("kafka answers now", "after", time.Since(away).Round(time.Millisecond))
	}
	for _, difference := range o.topic.Differences {
		o.log.Warn("the topic has other settings than wanted; they are left as they are", "topic", o.opts.Topic.Name, "difference", difference)
	}
	close(o.ready)
	return nil
}

func (o *Outbox) tryConnect() (err error) {
	ctx, cancel := context.WithTimeout(o.ctx, 30*time.Second)
	defer cancel()
	if o.topic, err = EnsureTopic(ctx, o.cfg, o.opts.Topic); err != nil {
		return err
	}
	o.publisher, err = newPublisher(ctx, o.cfg, PublisherOptions{
		Topic: o.opts.Topic.Name, Compression: o.opts.Compression, OnAck: o.acked, Log: o.log,
		delivered: o.metrics.delivered, refused: o.fail,
	})
	return err
}

func (o *Outbox) acked(m Message, partition int32, offset int64) {
	if m.spooled > 0 {
		o.spool.ack(m.spooled)
	}
	if o.opts.OnAck != nil {
		o.opts.OnAck(m, partition, offset)
	}
}

// pump publishes the spool's messages, the oldest that is not acknowledged first.
func (o *Outbox) pump() error {
	var reader spoolReader
	defer reader.close()
	for sequence := o.spool.oldest(); ; sequence++ {
		m, err := o.spool.next(o.ctx, &reader, sequence)
		if err == nil {
			err = o.publisher.Publish(o.ctx, m)
		}
		if err != nil {
			return err
		}
	}
}

// Patience of Close with a Kafka that does not say that it is away.
const (
	closeGrace = 5 * time.Second
	closeAsks  = 20 * time.Millisecond // nothing tells of every change that Close waits for
)

// Close waits until Kafka has all that was taken, and disconnects; ctx bounds that. With a spool it
// does not wait for a Kafka that is away: what is left stays in the spool for the next start, which is
// no error (see Stats). It may be called again.
func (o *Outbox) Close(ctx context.Context) error {
	o.closing.Do(func() { o.closed = o.close(ctx) })
	return o.closed
}

func (o *Outbox) close(ctx context.Context) error {
	if o.spool != nil {
		ctx = o.drain(ctx)
	} else if o.taken.Load() > 0 {
		_ = o.publisher.Flush(ctx) // Close below says what is missing
	}
	o.cancel()
	<-o.done
	err := o.Err()
	select {
	case <-o.ready:
		closeErr := o.publisher.Close(ctx)
		if err == nil && (o.spool == nil || o.publisher.refusal() != nil) {
			err = closeErr
		}
	default:
	}
	return errors.Join(err, o.closeSpool())
}

// drain waits while Kafka takes what the spool has. It returns a context that has ended: what the
// publisher has in flight then is in the spool.
func (o *Outbox) drain(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ask := time.NewTicker(closeAsks)
	defer ask.Stop()
	waiting, since := o.spool.stats().Messages, time.Now()
	for waiting > 0 && o.Err() == nil && o.hopeful() && time.Since(since) < closeGrace {
		select {
		case <-ask.C:
		case <-ctx.Done():
			return ctx
		}
		if now := o.spool.stats().Messages; now != waiting {
			waiting, since = now, time.Now()
		}
	}
	return ctx
}

// hopeful says that Kafka takes messages, or has not been seen to be away.
func (o *Outbox) hopeful() bool {
	s := o.Stats()
	return s.KafkaUp || s.LastError == nil
}

func (o *Outbox) closeSpool() error {
	if o.spool == nil {
		return nil
	}
	return o.spool.close()
}
