package reconcile

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/conflict"
	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/jobs"
)

// Reconciler brings in what a watermark refused, beside the running queries or without them.
type Reconciler struct {
	Lakehouse *jobs.Lakehouse
	Place     ddl.Place // with checkpoints in a local folder
	// Query runs a statement in a session whose plans are not cached and in which the tables are registered, and
	// returns its rows: BIGINT as int64, DATE as text or a type of it, TIMESTAMP as time.Time.
	Query func(ctx context.Context, statement string) ([][]any, error)
	// EventsOnly leaves the windows alone, for a caller that has them written afterwards.
	EventsOnly bool
	// DryRun only counts. Windows that the late events would change are not among what it finds.
	DryRun bool
}

// Run looks at what Bronze took in at or after since, and at everything if that is zero. It returns since for the
// next time, before which nothing is left to do. It may be repeated at will, and after any error.
func (r *Reconciler) Run(ctx context.Context, since time.Time) (Report, time.Time, error) {
	report := Report{DryRun: r.DryRun, Events: []Change{}, Windows: []Change{}}
	if !since.IsZero() {
		report.Since = &since
	}
	next := mark{}
	for _, job := range Deduplicating(r.Lakehouse) {
		scope, err := r.committed(job)
		if err != nil {
			return report, since, err
		}
		if scope.Source == "" || scope.Watermark == "" {
			report.Events = append(report.Events, Change{Table: job.Sink.Table, Dates: []string{}, Skipped: notYet(job)})
			next.stay = true
			continue
		}
		scope.Arrived = timestamp(since)
		change, err := r.insert(ctx, job, scope, &report, &next)
		report.Events = append(report.Events, change)
		if err != nil {
			return report, since, err
		}
		if r.EventsOnly {
			next.stay = true
			continue
		}
		if err := r.windows(ctx, job, scope, since, &report, &next); err != nil {
			return report, since, err
		}
	}
	return report, next.after(since), nil
}

func notYet(job jobs.Job) string { return "the query of " + job.Name + " has committed nothing yet" }

// committed is how far the query of a job is: Source is "" before it has read a version whole, and Watermark before
// it has one.
func (r *Reconciler) committed(job jobs.Job) (Scope, error) {
	batch, err := checkpoint.Committed(r.Place.Checkpoint(job.Name))
	if errors.Is(err, checkpoint.ErrNone) {
		return Scope{}, nil
	}
	var s Scope
	version, known, verr := batch.TableVersion()
	if err = errors.Join(err, verr); err != nil {
		return s, exit.New(exit.Failed, err, "lakectl verify says more")
	}
	if known {
		s.Source = strconv.FormatInt(version, 10)
	}
	if batch.WatermarkMs > 0 {
		s.Watermark = strconv.FormatInt(batch.WatermarkMs, 10)
	}
	return s, nil
}

// insert brings the late events of one job in.
func (r *Reconciler) insert(ctx context.Context, job jobs.Job, s Scope, report *Report, next *mark) (Change, error) {
	change := Change{Table: job.Sink.Table, Dates: []string{}}
	err := r.again(ctx, report, func() error {
		rows, err := r.Query(ctx, "DESCRIBE HISTORY "+r.Place.Table(job.Sink.Table)+" LIMIT 1")
		if err != nil {
			return fmt.Errorf("read the version of %s: %w", job.Sink.Table, err)
		}
		if len(rows) == 0 {
			return fmt.Errorf("table %s has no history", job.Sink.Table)
		}
		s.Sink = fmt.Sprint(rows[0][0])
		found, err := r.Query(ctx, CountLate(job, r.Place, s))
		if err != nil {
			return fmt.Errorf("count late events of %s: %w", job.Sink.Table, err)
		}
		change.Rows, change.Held, change.Dates = 0, 0, []string{}
		for _, row := range found { // date, rows, held, arrived
			n := row[1].(int64)
			if held := row[2].(bool); held {
				change.Held += n
				next.before(row[3])
				continue
			}
			change.Rows += n
			change.Dates = append(change.Dates, fmt.Sprint(row[0]))
		}
		if change.Rows == 0 || r.DryRun {
			return nil
		}
		s.Dates = dates(change.Dates)
		change.Rows, err = r.affected(ctx, InsertLate(job, r.Place, s))
		return err
	})
	if err != nil {
		return change, fmt.Errorf("insert late events into %s: %w", job.Sink.Table, err)
	}
	return change, nil
}

// windows writes the stale windows of the jobs that read what source writes. Their watermarks are read before the
// rows: a row that came later is looked at the next time.
func (r *Reconciler) windows(ctx context.Context, source jobs.Job, read Scope, since time.Time, report *Report, next *mark) error {
	scopes := map[string]Scope{}
	lowest := int64(math.MaxInt64)
	readers := matching(r.Lakehouse, func(j jobs.Job) bool {
		return j.WatermarkOn() == jobs.WatermarkSource && j.Source.Table == source.Sink.Table
	})
	for _, job := range readers {
		s, err := r.committed(job)
		if err != nil {
			return err
		}
		ms, _ := strconv.ParseInt(s.Watermark, 10, 64) // 0 where there is none
		scopes[job.Name], lowest = s, min(lowest, ms)
	}
	from, err := r.arrivals(ctx, source, read, lowest, next)
	if err != nil {
		return err
	}
	for _, job := range readers {
		s := scopes[job.Name]
		switch {
		case s.Watermark == "":
			report.Windows = append(report.Windows, Change{Table: job.Sink.Table, Dates: []string{}, Skipped: notYet(job)})
			continue
		case since.IsZero():
		case from.IsZero(): // nothing has arrived
			report.Windows = append(report.Windows, Change{Table: job.Sink.Table, Dates: []string{}})
			continue
		default:
			s.From = timestamp(from)
		}
		change, err := r.merge(ctx, job, s, report)
		report.Windows = append(report.Windows, change)
		if err != nil {
			return fmt.Errorf("write windows of %s: %w", job.Sink.Table, err)
		}
	}
	return nil
}

// arrivals returns the earliest event of those that have arrived, and takes into account what is to be looked at again.
func (r *Reconciler) arrivals(ctx context.Context, source jobs.Job, read Scope, lowest int64, next *mark) (time.Time, error) {
	rows, err := r.Query(ctx, arrivals(source, r.Place, read, lowest))
	if err != nil {
		return time.Time{}, fmt.Errorf("look for what has arrived in %s: %w", source.Sink.Table, err)
	}
	if len(rows) != 1 {
		return time.Time{}, fmt.Errorf("look for what has arrived in %s: %d rows instead of one", source.Sink.Table, len(rows))
	}
	next.before(rows[0][1])
	next.before(rows[0][2])
	from, _ := rows[0][0].(time.Time)
	return from, nil
}

func (r *Reconciler) merge(ctx context.Context, job jobs.Job, s Scope, report *Report) (Change, error) {
	change := Change{Table: job.Sink.Table, Dates: []string{}}
	err := r.again(ctx, report, func() error {
		s.Dates = ""
		statement, err := CountStale(job, r.Place, s)
		if err != nil {
			return err
		}
		found, err := r.Query(ctx, statement)
		if err != nil {
			return fmt.Errorf("count stale windows: %w", err)
		}
		change.Rows, change.Dates = 0, []string{}
		for _, row := range found { // date, windows
			change.Rows += row[1].(int64)
			change.Dates = append(change.Dates, fmt.Sprint(row[0]))
		}
		if change.Rows == 0 || r.DryRun {
			return nil
		}
		s.Dates = dates(change.Dates)
		if statement, err = MergeStale(job, r.Place, s); err != nil {
			return err
		}
		change.Rows, err = r.affected(ctx, statement)
		return err
	})
	return change, err
}

// affected runs a merge and returns how many rows it has written.
func (r *Reconciler) affected(ctx context.Context, statement string) (int64, error) {
	rows, err := r.Query(ctx, statement)
	if err != nil {
		return 0, err
	}
	if len(rows) == 1 && len(rows[0]) > 0 {
		if n, ok := rows[0][0].(int64); ok {
			return n, nil
		}
	}
	return 0, fmt.Errorf("the merge did not say how many rows it has written: %v", rows)
}

// again does something once more where another writer was faster.
func (r *Reconciler) again(ctx context.Context, report *Report, do func() error) error {
	return conflict.Retry(ctx, func() { report.Conflicts++ }, do)
}

// mark is the earliest of some times.
type mark struct {
	at   time.Time
	stay bool // as it was
}

// before takes a TIMESTAMP into account; null is none.
func (m *mark) before(value any) {
	if at, ok := value.(time.Time); ok && (m.at.IsZero() || at.Before(m.at)) {
		m.at = at
	}
}

func (m *mark) after(since time.Time) time.Time {
	if m.stay || m.at.Before(since) {
		return since
	}
	return m.at
}

func timestamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return ddl.Timestamp(at)
}

func dates(days []string) string {
	literals := make([]string, len(days))
	for i, d := range days {
		literals[i] = "DATE" + ddl.Literal(d)
	}
	return strings.Join(literals, ", ")
}
