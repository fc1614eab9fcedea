package pipeline

import (
	"slices"
	"time"

	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

// State is what a query does.
type State string

// The states of a query.
const (
	StateStarting   State = "starting"
	StateRunning    State = "running"
	StateWaiting    State = "waiting"    // until the other queries have caught up
	StateRestarting State = "restarting" // failed, and started again soon
	StateStopped    State = "stopped"
)

// QueryStatus is what the outside sees of a query. Times are UTC, durations in seconds.
type QueryStatus struct {
	Name    string `json:"name"`
	State   State  `json:"state"`
	Healthy bool   `json:"healthy"` // running or waiting, and its last start has not failed since
	Mode    Mode   `json:"mode,omitempty"`
	ID      string `json:"id,omitempty"`
	RunID   string `json:"run_id,omitempty"`
	BatchID int64  `json:"batch_id"`
	// Rows is how many rows were read since the pipeline started.
	Rows          int64   `json:"rows"`
	RowsPerSecond float64 `json:"rows_per_second"` // read in the last batches, by wall clock
	Lag           int64   `json:"lag"`             // behind the source: records (Kafka), bytes (Delta); -1 unknown
	BatchSeconds  float64 `json:"batch_seconds"`   // how long the last batch took
	// LatencySeconds is the age of an event, on average over the last batch, when it was written; 0
	// where the query has no event time or the events are of another day.
	LatencySeconds float64    `json:"latency_seconds,omitempty"`
	Watermark      *time.Time `json:"watermark,omitempty"`
	LastBatch      *time.Time `json:"last_batch,omitempty"` // trigger time
	Restarts       int        `json:"restarts"`
	Late           int64      `json:"late"`       // rows a watermark refused since the pipeline started
	Duplicates     int64      `json:"duplicates"` // rows dropped as already seen, since then
	LastError      string     `json:"last_error,omitempty"`

	seen  time.Time // trigger time of the newest batch counted
	since time.Time // when the query was started or adopted
}

// Status returns the state of each query, in the order of the jobs.
func (p *Pipeline) Status() []QueryStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []QueryStatus
	for _, job := range p.config.Lakehouse.Jobs {
		all = append(all, *p.status[job.Name])
	}
	return all
}

func (p *Pipeline) update(job string, change func(*QueryStatus)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.status[job]
	change(s)
	s.Healthy = s.State == StateRunning || s.State == StateWaiting
}

func (p *Pipeline) begun(r *run) {
	p.update(r.job.Name, func(s *QueryStatus) {
		s.State, s.Mode, s.ID, s.RunID, s.since = StateRunning, r.mode, r.query.ID, r.query.RunID, r.since
	})
}

// deferred notes that a job's query waits for the others.
func (p *Pipeline) deferred(r *run) {
	p.update(r.job.Name, func(s *QueryStatus) { s.State, s.Mode = StateWaiting, r.mode })
}

// catchingUp reports whether a query works off a backlog, or, where waiting is set, is still to begin.
func (p *Pipeline) catchingUp(waiting bool) bool {
	return slices.ContainsFunc(p.Status(), func(q QueryStatus) bool {
		return q.Mode == CatchUp && (waiting || q.State != StateWaiting)
	})
}

// sourceLive reports that the job's source has no backlog of its own to work off, and since when: a
// query that found its table empty has not caught up while the one that fills it has not.
func (p *Pipeline) sourceLive(job jobs.Job) (since time.Time, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, upstream := range p.config.Lakehouse.Jobs {
		if upstream.Sink.Table == job.Source.Table {
			s := p.status[upstream.Name]
			return s.since, s.Mode == Live
		}
	}
	return time.Time{}, true // Kafka
}

func (p *Pipeline) failed(job string, cause error) {
	p.update(job, func(s *QueryStatus) {
		s.State, s.LastError = StateRestarting, cause.Error()
		s.Restarts++
	})
}

func (p *Pipeline) setAll(state State, cause error) {
	for _, job := range p.config.Lakehouse.Jobs {
		p.update(job.Name, func(s *QueryStatus) {
			s.State = state
			if cause != nil {
				s.LastError = cause.Error()
			}
		})
	}
}

// progressed counts the batches that were not counted yet; recent is oldest first.
func (p *Pipeline) progressed(r *run, recent []spark.Progress) {
	p.update(r.job.Name, func(s *QueryStatus) {
		for _, batch := range recent {
			if batch.RunID == r.query.RunID && batch.Timestamp.After(s.seen) {
				s.count(batch)
			}
		}
	})
}

func (s *QueryStatus) count(batch spark.Progress) {
	s.seen, s.BatchID = batch.Timestamp, batch.BatchID
	s.Rows += batch.InputRows
	s.Late += batch.RowsDroppedLate
	s.Duplicates += batch.RowsDroppedDuplicates
	s.RowsPerSecond = batch.InputRowsPerSecond
	s.Lag = batch.Lag()
	s.BatchSeconds = batch.Duration().Seconds()
	trigger := batch.Timestamp.UTC()
	s.LastBatch = &trigger
	if !batch.Watermark.IsZero() {
		watermark := batch.Watermark
		s.Watermark = &watermark
	}
	if !batch.AvgEventTime.IsZero() && batch.InputRows > 0 {
		age := batch.Timestamp.Add(batch.Duration()).Sub(batch.AvgEventTime)
		s.LatencySeconds = 0
		if age < 24*time.Hour {
			s.LatencySeconds = age.Seconds()
		}
	}
}
