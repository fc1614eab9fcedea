package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cryptostream/lakectl/internal/backfill"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/producer"
	"github.com/cryptostream/lakectl/producer/exchange"
)

// pastPlan is what a source would do.
type pastPlan struct {
	within  backfill.Range
	calls   []exchange.Call // of an API
	credits *int            // that are left; nil where nobody counts
	found   *backfill.Found // in a file
}

// pastSource gives quotes of the past.
type pastSource interface {
	// Sources are those that its quotes name, by pair.
	Sources() map[string][]string
	// Range is what was asked for, with the bounds that the source has by itself.
	Range(asked backfill.Range) backfill.Range
	// Plan says what there is to do within a bounded range.
	Plan(within backfill.Range) (pastPlan, error)
	// Run gives the messages. done is told of each call, and how many of its points were none.
	Run(ctx context.Context, plan pastPlan, emit func(context.Context, producer.Message) error, done func(bad int)) error
	Close()
}

// pastSource opens the source that was asked for. A file is read whole, so that what is wrong with it is said before
// anything is published.
func (o *backfillOptions) pastSource(ctx context.Context, log *slog.Logger) (pastSource, error) {
	if o.source == sourceFile {
		found, err := backfill.Scan(ctx, o.file, o.within)
		if err != nil {
			return nil, err
		}
		if found.Records == 0 {
			return nil, exit.New(exit.Failed, fmt.Errorf("%s has no quotes in the range: %d outside, %d lines without a time", o.file, found.Outside, found.NoTime),
				"check --from and --to, which are UTC")
		}
		return fileSource{o.file, o.within, found}, nil
	}
	options, err := o.exchange.options([]string{exchange.CoinGecko}, 0)
	if err != nil {
		return nil, err
	}
	options.StateDir, options.Log = o.dir, log
	history, err := exchange.NewHistory(options, exchange.Granularity(o.granularity))
	if err != nil {
		return nil, err
	}
	return geckoSource{history}, nil
}

type fileSource struct {
	path  string
	asked backfill.Range
	found backfill.Found
}

func (f fileSource) Sources() map[string][]string { return f.found.Sources }

func (f fileSource) Range(backfill.Range) backfill.Range {
	return backfill.Range{From: f.found.First, To: f.found.Last.Add(time.Microsecond)}
}

func (f fileSource) Plan(within backfill.Range) (pastPlan, error) {
	return pastPlan{within: within, found: &f.found}, nil
}

func (f fileSource) Run(ctx context.Context, _ pastPlan, emit func(context.Context, producer.Message) error, _ func(int)) error {
	return backfill.Read(ctx, f.path, f.asked, emit)
}

func (fileSource) Close() {}

type geckoSource struct{ history *exchange.History }

func (g geckoSource) Sources() map[string][]string {
	sources := map[string][]string{}
	for _, pair := range g.history.Pairs() {
		sources[pair] = []string{exchange.CoinGecko}
	}
	return sources
}

func (geckoSource) Range(asked backfill.Range) backfill.Range { return asked }

func (g geckoSource) Plan(within backfill.Range) (plan pastPlan, err error) {
	plan.within = within
	if plan.calls, err = g.history.Plan(within.From, within.To, time.Now()); err != nil {
		return plan, err
	}
	if left, limited := g.history.Credits(); limited {
		plan.credits = &left
		if left < len(plan.calls) {
			return plan, exit.New(exit.Failed, fmt.Errorf("%d calls are needed, and %d credits are left this month", len(plan.calls), left),
				"take fewer pairs (--pairs) or a shorter range, or raise --coingecko-budget")
		}
	}
	return plan, nil
}

func (g geckoSource) Run(ctx context.Context, plan pastPlan, emit func(context.Context, producer.Message) error, done func(int)) error {
	return g.history.Run(ctx, plan.calls, emit, func(_ exchange.Call, _, bad int) { done(bad) })
}

func (g geckoSource) Close() { g.history.Close() }

// publish gives the topic what Bronze does not have yet of the quotes, and waits until Kafka has it.
func (b *backfillRun) publish(ctx context.Context, plan pastPlan) (err error) {
	sent, err := b.sentBefore(ctx, plan.within)
	if err != nil {
		return err
	}
	done := b.screen.step("kafka")
	publisher, err := producer.NewPublisher(b.lake.kafka, producer.PublisherOptions{Topic: b.Topic()})
	if err != nil {
		return err
	}
	defer func() {
		flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		err = errors.Join(err, publisher.Close(flush))
		b.report.Published, b.report.Acknowledged = publisher.Stats().Published, publisher.Stats().Acked
		if err == nil {
			done(fmt.Sprintf("%d published, all acknowledged; %d were sent before", b.report.Published, b.report.Before))
		}
	}()
	begun, calls := 0, 0
	show := func() {
		b.screen.drawText(fmt.Sprintf("  kafka      %d quotes, %d of %d calls\n", b.report.Read, calls, len(plan.calls)))
	}
	return errors.Join(b.source.Run(ctx, plan, func(ctx context.Context, m producer.Message) error {
		if b.report.Read++; b.report.Read%1000 == 0 {
			show()
		}
		switch {
		case !plan.within.Has(m.Timestamp):
			b.report.TooNew++
			return nil
		case sent[backfill.SumOf(m)]:
			b.report.Before++
			return nil
		}
		if begun == 0 {
			if err := backfill.Begin(b.folder, time.Now(), b.began); err != nil {
				return err
			}
		}
		begun++
		return publisher.Publish(ctx, m)
	}, func(bad int) {
		calls++
		b.report.BadPoint += int64(bad)
		show()
	}), publisher.Flush(ctx))
}

// sentBefore are the records that Bronze has already from earlier backfills of the range.
func (b *backfillRun) sentBefore(ctx context.Context, within backfill.Range) (map[backfill.Sum]bool, error) {
	rows, err := b.query(ctx, "look for what was sent before", b.Sent(within))
	if err != nil {
		return nil, err
	}
	sent := make(map[backfill.Sum]bool, len(rows.Values))
	for _, row := range rows.Values {
		if sum, ok := row[0].([]byte); ok && len(sum) == len(backfill.Sum{}) {
			sent[backfill.Sum(sum)] = true
		}
	}
	return sent, nil
}
