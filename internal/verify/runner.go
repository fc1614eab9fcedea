package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

// Rows is the result of a statement.
type Rows struct {
	Columns []string
	Values  [][]any // BIGINT and INT are int64
}

// Verifier looks for what must not be in a lakehouse. It changes nothing.
type Verifier struct {
	Lakehouse *jobs.Lakehouse
	Place     ddl.Place // with checkpoints in a local folder
	// Query runs a statement in a session whose plans are not cached and in which the tables are registered.
	Query func(ctx context.Context, statement string) (Rows, error)
	// MadeBy reads what the checkpoint of a job was made by, and whether that is known.
	MadeBy func(job string) (jobs.Fingerprint, bool, error)
	// Topic asks Kafka for a topic. It may be nil, or return ErrUnreachable: then Bronze is compared with its
	// checkpoint alone.
	Topic func(ctx context.Context, topic string) (TopicOffsets, error)
	// Range bounds what is looked at.
	Range Range
	// Samples is how many coordinates a check gives at most.
	Samples int
	// Progress is told what is being looked at; may be nil.
	Progress func(what string)
}

// Run looks at one snapshot. That an invariant does not hold is no error.
func (v *Verifier) Run(ctx context.Context) (Report, error) {
	report := Report{Held: true, At: time.Now().UTC(), From: bound(v.Range.From), To: bound(v.Range.To)}
	snapshot, err := v.pin(ctx)
	if err != nil {
		return report, err
	}
	report.Snapshot = snapshot
	s := statements{v.Lakehouse, v.Place, snapshot, v.Range}
	for _, look := range []func(context.Context, statements) (Invariant, error){v.bronze, v.silver, v.gold, v.restart} {
		i, err := look(ctx, s)
		if err != nil {
			return report, err
		}
		i.Held = len(i.Offences) == 0
		report.Held = report.Held && i.Held
		report.Invariants = append(report.Invariants, i)
	}
	return report, nil
}

func bound(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

// look runs checks and returns what they found.
func (v *Verifier) look(ctx context.Context, checks []check) ([]Offence, error) {
	var found []Offence
	for _, c := range checks {
		if v.Progress != nil {
			v.Progress(c.name)
		}
		o, err := v.offence(ctx, c)
		if err != nil {
			return found, fmt.Errorf("look for %s: %w", c.name, err)
		}
		if o.Count > 0 {
			found = append(found, o)
		}
	}
	return found, nil
}

func (v *Verifier) offence(ctx context.Context, c check) (Offence, error) {
	o := Offence{Check: c.name, Why: c.why, Remedy: c.remedy, Samples: []map[string]any{}}
	count := c.count
	if count == "" {
		count = "SELECT count(*) FROM (\n" + c.offences + "\n)"
	}
	var err error
	if o.Count, err = v.number(ctx, count); err != nil || o.Count == 0 {
		return o, err
	}
	late, order := "0L", "ALL"
	if c.mayBeLate { // last, after those that need somebody to look at them
		late, order = "count_if(late) OVER ()", "late"
	}
	rows, err := v.Query(ctx, fmt.Sprintf("SELECT *, %s AS all_late FROM (\n%s\n) ORDER BY %s LIMIT %d", late, c.offences, order, v.Samples))
	if err != nil {
		return o, err
	}
	last := len(rows.Columns) - 1
	for _, row := range rows.Values {
		o.Late, _ = row[last].(int64)
		sample := map[string]any{}
		for i, name := range rows.Columns[:last] {
			sample[name] = row[i]
		}
		o.Samples = append(o.Samples, sample)
	}
	return o, nil
}

// number runs a statement that gives one.
func (v *Verifier) number(ctx context.Context, statement string) (int64, error) {
	rows, err := v.Query(ctx, statement)
	if err != nil {
		return 0, err
	}
	return number(rows, 0)
}

// number is column i of a result of one row.
func number(rows Rows, i int) (int64, error) {
	if len(rows.Values) == 1 && i < len(rows.Values[0]) {
		if n, ok := rows.Values[0][i].(int64); ok {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%d rows of %v where one number was expected", len(rows.Values), rows.Columns)
}

// numbers counts the rows of queries, all at once.
func (v *Verifier) numbers(ctx context.Context, what []string, queries []string) ([]Count, error) {
	statement := "SELECT "
	for i, q := range queries {
		if i > 0 {
			statement += ",\n  "
		}
		statement += "(SELECT count(*) FROM (" + q + "))"
	}
	rows, err := v.Query(ctx, statement)
	if err != nil {
		return nil, fmt.Errorf("count %v: %w", what, err)
	}
	counts := make([]Count, len(what))
	for i := range what {
		counts[i].What = what[i]
		if counts[i].N, err = number(rows, i); err != nil {
			return nil, err
		}
	}
	return counts, nil
}
