package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/maintain"
	"github.com/cryptostream/lakectl/internal/pipeline"
	"github.com/cryptostream/lakectl/internal/reset"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

func (a *app) checkpointResetCommand() *cobra.Command {
	var dir, from string
	var yes bool
	cmd := &cobra.Command{
		Use:   "reset JOB --from WHERE",
		Short: "Begin a query anew, so that nothing is in its table twice",
		Long: `Sets a query's checkpoint aside, so that the next lakectl run begins a new one. What would be read again
or skipped is said first, and done after a yes. Nothing is deleted: what is set aside has the time behind
its name. Only what can be done without a row coming twice is offered:

A query that reads Kafka keeps its table, which says where to go on.
  --from current-table   behind the last record of each partition that the table has
  --from latest          behind the end that the topic has at the next start; what is between is skipped
  --from TIME            with the first record stamped then (RFC 3339) or later, but behind what the table has
  --from earliest        only while the table is empty

A query that reads a table makes its own table again, with all tables that are made of it.
  --from earliest        the tables are set aside with the checkpoints; afterwards lakectl reconcile brings in
                         what comes out of order for a watermark

Exits 3 without a yes, while a lakehouse runs there, and for what would write rows twice.`,
		Example: `  lakectl checkpoint reset bronze_prices --from current-table
  lakectl checkpoint reset gold_price_hourly --from earliest --yes && lakectl run --local`,
		Args:              arguments(cobra.ExactArgs(1)),
		ValidArgsFunction: completeJobs,
		RunE: func(cmd *cobra.Command, args []string) error {
			job, err := jobNamed(args[0])
			if err != nil {
				return err
			}
			start, err := checkpoint.ParseFrom(from)
			if err != nil {
				return usagef("--from %w", err)
			}
			found, err := findDataDir(dir, true)
			if err == nil {
				found, err = filepath.Abs(found)
			}
			if err != nil {
				return err
			}
			plan, err := a.reset(cmd.Context(), found, job, start, yes)
			if err != nil {
				return err
			}
			if a.output == "json" {
				return a.json(plan)
			}
			fmt.Fprintf(a.stdout, "%s is reset. Now:\n", job.Name)
			for _, step := range plan.After {
				fmt.Fprintf(a.stdout, "  %s\n", step)
			}
			return nil
		},
	}
	dataDirFlag(cmd, &dir, "the lakehouse (default: the only one that is here)")
	cmd.Flags().StringVar(&from, "from", "", "earliest, latest, current-table, or an RFC 3339 time")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "don't ask")
	return cmd
}

// reset plans, asks and carries out, on a data dir that it has for itself: the Spark that it starts to look into the
// tables holds the lock until the end.
func (a *app) reset(ctx context.Context, dir string, job jobs.Job, from checkpoint.From, yes bool) (plan reset.Plan, err error) {
	if local.Locked(dir) {
		return plan, exit.New(exit.Refused, fmt.Errorf("the lakehouse in %s runs, or another command is at work there", dir), "lakectl stop, and then reset")
	}
	// What can't be at all is said before a Spark is started.
	if _, err := reset.Make(jobs.Default(), placeOf(dir), job, from, reset.Facts{}, time.Now()); err != nil {
		return plan, err
	}
	session, end, err := a.openBare(ctx, dir)
	if err != nil {
		return plan, err
	}
	defer end()
	facts, err := resetFacts(ctx, session, placeOf(dir), job)
	if err != nil {
		return plan, err
	}
	plan, err = reset.Make(jobs.Default(), placeOf(dir), job, from, facts, time.Now())
	if err != nil {
		return plan, err
	}
	if job.Source.Kafka == nil {
		plan.Also(reconciledPath(dir)) // the schedule looks at everything again
	}
	for _, line := range plan.Says {
		fmt.Fprintln(a.stderr, line)
	}
	if err := a.agree(yes); err != nil {
		return plan, err
	}
	return plan, plan.Apply()
}

// agree asks for a yes on stdin.
func (a *app) agree(yes bool) error {
	if yes {
		return nil
	}
	fmt.Fprint(a.stderr, "Type yes to do that: ")
	line, err := bufio.NewReader(a.stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	if strings.TrimSpace(line) != "yes" {
		return exit.New(exit.Refused, errors.New("not agreed; nothing was changed"), "answer yes, or give --yes")
	}
	return nil
}

// resetFacts counts what the tables have. Those that the job reads must be whole, and so must the table that it goes on with.
func resetFacts(ctx context.Context, session *spark.Session, place ddl.Place, job jobs.Job) (reset.Facts, error) {
	facts := reset.Facts{Rows: map[string]int64{}, Damaged: map[string]bool{}}
	damaged, err := pipeline.RegisterSound(ctx, session, place, maintain.Local(jobs.Default()))
	if err != nil {
		return facts, err
	}
	for _, j := range jobs.Default().Jobs {
		table := j.Sink.Table
		if _, known := damaged[table]; !known {
			rows, err := session.Query(ctx, "SELECT count(*) FROM "+place.Table(table))
			var e *pipeline.DamagedTableError
			switch err = pipeline.Damaged(place, jobs.Default(), err); {
			case errors.As(err, &e):
				damaged[table] = e
			case err != nil:
				return facts, fmt.Errorf("count the rows of %s: %w", table, err)
			default:
				facts.Rows[table], _ = rows.Values[0][0].(int64)
			}
		}
		facts.Damaged[table] = damaged[table] != nil
	}
	needed := job.Source.Table
	if job.Source.Kafka != nil {
		needed = job.Sink.Table
	}
	if err, ok := damaged[needed]; ok {
		return facts, err
	}
	if job.Source.Kafka != nil {
		facts.Next, err = pipeline.TableOffsets(ctx, session, place, job)
	}
	return facts, pipeline.Damaged(place, jobs.Default(), err)
}
