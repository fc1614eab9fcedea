package producer

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/IBM/sarama"
)

// entry is a message on its way to Kafka.
type entry struct {
	message  Message
	taken    time.Time // when it was accepted, by the spool if it comes from one
	record   sarama.ProducerMessage
	sequence uint64 // of its acceptance: what comes back is sent again in this order
	size     int    // bytes in a batch, at most
	alone    bool   // was in a refused batch: to be sent in a batch of its own
}

// entryOverhead is the memory that a message takes beside its bytes, roughly.
const entryOverhead = 256

func newEntry(topic string, m Message, now time.Time) *entry {
	e := &entry{message: m, taken: m.taken}
	if e.taken.IsZero() {
		e.taken = now
	}
	e.record = sarama.ProducerMessage{
		Topic:     topic,
		Timestamp: kafkaTimestamp(m.Timestamp, now),
		Metadata:  e,
	}
	if m.Key != nil {
		e.record.Key = sarama.ByteEncoder(m.Key)
	}
	if m.Value != nil {
		e.record.Value = sarama.ByteEncoder(m.Value)
	}
	if len(m.Headers) > 0 {
		e.record.Headers = make([]sarama.RecordHeader, len(m.Headers))
		for i, h := range m.Headers {
			e.record.Headers[i] = sarama.RecordHeader{Key: headerKey(h.Key), Value: h.Value}
		}
	}
	const batchOverhead = 128
	e.size = e.record.ByteSize(2) + batchOverhead
	return e
}

func (e *entry) weight() int64 { return int64(e.size + entryOverhead) }

// kafkaTimestamp replaces what a broker would not take: it refuses negative times and those more
// than an hour ahead.
func kafkaTimestamp(t, now time.Time) time.Time {
	if t.Before(time.Unix(0, 0)) || t.After(now) { // the zero time is before 1970
		return now
	}
	return t
}

// headerKeys spares six small allocations per message.
var headerKeys = map[string][]byte{
	"ce_specversion": []byte("ce_specversion"), "ce_id": []byte("ce_id"), "ce_type": []byte("ce_type"),
	"ce_source": []byte("ce_source"), "ce_time": []byte("ce_time"), "content-type": []byte("content-type"),
}

func headerKey(name string) []byte {
	if key, ok := headerKeys[name]; ok {
		return key
	}
	return []byte(name)
}

// deliver takes note of an acknowledged message.
func (p *Publisher) deliver(record *sarama.ProducerMessage) {
	e := record.Metadata.(*entry)
	if p.isAway.Load() {
		p.goOn()
	}
	if p.opts.OnAck != nil {
		p.opts.OnAck(e.message, record.Partition, record.Offset)
	}
	if p.opts.delivered != nil {
		p.opts.delivered(time.Since(e.taken))
	}
	p.acked.Add(1)
	p.window.Release(e.weight())
}

// judge returns the entry if it is to be sent again, nil if Kafka has refused it for good.
func (p *Publisher) judge(failure *sarama.ProducerError) *entry {
	e := failure.Msg.Metadata.(*entry)
	lasting := permanent(failure.Err)
	if e.alone && lasting {
		_ = p.refuse(e, failure.Err)
		p.window.Release(e.weight())
		return nil
	}
	e.alone = lasting
	if p.ctx.Err() == nil {
		p.holdUp(failure.Err)
	}
	return e
}

// refuse counts a message that can't be delivered and keeps the first one's reason for Publish, Flush
// and Close.
func (p *Publisher) refuse(e *entry, err error) error {
	where := ""
	if e.message.Line > 0 {
		where = " of line " + strconv.FormatInt(e.message.Line, 10)
	}
	hint := ""
	if errors.Is(err, sarama.ErrMessageSizeTooLarge) {
		hint = fmt.Sprintf("the topic's max.message.bytes is %d: raise it, or take the message out of the source", p.maxBytes)
	}
	err = failed(hint, "kafka refuses the message%s with key %q and %d bytes: %w", where, e.message.Key, len(e.message.Value), err)
	p.log.Error("message refused", "error", err)
	if p.opts.refused != nil {
		p.opts.refused(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lastErr = err
	if p.failure == nil {
		p.failure = err
	}
	p.published.Add(1 - p.counted(e))
	p.failedMessages.Add(1)
	return err
}

// counted is 1 if Publish has already counted e.
func (p *Publisher) counted(e *entry) int64 {
	if e.sequence > 0 {
		return 1
	}
	return 0
}

func (p *Publisher) refusal() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failure
}

// holdUp takes note of why messages wait; logged once until they go on.
func (p *Publisher) holdUp(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lastErr = err
	if p.away.IsZero() {
		p.away = time.Now()
		p.isAway.Store(true)
		p.log.Warn("kafka takes no messages, they wait", "brokers", p.cfg.Brokers, "error", err)
	}
}

// dialFailed is told that no broker is connected any more. While there is no session, whoever makes one
// knows better: of several brokers the others may answer.
func (p *Publisher) dialFailed(err error) {
	p.mu.Lock()
	open := p.session != nil
	p.mu.Unlock()
	if open {
		p.holdUp(err)
	}
}

func (p *Publisher) goOn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.away.IsZero() {
		p.log.Warn("kafka takes messages again", "after", time.Since(p.away).Round(time.Millisecond))
	}
	p.away = time.Time{}
	p.isAway.Store(false)
}

// maxMessageBytes asks for the topic's limit of a batch. Without the right to read settings it is
// what brokers have by default.
func maxMessageBytes(ctx context.Context, cfg KafkaConfig, topic string) (int, error) {
	limit := 1 << 20
	err := withAdmin(ctx, cfg, func(client sarama.Client, admin sarama.ClusterAdmin) error {
		_, err := describe(client, topic)
		if errors.Is(err, sarama.ErrUnknownTopicOrPartition) {
			return failed("create it first, or check its name", "topic %s is not there: %w", topic, err)
		}
		if err != nil {
			return explain("looking for topic "+topic, cfg, err)
		}
		entries, err := settingsOf(admin, topic, "max.message.bytes")
		if errors.Is(err, sarama.ErrTopicAuthorizationFailed) {
			return nil
		}
		for _, entry := range entries {
			if n, err := strconv.Atoi(entry.Value); err == nil && entry.Name == "max.message.bytes" {
				limit = n
			}
		}
		return explain("reading the settings of topic "+topic, cfg, err)
	})
	return limit, err
}
