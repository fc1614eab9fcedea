package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/maintain"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

func (a *app) maintainCommand() *cobra.Command {
	var dir string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "maintain",
		Short: "Put small files together, and delete those and the log that nobody needs any more",
		Long: `Puts the small files of each table together (OPTIMIZE), deletes the files that it has not had for an
hour (VACUUM), and the part of its log that is older and below a complete checkpoint. It may run beside the
queries and changes no row. lakectl run does the same every --maintain-every.

Nothing is deleted that a streaming query has still to read, whatever its age: a table whose readers are behind is
left alone. How long a table keeps what it no longer has, its properties delta.deletedFileRetentionDuration and
delta.logRetentionDuration say. A VACUUM by hand knows no readers.`,
		Example: "  lakectl maintain --dry-run\n  lakectl maintain -o json | jq '.tables[] | {table, files_after, left_alone}'",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := findDataDir(dir, true)
			if err != nil {
				return err
			}
			report, err := a.maintain(cmd.Context(), found, dryRun)
			switch {
			case len(report.Tables) == 0:
			case a.output == "json":
				err = errors.Join(err, a.json(report))
			default:
				writeMaintained(a.stdout, report)
			}
			return err
		},
	}
	dataDirFlag(cmd, &dir, "the lakehouse (default: the one that runs here)")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only look; of files, how many could go at most")
	return cmd
}

func (a *app) maintain(ctx context.Context, dir string, dryRun bool) (report maintain.Report, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return report, err
	}
	if run, err := local.ReadRunFile(dir); err == nil && run.Target != nil {
		return report, exit.New(exit.Usage, fmt.Errorf("the tables of target %s are not on this machine", run.Target.Name),
			"a deploy has a job for them: notebooks/04_Maintenance.py")
	}
	session, end, err := a.openTables(ctx, dir)
	if err != nil {
		return report, err
	}
	defer end()
	report, err = maintainOn(ctx, session, &maintain.Maintainer{Place: placeOf(dir), DryRun: dryRun})
	return report, tableError(dir, err, "nothing is half done, and it may be run again; "+wholeMessage)
}

// maintainOn runs a maintainer in a session.
func maintainOn(ctx context.Context, session *spark.Session, m *maintain.Maintainer) (maintain.Report, error) {
	if err := session.SetConf(ctx, maintain.Settings()); err != nil {
		return maintain.Report{}, err
	}
	m.Lakehouse = jobs.Default()
	m.Query = func(ctx context.Context, statement string) ([]maintain.Row, error) {
		rows, err := session.Query(ctx, statement)
		return rows.Named(), err
	}
	return m.Run(ctx)
}

func writeMaintained(out io.Writer, r maintain.Report) {
	for _, t := range r.Tables {
		switch {
		case t.Error != "":
			fmt.Fprintf(out, "%s failed: %s\n", t.Table, t.Error)
		case t.Nothing() && t.LeftAlone != "":
			fmt.Fprintf(out, "%s left alone: %s\n", t.Table, t.LeftAlone)
		case t.Nothing():
			fmt.Fprintf(out, "%s: nothing to do, %s\n", t.Table, filesText(t.FilesAfter, t.BytesAfter))
		default:
			fmt.Fprintf(out, "%s: %s\n", t.Table, maintainedText(r.DryRun, t))
		}
	}
}

func maintainedText(dryRun bool, t maintain.Table) string {
	if dryRun {
		return fmt.Sprintf("%d small files to put together, %d old ones to delete, %d of %d files of the log to remove%s",
			t.Compacted, t.Deleted, t.LogFilesRemoved, t.LogFilesBefore, aside(t.LeftAlone))
	}
	text := fmt.Sprintf("%d small files put into %d, %d old ones deleted, %d of %d files of the log removed; %s now, %d files before%s",
		t.Compacted, t.Into, t.Deleted, t.LogFilesRemoved, t.LogFilesBefore, filesText(t.FilesAfter, t.BytesAfter), t.FilesBefore, aside(t.LeftAlone))
	if t.Conflicts > 0 {
		text += fmt.Sprintf("; %d conflicts, tried again", t.Conflicts)
	}
	return text
}

func filesText(files int, bytes int64) string {
	return fmt.Sprintf("%d files, %s", files, sizeText(bytes))
}

func aside(why string) string {
	if why == "" {
		return ""
	}
	return "; " + why
}
