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

// newMetrics registers the metrics, unless there is nobody to register them with.
func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	m := &metrics{
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
	if registry == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.polls, m.errors, m.up, m.budget, m.late} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("registering the metrics of exchanges: %w", err)
		}
	}
	return m, nil
}
