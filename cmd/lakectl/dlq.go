package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/dlq"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/pipeline"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

func (a *app) dlqCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dlq",
		Short: "Look into the dead letters, and send them again",
		Long: `A record that a check refuses is a dead letter: its bytes, and the reasons. These commands count and
show them, and send them to the topic again once a check or the record is mended.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.dlqListCommand(), a.dlqShowCommand(), a.dlqReplayCommand())
	return cmd
}

// dlqOptions choose dead letters.
type dlqOptions struct {
	dir, reason, from, to string
	records               []string // arguments
}

func (o *dlqOptions) flags(cmd *cobra.Command) {
	dataDirFlag(cmd, &o.dir, "the lakehouse (default: the one that runs here)")
	cmd.Flags().StringVar(&o.reason, "reason", "", "only those that this check refused, such as bad_price")
	cmd.Flags().StringVar(&o.from, "from", "", "only those put aside at or after this time, RFC 3339 or a date, UTC")
	cmd.Flags().StringVar(&o.to, "to", "", "only those put aside before this time")
}

// filter refuses what can't be.
func (o *dlqOptions) filter() (f dlq.Filter, err error) {
	within, err := parseRange(o.from, o.to)
	if err != nil {
		return f, err
	}
	f.From, f.To, f.Reason = within.From, within.To, o.reason
	for _, text := range o.records {
		c, err := dlq.ParseCoordinate(text)
		if err != nil {
			return f, exit.New(exit.Usage, err, "lakectl dlq show names them")
		}
		f.Records = append(f.Records, c)
	}
	return f, nil
}

// letters is an open table of dead letters.
type letters struct {
	dlq.Tables
	dir     string // absolute
	running bool   // the queries are
	session *spark.Session
}

// openLetters opens the dead letters of a lakehouse, until end is called.
func (a *app) openLetters(ctx context.Context, named string) (l letters, end func(), err error) {
	found, err := findDataDir(named, true)
	if err == nil {
		l.dir, err = filepath.Abs(found)
	}
	if err != nil {
		return l, nil, err
	}
	l.Place = placeOf(l.dir)
	if l.Letters, err = dlq.Job(jobs.Default()); err != nil {
		return l, nil, err
	}
	l.running = local.Locked(l.dir)
	l.session, end, err = a.openTables(ctx, l.dir)
	if err != nil {
		return l, nil, err
	}
	if err = prepareBatch(ctx, l.session); err == nil {
		err = pipeline.Use(ctx, l.session, l.Place)
	}
	if err != nil {
		end()
	}
	return l, end, err
}

func (l letters) query(ctx context.Context, doing, statement string) (spark.Rows, error) {
	rows, err := l.session.Query(ctx, statement)
	if err != nil {
		err = fmt.Errorf("%s: %w", doing, tableError(l.dir, err, wholeMessage))
	}
	return rows, err
}

func (l letters) journal() string { return filepath.Join(l.dir, "dlq", "journal.jsonl") }

// DeadLetters is what `dlq ls -o json` gives.
type DeadLetters struct {
	Records int64 `json:"records"`
	// Replayed is how many records of this lakehouse were sent again from here, ever.
	Replayed int           `json:"replayed"`
	Reasons  []ReasonCount `json:"reasons"`
}

// ReasonCount is how many records a check refused on a day. A record with several reasons counts for each.
type ReasonCount struct {
	Reason  string    `json:"reason"`
	Date    string    `json:"date"` // on which Bronze took the records in, UTC
	Records int64     `json:"records"`
	First   time.Time `json:"first"` // put aside, UTC
	Last    time.Time `json:"last"`
}

func (a *app) dlqListCommand() *cobra.Command {
	var o dlqOptions
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "Count the dead letters by reason and day",
		Long: `Counts the dead letters by the check that refused them and by day. A record that several checks
refused counts for each of them; the total counts it once.`,
		Example: "  lakectl dlq ls\n  lakectl dlq ls --from 2026-11-23 -o json | jq '.reasons[] | {reason, records}'",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := o.filter()
			if err != nil {
				return err
			}
			l, end, err := a.openLetters(cmd.Context(), o.dir)
			if err != nil {
				return err
			}
			defer end()
			counted, err := l.count(cmd.Context(), f)
			if err != nil {
				return err
			}
			if a.output == "json" {
				return a.json(counted)
			}
			return writeDeadLetters(a.stdout, counted)
		},
	}
	o.flags(cmd)
	return cmd
}

func (l letters) count(ctx context.Context, f dlq.Filter) (counted DeadLetters, err error) {
	counted.Reasons = []ReasonCount{}
	rows, err := l.query(ctx, "count the dead letters", l.Total(f))
	if err != nil {
		return counted, err
	}
	counted.Records, _ = rows.Values[0][0].(int64)
	if rows, err = l.query(ctx, "count the dead letters by reason", l.Count(f)); err != nil {
		return counted, err
	}
	for _, row := range rows.Values {
		c := ReasonCount{Date: fmt.Sprint(row[1])}
		c.Reason, _ = row[0].(string)
		c.Records, _ = row[2].(int64)
		c.First, _ = row[3].(time.Time)
		c.Last, _ = row[4].(time.Time)
		counted.Reasons = append(counted.Reasons, c)
	}
	counted.Replayed, err = dlq.CountSent(l.journal())
	return counted, err
}

func writeDeadLetters(out io.Writer, d DeadLetters) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(d.Reasons) > 0 {
		fmt.Fprintln(table, "REASON\tDATE\tRECORDS\tFIRST\tLAST")
	}
	for _, c := range d.Reasons {
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\n", c.Reason, c.Date, c.Records, c.First.Format(time.RFC3339), c.Last.Format(time.RFC3339))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%d dead letters; %d were sent again so far\n", d.Records, d.Replayed)
	return err
}
