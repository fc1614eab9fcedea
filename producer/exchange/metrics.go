package exchange

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are counted whether somebody reads them or not.
type metrics struct {
	polls  *prometheus.CounterVec // source, outcome
	errors *prometheus.CounterVec // source, kind
	up     *prometheus.GaugeVec   // source
	budget *prometheus.GaugeVec   // source
	late   prometheus.Histogram
}

func newMetrics() *metrics {
	return &metrics{
		polls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "lakectl_producer_polls_total", Help: "Polls of a source, by how they went: ok or error.",
		}, []string{"source", "outcome"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "lakectl_producer_errors_total", Help: "What went wrong with a source, polls and single quotes, by kind.",
		}, []string{"source", "kind"}),
		up: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "lakectl_producer_source_up", Help: "1 for the source that quotes are taken from now.",
		}, []string{"source"}),
		budget: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "lakectl_producer_budget_credits_remaining", Help: "Calls that are left of the month's budget.",
		}, []string{"source"}),
		late: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "lakectl_producer_poll_lateness_seconds", Help: "How long after its due time a poll began.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1},
		}),
	}
}

// Register gives the source's metrics to a registry; nil is none. Its error is one of another source
// that has registered before.
func (s *Source) Register(registry prometheus.Registerer) error {
	if registry == nil {
		return nil
	}
	m := s.metrics
	for _, c := range []prometheus.Collector{m.polls, m.errors, m.up, m.budget, m.late} {
		if err := registry.Register(c); err != nil {
			return fmt.Errorf("registering the metrics of exchanges: %w", err)
		}
	}
	return nil
}
