package verify

import (
	"context"
	"errors"
	"fmt"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

// Snapshot is the moment that is verified.
type Snapshot struct {
	// Versions of the tables, by name.
	Versions map[string]int64 `json:"versions"`
	// Committed says how far each job's query has come; it lacks jobs that have committed nothing.
	Committed map[string]Progress `json:"committed"`
}

// Progress is what a query has committed.
type Progress struct {
	// Version is the newest version of the source table that it has read whole, -1 for none.
	Version int64 `json:"version"`
	// WatermarkMs is the watermark of its last batch, milliseconds since 1970; 0 for none.
	WatermarkMs int64 `json:"watermark_ms,omitempty"`
	// Next is the offset behind the last record of each partition, of a job that reads Kafka, and First
	// where it began.
	Next  map[int32]int64 `json:"next_offsets,omitempty"`
	First map[int32]int64 `json:"first_offsets,omitempty"`
}

// has tells whether the query of a job has read a version of its source.
func (s Snapshot) has(job string) bool {
	p, ok := s.Committed[job]
	return ok && p.Version >= 0
}

// pin reads how far the queries are and fixes the tables' versions. A table is pinned after how far its query is
// was read, so it has all that this says; and before the table that it is made from, which therefore has the
// origin of each of its rows.
func (v *Verifier) pin(ctx context.Context) (Snapshot, error) {
	s := Snapshot{Versions: map[string]int64{}, Committed: map[string]Progress{}}
	for _, job := range v.Backfills {
		v.reached(&s, job)
	}
	for i := len(v.Lakehouse.Jobs) - 1; i >= 0; i-- { // a job comes after those that write what it reads
		job := v.Lakehouse.Jobs[i]
		v.reached(&s, job)
		var err error
		if s.Versions[job.Sink.Table], err = v.version(ctx, job.Sink.Table); err != nil {
			return s, err
		}
	}
	return s, nil
}

// reached notes how far a job's query is.
func (v *Verifier) reached(s *Snapshot, job jobs.Job) {
	p, err := v.progress(job)
	switch {
	case err == nil:
		s.Committed[job.Name] = p
	case !errors.Is(err, checkpoint.ErrNone):
		s.Committed[job.Name] = Progress{Version: -1} // I5 says what is the matter
	}
}

func (v *Verifier) progress(job jobs.Job) (Progress, error) {
	folder := v.Place.Checkpoint(job.Name)
	batch, err := checkpoint.Committed(folder)
	if err != nil {
		return Progress{}, err
	}
	p := Progress{Version: -1, WatermarkMs: batch.WatermarkMs}
	if job.Source.Kafka != nil {
		if p.Next, err = batch.TopicOffsets(job.Source.Kafka.Topic); err == nil {
			p.First, err = checkpoint.FirstTopicOffsets(folder, job.Source.Kafka.Topic)
		}
		return p, err
	}
	version, known, err := batch.TableVersion()
	if known {
		p.Version = version
	}
	return p, err
}

func (v *Verifier) version(ctx context.Context, table string) (int64, error) {
	rows, err := v.Query(ctx, NewestVersion(v.Place, table))
	if err != nil {
		return 0, fmt.Errorf("read the version of table %s: %w", table, err)
	}
	return number(rows, 0)
}

// NewestVersion returns the statement that gives a table's newest version, in the first column.
func NewestVersion(p ddl.Place, table string) string {
	return "DESCRIBE HISTORY " + p.Table(table) + " LIMIT 1"
}
