package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/reconcile"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

func (a *app) reconcileCommand() *cobra.Command {
	var dir string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Bring in what came too late for the streams",
		Long: `Inserts the good events of Bronze that Silver's watermark refused, and writes again the closed Gold
windows that lack ticks of Silver. It looks at everything, may run beside the queries, and changes
nothing where there is nothing to do. lakectl run does the same to what has arrived, every
--reconcile-every.

An event waits until it is five minutes of event time below Silver's watermark, and a window until
Gold's query has closed it.`,
		Example: "  lakectl reconcile --dry-run\n  lakectl reconcile && lakectl verify",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := findDataDir(dir, true)
			if err != nil {
				return err
			}
			report, err := a.reconcile(cmd.Context(), found, dryRun)
			if err != nil {
				return err
			}
			if a.output == "json" {
				return a.json(report)
			}
			writeReconciled(a.stdout, report)
			return nil
		},
	}
	dataDirFlag(cmd, &dir, "the lakehouse (default: the one that runs here)")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only count; windows of events that are still to be inserted are not counted")
	return cmd
}

func (a *app) reconcile(ctx context.Context, dir string, dryRun bool) (report reconcile.Report, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return report, err
	}
	session, end, err := a.openTables(ctx, dir)
	if err != nil {
		return report, err
	}
	defer end()
	if err := prepareBatch(ctx, session); err != nil {
		return report, err
	}
	report, _, err = reconcilerOn(session, dir, dryRun).Run(ctx, time.Time{})
	return report, tableError(dir, err, "nothing is half done, and it may be run again; "+wholeMessage)
}

func reconcilerOn(session *spark.Session, dir string, dryRun bool) *reconcile.Reconciler {
	return &reconcile.Reconciler{
		Lakehouse: jobs.Default(), Place: placeOf(dir), DryRun: dryRun,
		Query: func(ctx context.Context, statement string) ([][]any, error) {
			rows, err := session.Query(ctx, statement)
			return rows.Values, err
		},
	}
}

func writeReconciled(out io.Writer, r reconcile.Report) {
	events, windows := "late events inserted into", "windows written in"
	if r.DryRun {
		events, windows = "late events to insert into", "windows to write in"
	}
	writeChanges(out, r.Events, events)
	writeChanges(out, r.Windows, windows)
	if r.Conflicts > 0 {
		fmt.Fprintf(out, "%d conflicts with the running queries; tried again\n", r.Conflicts)
	}
}

func writeChanges(out io.Writer, changes []reconcile.Change, what string) {
	for _, c := range changes {
		if c.Skipped != "" {
			fmt.Fprintf(out, "%s left alone: %s\n", c.Table, c.Skipped)
			continue
		}
		fmt.Fprintf(out, "%d %s %s", c.Rows, what, c.Table)
		if len(c.Dates) > 0 {
			fmt.Fprintf(out, " (%s)", strings.Join(c.Dates, ", "))
		}
		if c.Held > 0 {
			fmt.Fprintf(out, "; %d wait for the watermark to move on", c.Held)
		}
		fmt.Fprintln(out)
	}
}
