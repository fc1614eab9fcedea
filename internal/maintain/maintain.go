package maintain

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

// Row is a row of a result, by the names of its columns: BIGINT as int64, STRUCT as Row, MAP as map[string]string.
type Row = map[string]any

// Maintainer cares for the tables of a lakehouse, beside the running queries or without them.
type Maintainer struct {
	Lakehouse *jobs.Lakehouse
	Place     ddl.Place // with tables and checkpoints in local folders
	// Query runs a statement in a session that has Settings and in which the tables are registered.
	Query func(ctx context.Context, statement string) ([]Row, error)
	// DryRun only looks.
	DryRun bool
	// KeepFiles leaves VACUUM out: it goes by the clock, and the clock has jumped.
	KeepFiles bool
}

// Run cares for one table after the other. It may be repeated at will, and after any error. What fails for one table
// leaves the others to be cared for; the errors are joined.
func (m *Maintainer) Run(ctx context.Context) (Report, error) {
	report := Report{DryRun: m.DryRun, Tables: []Table{}}
	readers, unknown := checkpoint.Readers(m.Place.Checkpoints)
	var errs []error
	done := map[string]bool{}
	for _, job := range m.Lakehouse.Jobs {
		if done[job.Table.Name] {
			continue
		}
		done[job.Table.Name] = true
		t := Table{Table: job.Table.Name}
		err := ctx.Err()
		switch {
		case err != nil:
		case unknown != nil:
			t.LeftAlone = "a reader can't be asked what it needs: " + unknown.Error()
		default:
			err = m.table(ctx, job.Table, readers, &t, time.Now())
		}
		if err != nil {
			err = fmt.Errorf("maintain %s: %w", job.Table.Name, err)
			t.Error, _, _ = strings.Cut(err.Error(), "\n") // Spark appends plans and stack traces
			errs = append(errs, err)
		}
		report.Tables = append(report.Tables, t)
	}
	return report, errors.Join(errs...)
}
