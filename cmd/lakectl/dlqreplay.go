package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/dlq"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/reconcile"
	"github.com/cryptostream/lakectl/producer"
)

type replayOptions struct {
	dlqOptions
	kafkaOptions
	transform string
	limit     int
	dryRun    bool
	reconcile bool
}

// Replay is what `dlq replay -o json` gives.
type Replay struct {
	DryRun bool `json:"dry_run"`
	// Sent are the records of which a replay is in the topic now; with DryRun, those that would be sent.
	Sent []dlq.Coordinate `json:"sent"`
	// Before is how many were passed over because an earlier replay had sent them and Bronze did not have them yet.
	Before int `json:"sent_before"`
	// Refused are those that the checks would refuse again, and are not sent.
	Refused []Refusal `json:"refused"`
	// Found are records that an earlier replay, which was cut off, turned out to have sent.
	Found []dlq.Coordinate `json:"found"`
	// More says that --limit was reached.
	More       bool              `json:"more"`
	Reconciled *reconcile.Report `json:"reconciled,omitempty"`
}

// Refusal is a record and why it is not sent.
type Refusal struct {
	Record  dlq.Coordinate `json:"record"`
	Reasons []string       `json:"reasons"`
}

func (a *app) dlqReplayCommand() *cobra.Command {
	var o replayOptions
	cmd := &cobra.Command{
		Use:   "replay [TOPIC/PARTITION/OFFSET…]",
		Short: "Send dead letters to the topic again",
		Long: `Sends dead letters to the topic again: as they are, after a check was mended, or with a new value that
--transform gives, an SQL expression over the columns of dead_letter (value_text, value, key, reasons …).
What the checks would refuse again is not sent, but shown with the reasons.

A replay keeps key, timestamp and headers, and has one more: ` + dlq.ReplayHeader + `, with the topic,
partition and offset of the record that it was made of. A record is never sent twice: those that Bronze
has a replay of are passed over, and those that an earlier replay has sent by its journal, even if that was
killed.

Afterwards, where the queries run here, it waits until Silver has read what was sent, and brings in what came too late for it, as
lakectl reconcile does.`,
		Example: `  lakectl dlq replay --reason bad_price --dry-run
  lakectl dlq replay --reason bad_price --transform "replace(value_text, ',', '.')"
  lakectl dlq replay crypto-prices/0/8746 --transform "regexp_replace(value_text, '\"price\":\"-', '\"price\":\"')"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.records = args
			f, err := o.filter()
			if err != nil {
				return err
			}
			if o.limit < 1 {
				return usagef("--limit must be at least 1")
			}
			if strings.TrimSpace(o.transform) == "" {
				return usagef("--transform is empty")
			}
			if err := o.checkKafka(cmd); err != nil {
				return err
			}
			kafka, err := o.cluster(o.dir)
			if err != nil {
				return err
			}
			done, err := a.replay(cmd.Context(), f, kafka, o)
			if a.output == "json" {
				return errors.Join(a.json(done), err)
			}
			writeReplay(a.stdout, done)
			return err
		},
	}
	o.flags(cmd)
	o.kafkaFlags(cmd)
	cmd.Flags().StringVar(&o.transform, "transform", "value", "SQL expression that gives the new value")
	cmd.Flags().IntVar(&o.limit, "limit", 10_000, "how many to look at")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "send nothing")
	cmd.Flags().BoolVar(&o.reconcile, "reconcile", true, "afterwards bring in what came too late for Silver")
	return cmd
}

func newReplay(dryRun bool) Replay {
	return Replay{DryRun: dryRun, Sent: []dlq.Coordinate{}, Refused: []Refusal{}, Found: []dlq.Coordinate{}}
}

func (a *app) replay(ctx context.Context, f dlq.Filter, kafka producer.KafkaConfig, o replayOptions) (done Replay, err error) {
	done = newReplay(o.dryRun)
	l, end, err := a.openLetters(ctx, o.dir)
	if err != nil {
		return done, err
	}
	defer end()
	lock, err := local.Lock(filepath.Join(l.dir, "dlq"))
	if err != nil {
		return done, exit.New(exit.Code(err), fmt.Errorf("another replay is at work: %w", err), "wait until it has ended")
	}
	defer func() { _ = lock.Unlock() }()
	journal, err := dlq.OpenJournal(l.journal())
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	if done.Found, err = settleDoubted(ctx, journal, kafka); err != nil {
		return done, err
	}
	messages, err := l.candidates(ctx, f, o, journal, &done)
	if err != nil || o.dryRun || len(messages) == 0 {
		return done, err
	}
	about := done.Sent
	if done.Sent, err = send(ctx, journal, kafka, about, messages); err != nil || !o.reconcile || !l.running {
		return done, err
	}
	report, err := l.follow(ctx, about)
	done.Reconciled = report
	return done, err
}

// candidates chooses what is to be sent, and notes the rest in done.
func (l letters) candidates(ctx context.Context, f dlq.Filter, o replayOptions, journal *dlq.Journal, done *Replay) ([]producer.Message, error) {
	rows, err := l.query(ctx, "look for what may be sent again", l.Candidates(f, o.transform, o.limit))
	if err != nil {
		return nil, err
	}
	done.More = len(rows.Values) == o.limit
	var messages []producer.Message
	for _, row := range rows.Values {
		c := coordinateOf(row)
		switch {
		case journal.Sent(c):
			done.Before++
		case row[7] != nil:
			done.Refused = append(done.Refused, Refusal{c, texts(row[7])})
		default:
			done.Sent = append(done.Sent, c)
			messages = append(messages, messageOf(c, row))
		}
	}
	return messages, nil
}

// messageOf makes the replay of a record.
func messageOf(c dlq.Coordinate, row []any) producer.Message {
	var m producer.Message
	m.Timestamp, _ = row[3].(time.Time)
	m.Key, _ = row[4].([]byte)
	m.Value, _ = row[5].([]byte)
	for _, h := range headersOf(row[6]) {
		key, _ := h[0].Value.(string)
		value, _ := h[1].Value.([]byte)
		if key != dlq.ReplayHeader { // of the record that this one was made of
			m.Headers = append(m.Headers, producer.Header{Key: key, Value: value})
		}
	}
	m.Headers = append(m.Headers, producer.Header{Key: dlq.ReplayHeader, Value: []byte(c.String())})
	return m
}

func writeReplay(out io.Writer, r Replay) {
	what := "sent again"
	if r.DryRun {
		what = "would be sent again"
	}
	for _, c := range r.Sent {
		fmt.Fprintf(out, "%s  %s\n", c, what)
	}
	for _, refusal := range r.Refused {
		fmt.Fprintf(out, "%s  would be refused again: %s\n", refusal.Record, strings.Join(refusal.Reasons, ", "))
	}
	fmt.Fprintf(out, "%d %s, %d would be refused again", len(r.Sent), what, len(r.Refused))
	if before := r.Before + len(r.Found); before > 0 {
		fmt.Fprintf(out, ", %d were sent before", before)
	}
	fmt.Fprintln(out)
	if r.More {
		fmt.Fprintln(out, "there may be more: --limit was reached")
	}
	if r.Reconciled != nil {
		writeReconciled(out, *r.Reconciled)
	} else if len(r.Sent) > 0 && !r.DryRun {
		fmt.Fprintln(out, "lakectl reconcile brings in those that are too old for Silver's watermark")
	}
}
