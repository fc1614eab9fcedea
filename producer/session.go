package producer

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
)

// session is one idempotent sarama producer. Sarama retries on its own for about a minute, with the
// same sequence numbers, so that Kafka drops doubles. When it gives a message back nevertheless, what
// follows might overtake it. So the first failure ends the session: its connections are cut before
// sarama can send anything that waits behind the failed batch (sarama holds back a partition until a
// failed batch has been read from Errors), everything undelivered comes back, and a new session, with
// a producer id of its own, gets it again in order.
type session struct {
	client   sarama.Client
	producer sarama.AsyncProducer
	dial     *dialer

	mu     sync.RWMutex // read: sending to Input; write: before Input closes
	fenced chan struct{}
	once   sync.Once

	sent, settled atomic.Int64
	progress      chan struct{} // has an element when settled may have reached sent
}

func (p *Publisher) newSession() (*session, error) {
	dial := newDialer(p.ctx, p.dialFailed)
	conf, err := p.saramaConfig(dial)
	if err != nil {
		return nil, err
	}
	client, producer, err := p.newProducer(conf)
	if err != nil {
		dial.cut()
		return nil, err
	}
	return &session{client: client, producer: producer, dial: dial, fenced: make(chan struct{}), progress: make(chan struct{}, 1)}, nil
}

// newProducer fetches the metadata before sarama asks for a producer id: without it, sarama asks the
// first of the given brokers only, for minutes, also where that is down and others are not. And it would
// not close its client where that fails.
func (p *Publisher) newProducer(conf *sarama.Config) (sarama.Client, sarama.AsyncProducer, error) {
	client, err := sarama.NewClient(p.cfg.Brokers, conf)
	if err != nil {
		return nil, nil, err
	}
	err = client.RefreshMetadata(p.opts.Topic)
	if err == nil {
		var producer sarama.AsyncProducer
		if producer, err = sarama.NewAsyncProducerFromClient(client); err == nil {
			return client, producer, nil
		}
	}
	_ = client.Close()
	return nil, nil, err
}

// saramaConfig is the producer's. Sarama sends a batch as soon as the one before is acknowledged:
// batches grow by themselves under load, and a lone message never lingers.
func (p *Publisher) saramaConfig(dial *dialer) (*sarama.Config, error) {
	conf, err := newSaramaConfig(p.cfg, dial)
	if err != nil {
		return nil, err
	}
	switch p.opts.Compression {
	case "", "lz4":
		conf.Producer.Compression = sarama.CompressionLZ4
	case "zstd":
		conf.Producer.Compression = sarama.CompressionZSTD
	default:
		return nil, usage("compression %q is not known: lz4 or zstd", p.opts.Compression)
	}
	backoff := func(retries, _ int) time.Duration {
		if dial.isCut() { // the session is over: give everything back at once
			return 0
		}
		return min(100*time.Millisecond<<min(retries, 4), time.Second)
	}
	conf.ChannelBufferSize = 4096
	conf.Net.MaxOpenRequests = 1
	conf.Metadata.Full = false // only our topic
	conf.Metadata.Retry.Max = p.opts.retries
	conf.Metadata.Retry.BackoffFunc = backoff
	conf.Producer.Idempotent = true
	conf.Producer.RequiredAcks = sarama.WaitForAll
	conf.Producer.MaxMessageBytes = p.maxBytes
	conf.Producer.Return.Successes = true
	conf.Producer.Return.Errors = true
	conf.Producer.Retry.Max = p.opts.retries
	conf.Producer.Retry.BackoffFunc = backoff
	conf.Producer.Transaction.Retry.BackoffFunc = backoff
	return conf, nil
}

// send gives e to sarama. It says false when the session has ended, or with an error when ctx has.
func (s *session) send(ctx context.Context, e *entry) (bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	select {
	case <-s.fenced:
		return false, nil
	default:
	}
	s.sent.Add(1)
	select {
	case s.producer.Input() <- &e.record:
		return true, nil
	case <-s.fenced:
		s.sent.Add(-1)
		return false, nil
	case <-ctx.Done():
		s.sent.Add(-1)
		return false, ctx.Err()
	}
}

// drained waits until all that was sent is settled; false when the session has ended before.
// Only for the time before the session is open.
func (s *session) drained() bool {
	for s.settled.Load() != s.sent.Load() {
		select {
		case <-s.progress:
		case <-s.fenced:
			return false
		}
	}
	return true
}

func (s *session) settle() {
	s.settled.Add(1)
	select {
	case s.progress <- struct{}{}:
	default:
	}
}

// fence ends the session. When it returns, no byte of it reaches Kafka any more.
func (s *session) fence() {
	s.once.Do(func() {
		s.dial.cut()
		close(s.fenced)
		go func() { // waits for senders to see it; collect must go on reading meanwhile
			s.mu.Lock()
			defer s.mu.Unlock()
			s.producer.AsyncClose()
		}()
	})
}

// collect reads sarama's reports until the session has ended and all of them are in. It returns the
// messages to be sent again, in no order.
func (s *session) collect(p *Publisher) (again []*entry) {
	successes, failures, stop := s.producer.Successes(), s.producer.Errors(), p.ctx.Done()
	for successes != nil || failures != nil {
		select {
		case record, ok := <-successes:
			if !ok {
				successes = nil
				continue
			}
			p.deliver(record)
			s.settle()
		case failure, ok := <-failures:
			if !ok {
				failures = nil
				continue
			}
			s.fence() // before anything else is read
			if e := p.judge(failure); e != nil {
				again = append(again, e)
			}
			s.settle()
		case <-stop:
			stop = nil
			s.fence()
		}
	}
	_ = s.client.Close()
	return again
}

// permanent says whether Kafka would refuse the same again. It refuses whole batches, for the sake of
// one message: only alone is a message known to be guilty.
func permanent(err error) bool {
	var encoding sarama.PacketEncodingError
	return errors.Is(err, sarama.ErrMessageSizeTooLarge) ||
		errors.Is(err, sarama.ErrInvalidTimestamp) ||
		errors.Is(err, sarama.ErrInvalidRecord) ||
		errors.Is(err, sarama.ErrUnsupportedForMessageFormat) ||
		errors.As(err, &encoding)
}
