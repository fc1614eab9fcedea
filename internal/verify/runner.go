package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

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
	// Backfills are queries beside the jobs, which fill a job's table from a topic of their own; those that were never
	// run may be among them.
	Backfills []jobs.Job
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
	// Progress is told what is being looked for, from several goroutines; may be nil.
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
		i.LookedAt, i.NotYet, i.Offences = orEmpty(i.LookedAt), orEmpty(i.NotYet), orEmpty(i.Offences)
		report.Held = report.Held && i.Held
		report.Invariants = append(report.Invariants, i)
	}
	return report, nil
}

// orEmpty makes a list [] in JSON where it would be null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func bound(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

// sideBySide is how many statements run at once: planning one takes the driver as long as its tasks take a core.
const sideBySide = 3

// look runs checks and returns what they found, in their order.
func (v *Verifier) look(ctx context.Context, checks []check) ([]Offence, error) {
	all := make([]Offence, len(checks))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(sideBySide)
	for i, c := range checks {
		g.Go(func() (err error) {
			if v.Progress != nil {
				v.Progress(c.name)
			}
			if all[i], err = v.offence(ctx, c); err != nil {
				return fmt.Errorf("look for %s: %w", c.name, err)
			}
			return nil
		})
	}
	err := g.Wait()
	return slices.DeleteFunc(all, func(o Offence) bool { return o.Count == 0 }), err
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

// figure is a number that is reported beside the offences.
type figure struct {
	what   string
	number string // SQL that gives it
	notYet bool   // of what was not looked at
}

// rows counts the rows of a query.
func rows(query string) string { return "(SELECT count(*) FROM (" + query + "))" }

// count adds figures to an invariant, by one statement for all of them.
func (v *Verifier) count(ctx context.Context, i *Invariant, figures []figure) error {
	numbers := make([]string, len(figures))
	for j, f := range figures {
		numbers[j] = f.number
	}
	result, err := v.Query(ctx, "SELECT "+strings.Join(numbers, ",\n  "))
	if err != nil {
		return fmt.Errorf("count what %s is about: %w", i.ID, err)
	}
	for j, f := range figures {
		n, err := number(result, j)
		if err != nil {
			return err
		}
		if f.notYet {
			i.NotYet = append(i.NotYet, Count{f.what, n})
		} else {
			i.LookedAt = append(i.LookedAt, Count{f.what, n})
		}
	}
	return nil
}
