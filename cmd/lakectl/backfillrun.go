package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/cryptostream/lakectl/internal/backfill"
	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/pipeline"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/internal/tablefiles"
	"github.com/cryptostream/lakectl/jobs"
	"github.com/cryptostream/lakectl/producer"
)

// backfillRun is a backfill at work.
type backfillRun struct {
	backfill.Tables
	options backfillOptions
	source  pastSource
	lake    *joined
	screen  *screen
	folder  string          // of the data dir: lock, what is pending
	began   map[int32]int64 // offsets of its first records
	report  backfill.Report
}

// backfill brings quotes of the past in, or with --dry-run says what that would be.
func (a *app) backfill(ctx context.Context, o backfillOptions) (report backfill.Report, err error) {
	if err := o.checkPlace(); err != nil {
		return report, err
	}
	source, err := o.pastSource(ctx, a.logger())
	if err != nil {
		return report, err
	}
	defer source.Close()
	tables, err := backfill.JobsOf(jobs.Default(), placeOf(o.dir))
	if err != nil {
		return report, err
	}
	b := &backfillRun{
		Tables: tables, options: o, source: source, screen: newScreen(a.stderr), folder: filepath.Join(o.dir, "backfill"),
		report: backfill.Report{DryRun: o.dryRun, Source: o.source, File: o.file, Overlap: []backfill.Overlap{}},
	}
	holds, err := readContents(o.dir)
	if err != nil {
		return report, err
	}
	if err := backfill.CheckMixing(source.Sources(), holds == simulated); err != nil {
		return report, err
	}
	if o.dryRun {
		return a.plan(ctx, b)
	}
	lock, err := local.Lock(b.folder)
	if err != nil {
		return report, exit.New(exit.Code(err), fmt.Errorf("another backfill is at work: %w", err), "wait until it has ended")
	}
	defer func() { _ = lock.Unlock() }()
	working, lake, err := joinLakehouse(ctx, o, b.screen, a.logger())
	if err != nil {
		return report, err
	}
	b.lake = lake
	err = b.run(working)
	if cause := context.Cause(working); err != nil && ctx.Err() == nil && cause != nil {
		err = cause // our own lakehouse has failed
	}
	return b.report, tableError(o.dir, errors.Join(err, lake.end()), "nothing is half done: the same command again goes on")
}

// plan looks at the tables, on a Spark of the moment where none runs, and starts no queries.
func (a *app) plan(ctx context.Context, b *backfillRun) (backfill.Report, error) {
	session, end, err := a.openTables(ctx, b.options.dir)
	if err != nil {
		return b.report, err
	}
	defer end()
	b.lake = &joined{session: session}
	if err := prepareBatch(ctx, session); err != nil {
		return b.report, err
	}
	_, err = b.limit(ctx)
	return b.report, tableError(b.options.dir, err, wholeMessage)
}

// run does all of it; the report says how far it came.
func (b *backfillRun) run(ctx context.Context) error {
	plan, err := b.limit(ctx)
	if err != nil {
		return err
	}
	info, err := b.ensureTopic(ctx)
	if err != nil {
		return err
	}
	behind, err := b.position(ctx)
	if err != nil {
		return err
	}
	if behind { // what a backfill that was cut off has published
		if err := b.bronze(ctx, info); err != nil {
			return err
		}
	}
	if err := b.publish(ctx, plan); err != nil {
		return err
	}
	if b.report.Published > 0 {
		if err := b.bronze(ctx, info); err != nil {
			return err
		}
	}
	if err := b.follow(ctx); err != nil {
		return err
	}
	return b.account(ctx)
}

// limit settles what may be brought in, says so, and refuses what would mix.
func (b *backfillRun) limit(ctx context.Context) (plan pastPlan, err error) {
	rows, err := b.query(ctx, "look for the newest event", b.Newest())
	if err != nil {
		return plan, err
	}
	b.report.Newest, _ = rows.Values[0][0].(time.Time)
	within, err := backfill.Limit(b.source.Range(b.options.within), b.report.Newest)
	if err != nil {
		return plan, err
	}
	b.report.From, b.report.To = within.From.UTC(), within.To.UTC()
	if plan, err = b.source.Plan(within); err != nil {
		return plan, err
	}
	b.report.Calls, b.report.Credits = len(plan.calls), plan.credits
	if plan.found != nil {
		b.report.NoTime = plan.found.NoTime
	}
	b.screen.line(planText(b.report, plan))
	found, err := b.query(ctx, "look for ticks of other sources", b.Overlap(b.source.Sources(), within))
	if err != nil {
		return plan, err
	}
	for _, row := range found.Values {
		var o backfill.Overlap
		o.Pair, _ = row[0].(string)
		o.Source, _ = row[1].(string)
		o.Ticks, _ = row[2].(int64)
		b.report.Overlap = append(b.report.Overlap, o)
	}
	return plan, backfill.CheckOverlap(b.report.Overlap, b.options.overlap)
}

func (b *backfillRun) query(ctx context.Context, doing, statement string) (spark.Rows, error) {
	rows, err := b.lake.session.Query(ctx, statement)
	if err != nil {
		return rows, fmt.Errorf("%s: %w", doing, err)
	}
	return rows, nil
}

// ensureTopic makes the topic like the live one.
func (b *backfillRun) ensureTopic(ctx context.Context) (producer.TopicInfo, error) {
	want := producer.TopicConfig{Name: b.Topic(), RetentionBytes: topicBytes}
	live, err := producer.FindTopic(ctx, b.lake.kafka, topic)
	switch {
	case err == nil:
		want.Replication = int16(live.Replicas)
	case !errors.Is(err, producer.ErrNoTopic):
		return producer.TopicInfo{}, err
	}
	return producer.EnsureTopic(ctx, b.lake.kafka, want)
}

// position settles from where on records are this backfill's, those of one that was cut off included, and returns
// whether the topic has some that Bronze does not have.
func (b *backfillRun) position(ctx context.Context) (behind bool, err error) {
	read, err := producer.StartOffsets(ctx, b.lake.kafka, b.Topic())
	if err != nil {
		return false, err
	}
	batch, err := checkpoint.Committed(b.Place.Checkpoint(b.Bronze.Name))
	if err == nil {
		read, err = batch.TopicOffsets(b.Topic())
	}
	if err != nil && !errors.Is(err, checkpoint.ErrNone) {
		return false, exit.New(exit.Refused, err, pipeline.ResetHint(b.Bronze))
	}
	left, cutOff, err := backfill.Pending(b.folder)
	if err != nil {
		return false, err
	}
	ends, err := producer.EndOffsets(ctx, b.lake.kafka, b.Topic())
	b.began = map[int32]int64{}
	for partition, end := range ends { // one that was added since begins at 0
		behind = behind || read[partition] < end
		if b.began[partition] = read[partition]; cutOff {
			b.began[partition] = left.Offsets[partition]
		}
	}
	return behind, err
}

// bronze brings what the topic has into Bronze.
func (b *backfillRun) bronze(ctx context.Context, info producer.TopicInfo) error {
	if err := backfill.Begin(b.folder, time.Now(), b.began); err != nil {
		return err
	}
	done := b.screen.step("bronze")
	options, err := sparkKafkaOptions(b.lake.kafka, false)
	if err != nil {
		return err
	}
	var rows int64
	err = pipeline.Once(ctx, pipeline.Config{
		Place: b.Place, Connect: b.lake.connect,
		Kafka: func(ctx context.Context) (pipeline.Kafka, error) {
			behind, err := b.backlog(ctx)
			return pipeline.Kafka{
				Options: options, ClusterID: info.ClusterID, TopicID: info.TopicID, Backlog: behind,
				Topic: func(ctx context.Context, at time.Time) (checkpoint.Topic, error) {
					return topicHas(ctx, b.lake.kafka, b.Topic(), at)
				},
			}, err
		},
	}, b.Bronze, func(read int64) {
		rows = read
		b.screen.drawText(fmt.Sprintf("  bronze     %d records\n", rows))
	})
	if err == nil {
		done("has what was published")
	}
	return err
}

// backlog is how many records no batch was planned for yet.
func (b *backfillRun) backlog(ctx context.Context) (behind int64, err error) {
	planned, err := pipeline.CommittedOffsets(b.Place.Checkpoint(b.Bronze.Name), b.Topic())
	if err != nil {
		return 0, err
	}
	ends, err := producer.EndOffsets(ctx, b.lake.kafka, b.Topic())
	for partition, end := range ends {
		behind += max(0, end-planned[partition])
	}
	return behind, err
}

// follow waits until the queries have read what came into Bronze, brings in what was too late for them, waits until
// Gold's queries have read that, and writes the windows again that were closed before.
func (b *backfillRun) follow(ctx context.Context) error {
	left, pending, err := backfill.Pending(b.folder)
	if err != nil || !pending {
		return err
	}
	done := b.screen.step("silver")
	arrived, err := tablefiles.Version(b.Place.Path(b.Bronze.Sink.Table))
	if err != nil {
		return err
	}
	if err := awaitRead(ctx, b.Place, arrived, b.Silver); err != nil {
		return err
	}
	if err := b.reconcile(ctx, left.Since, true); err != nil {
		return err
	}
	done("has it")
	done = b.screen.step("gold")
	inserted, err := tablefiles.Version(b.Place.Path(b.Silver.Sink.Table))
	if err != nil {
		return err
	}
	if err := awaitRead(ctx, b.Place, inserted, jobs.Default().Readers(b.Silver.Sink.Table)...); err != nil {
		return err
	}
	if err := b.reconcile(ctx, left.Since, false); err != nil {
		return err
	}
	done(fmt.Sprintf("%d windows written again", b.report.Windows))
	return awaitRead(ctx, b.Place, arrived, jobs.Default().Readers(b.Bronze.Sink.Table)...) // dead letters, too
}

func (b *backfillRun) reconcile(ctx context.Context, since time.Time, eventsOnly bool) error {
	r := reconcilerOn(b.lake.session, b.options.dir, false)
	r.EventsOnly = eventsOnly
	report, _, err := r.Run(ctx, since)
	_, windows := report.Rows()
	b.report.Windows += windows
	b.report.Reconciled = append(b.report.Reconciled, report)
	return err
}

// account looks what has become of the records. What waits for the watermark is for the next reconcile, whoever starts it.
func (b *backfillRun) account(ctx context.Context) error {
	rows, err := b.query(ctx, "look what has become of it", b.Account(b.began))
	if err != nil {
		return err
	}
	var n [5]int64
	for i, value := range rows.Values[0] {
		n[i], _ = value.(int64)
	}
	records, good, events, present, made := n[0], n[1], n[2], n[3], n[4]
	b.report.BronzeRows, b.report.DeadLetters, b.report.Held = records, records-good, events-present
	b.report.SilverRows, b.report.AlreadyThere = made, present-made
	return backfill.End(b.folder)
}
