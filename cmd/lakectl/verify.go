package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/internal/verify"
	"github.com/cryptostream/lakectl/jobs"
	"github.com/cryptostream/lakectl/producer"
)

type verifyOptions struct {
	dir      string
	from, to string
	limit    int
}

func (a *app) verifyCommand() *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check that nothing is lost, doubled or wrong",
		Long: `Compares the tables with each other, and Bronze with Kafka where the lakehouse runs:

  I1  every record that Kafka acknowledged is in Bronze once
  I2  every good record's event is in Silver once, every other record is a dead letter, none is both
  I3  a closed window is in Gold once and is the exact average of Silver's ticks
  I5  every table that has rows has the checkpoint that filled it

What breaks I2 or I3 only because a watermark refused it is labelled "` + verify.LateLabel + `".
Beside running queries one moment is looked at, and what they have still to do is no offence. --from
and --to bound when a record came into Bronze, and when a window starts.

Exits 4 if one does not hold. Nothing is changed.`,
		Example: `  lakectl verify
  lakectl verify --from 2026-11-23 --to 2026-11-24T12:00:00Z
  lakectl verify -o json | jq '.invariants[].offences[] | {check, count, late}'`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			within, err := parseRange(o.from, o.to)
			if err != nil {
				return err
			}
			if o.limit < 1 {
				return usagef("--limit must be at least 1")
			}
			found, err := findDataDir(o.dir, true)
			if err != nil {
				return err
			}
			report, err := a.verify(cmd.Context(), found, within, o.limit)
			if err != nil {
				return err
			}
			if a.output == "json" {
				err = a.json(report)
			} else {
				writeVerified(a.stdout, report)
			}
			if err == nil && !report.Held {
				err = unheld(report)
			}
			return err
		},
	}
	dataDirFlag(cmd, &o.dir, "the lakehouse (default: the one that runs here)")
	cmd.Flags().StringVar(&o.from, "from", "", "only what came at or after this time, RFC 3339 or a date, UTC")
	cmd.Flags().StringVar(&o.to, "to", "", "only what came before this time")
	cmd.Flags().IntVar(&o.limit, "limit", 10, "coordinates to show for each check")
	return cmd
}

// parseRange reads two times, each of which may be missing.
func parseRange(from, to string) (verify.Range, error) {
	var r verify.Range
	var err error
	if r.From, err = parseTime("--from", from); err != nil {
		return r, err
	}
	if r.To, err = parseTime("--to", to); err != nil {
		return r, err
	}
	if !r.From.IsZero() && !r.To.IsZero() && !r.From.Before(r.To) {
		return r, usagef("--from must be before --to")
	}
	return r, nil
}

func parseTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, usagef("%s: %q is not a time like 2026-11-23T18:50:00Z or 2026-11-23", flag, text)
}

// unheld is the error of a report that does not hold.
func unheld(report verify.Report) error {
	var ids string
	for _, i := range report.Invariants {
		if !i.Held {
			ids += " " + i.ID
		}
	}
	if report.OnlyLate() {
		return exit.New(exit.Unheld, fmt.Errorf("does not hold:%s (%s)", ids, verify.LateLabel), "lakectl reconcile brings in what came too late")
	}
	return exit.New(exit.Unheld, fmt.Errorf("does not hold:%s", ids), "each check above says why, and what to do")
}

func (a *app) verify(ctx context.Context, dir string, within verify.Range, samples int) (report verify.Report, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return report, err
	}
	running := local.Locked(dir)
	session, end, err := a.openTables(ctx, dir)
	if err != nil {
		return report, err
	}
	defer end()
	if err := prepareBatch(ctx, session); err != nil {
		return report, err
	}
	v := verifierOn(session, dir, a.logger())
	v.Range, v.Samples = within, samples
	if !running {
		v.Topic = nil
	}
	report, err = v.Run(ctx)
	return report, tableError(dir, err, wholeMessage)
}

func verifierOn(session *spark.Session, dir string, log *slog.Logger) *verify.Verifier {
	place := placeOf(dir)
	return &verify.Verifier{
		Lakehouse: jobs.Default(), Backfills: jobs.Default().Backfills(), Place: place,
		Query: func(ctx context.Context, statement string) (verify.Rows, error) {
			rows, err := session.Query(ctx, statement)
			for _, row := range rows.Values { // some are shown as they are
				for i := range row {
					row[i] = spark.JSONValue(row[i])
				}
			}
			return verify.Rows(rows), err
		},
		MadeBy:   func(job string) (jobs.Fingerprint, bool, error) { return madeBy(place.Checkpoint(job)) },
		Progress: func(what string) { log.Debug("verify", "looking for", what) },
		Topic:    func(ctx context.Context, topic string) (verify.TopicOffsets, error) { return topicOf(ctx, dir, topic) },
	}
}

// kafkaPatience is how long a verify waits for Kafka.
const kafkaPatience = 10 * time.Second

// topicOf asks the Kafka of a run for the ends of a topic. The login of a Kafka that is not lakectl's own is not
// known here.
func topicOf(ctx context.Context, dir, topic string) (verify.TopicOffsets, error) {
	var held verify.TopicOffsets
	run, err := local.ReadRunFile(dir)
	if err != nil {
		return held, err
	}
	if run.Kafka.PID == 0 {
		return held, fmt.Errorf("%w: it is not lakectl's own", verify.ErrUnreachable)
	}
	ctx, cancel := context.WithTimeout(ctx, kafkaPatience)
	defer cancel()
	config := producer.KafkaConfig{Brokers: []string{run.Kafka.Addr}, Username: run.Kafka.Username, Password: run.Kafka.Password, Mechanism: "PLAIN"}
	if held.First, err = producer.StartOffsets(ctx, config, topic); err == nil {
		held.Next, err = producer.EndOffsets(ctx, config, topic)
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", verify.ErrUnreachable, err)
	}
	return held, err
}
