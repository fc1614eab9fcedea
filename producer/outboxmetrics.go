package producer

import (
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const metricPrefix = "lakectl_producer_"

// outboxMetrics counts what only the moment knows; the rest is read from Stats when somebody asks. nil
// counts nothing.
type outboxMetrics struct {
	stats    func() OutboxStats
	quotes   *prometheus.CounterVec
	delivery prometheus.Histogram

	mu    sync.Mutex
	taken map[string]time.Time // the last quote of a pair: its collected_at
}

// labelPairs bounds the pairs that have a time series of their own: replayed lines may name anything.
const labelPairs = 200

var (
	pairPattern = regexp.MustCompile(`^[A-Z0-9]{1,20}-[A-Z0-9]{1,20}$`)

	ageDesc      = desc("quote_age_seconds", "Age of the last quote taken, by pair.", "pair")
	messagesDesc = desc("messages_total", "Messages on their way to Kafka: published (given to it), acked, retried, failed.", "result")
	inFlightDesc = desc("in_flight", "Messages given to Kafka and not acknowledged yet.")
	upDesc       = desc("kafka_up", "1 while Kafka takes messages, 0 while it is away.")
	spooledDesc  = desc("spool_messages", "Messages in the spool that Kafka has not acknowledged.")
	bytesDesc    = desc("spool_bytes", "Size of the spool's files.")
	limitDesc    = desc("spool_limit_bytes", "Size of the spool's files at which no quotes are taken any more.")
	blockedDesc  = desc("spool_blocked", "1 while no quotes are taken, because the spool is full or its disk fails.")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(metricPrefix+name, help, labels, nil)
}

func (o *Outbox) register(to prometheus.Registerer) error {
	if to == nil {
		return nil
	}
	m := &outboxMetrics{
		stats: o.Stats,
		quotes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: metricPrefix + "quotes_total", Help: "Quotes taken, by their true source and pair.",
		}, []string{"source", "pair"}),
		delivery: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: metricPrefix + "delivery_seconds", Help: "From a quote being taken to Kafka's acknowledgement.",
			Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 5, 10, 60, 600, 3600, 86400},
		}),
		taken: map[string]time.Time{},
	}
	for _, c := range []prometheus.Collector{m, m.quotes, m.delivery} {
		if err := to.Register(c); err != nil {
			return fmt.Errorf("registering the producer's metrics: %w", err)
		}
	}
	o.metrics = m
	return nil
}

// count notes a quote that was taken.
func (m *outboxMetrics) count(message Message) {
	if m == nil {
		return
	}
	pair, source := string(message.Key), "other"
	for _, h := range message.Headers {
		if h.Key == "ce_source" {
			source = string(h.Value)
		}
	}
	m.mu.Lock()
	_, known := m.taken[pair]
	if !known && (len(m.taken) >= labelPairs || !pairPattern.MatchString(pair)) {
		pair, source = "other", "other"
	}
	m.taken[pair] = message.Timestamp
	m.mu.Unlock()
	m.quotes.WithLabelValues(source, pair).Inc()
}

// delivered notes how long a message took.
func (m *outboxMetrics) delivered(took time.Duration) {
	if m != nil {
		m.delivery.Observe(took.Seconds())
	}
}

// Describe implements prometheus.Collector.
func (m *outboxMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{ageDesc, messagesDesc, inFlightDesc, upDesc, spooledDesc, bytesDesc, limitDesc, blockedDesc} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m *outboxMetrics) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	s := m.stats()
	for result, n := range map[string]int64{"published": s.Published, "acked": s.Acked, "retried": s.Retried, "failed": s.Failed} {
		to <- prometheus.MustNewConstMetric(messagesDesc, prometheus.CounterValue, float64(n), result)
	}
	gauge(inFlightDesc, float64(s.InFlight))
	gauge(upDesc, number(s.KafkaUp))
	gauge(spooledDesc, float64(s.Spool.Messages))
	gauge(bytesDesc, float64(s.Spool.Bytes))
	gauge(limitDesc, float64(s.Spool.Limit))
	gauge(blockedDesc, number(s.Spool.Blocked != nil))
	m.mu.Lock()
	defer m.mu.Unlock()
	for pair, at := range m.taken {
		gauge(ageDesc, time.Since(at).Seconds(), pair)
	}
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
