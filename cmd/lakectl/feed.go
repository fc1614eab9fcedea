package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/producer"
	"github.com/cryptostream/lakectl/producer/exchange"
)

// feedOptions say which quotes to publish; run and produce share them.
type feedOptions struct {
	source   string
	interval time.Duration
	rate     float64
	seed     int64
	limit    int64
	file     string
	speed    string
	exchange exchangeOptions
	standIn  bool     // simulated, since no exchange has answered
	holds    contents // what the data dir is for already, where nothing is published; "" is what the source gives
}

func (o *feedOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.source, "source", "auto",
		"auto, binance, binance-ws, coingecko, several of them in order of preference, simulated, replay, or none (others fill the topic of --brokers)")
	f.DurationVar(&o.interval, "interval", 10*time.Second, "between polls of the source")
	f.Float64Var(&o.rate, "rate", 0, "simulated: messages per second instead of polls")
	f.Int64Var(&o.seed, "seed", 0, "simulated: same seed, same prices; 0 takes one from the clock")
	f.Int64Var(&o.limit, "limit", 0, "simulated: end after so many messages; 0 is endless")
	f.StringVar(&o.file, "file", "", "replay: .csv, .jsonl, or either with .gz")
	f.StringVar(&o.speed, "speed", "1", "replay: times as fast as recorded, or max")
	o.exchange.flags(cmd)
}

// check refuses flags that don't go together.
func (o *feedOptions) check(cmd *cobra.Command) error {
	belongs := map[string]string{"rate": "simulated", "seed": "simulated", "limit": "simulated", "file": "replay", "speed": "replay"}
	switch {
	case o.source == "simulated", o.source == noSource, len(exchangesOf(o.source)) > 0:
	case o.source == "replay":
		if o.file == "" {
			return usagef("--source replay needs a --file")
		}
	default:
		return usagef("--source %q is none of auto, binance, binance-ws, coingecko, simulated, replay", o.source)
	}
	for flag, source := range belongs {
		if cmd.Flags().Changed(flag) && source != o.source {
			return usagef("--%s is for --source %s, not %s", flag, source, o.source)
		}
	}
	if o.interval < time.Second {
		return usagef("--interval must be at least 1s, not %s", o.interval)
	}
	if _, err := o.replaySpeed(); err != nil {
		return err
	}
	return o.exchange.check(cmd, o.source, o.interval)
}

func (o *feedOptions) replaySpeed() (float64, error) {
	if o.speed == "max" {
		return math.Inf(1), nil
	}
	n, err := strconv.ParseFloat(o.speed, 64)
	if err != nil || n <= 0 || math.IsNaN(n) {
		return 0, usagef("--speed must be max or a number above 0, not %q", o.speed)
	}
	return n, nil
}

func (o *feedOptions) contents() contents {
	if o.holds != "" {
		return o.holds
	}
	switch o.source {
	case "replay":
		return replayed
	case "simulated":
		return simulated
	case noSource:
		return external
	}
	return live
}

// feed publishes what a source gives. It ends when the source does, or by Stop.
type feed struct {
	outbox  *producer.Outbox // nil for noSource
	replay  *producer.Replay // nil for other sources
	live    *exchange.Source // nil for other sources
	name    string
	standIn bool
	cancel  context.CancelFunc
	done    chan struct{}
	err     error // valid after done
}

// startFeed begins to take quotes, whether Kafka answers yet or not. A replay's journal and the spool
// are in dataDir.
func startFeed(ctx context.Context, o feedOptions, d deliveryOptions, dataDir string, log *slog.Logger) (*feed, error) {
	if o.source == noSource {
		return noFeed(), nil
	}
	f := &feed{done: make(chan struct{}), standIn: o.standIn}
	o.exchange.metrics = d.metrics
	source, err := f.open(o, dataDir, log)
	if err != nil {
		return nil, err
	}
	out := d.outbox(o, dataDir, log)
	out.OnAck = func(m producer.Message, _ int32, _ int64) {
		if f.replay != nil && m.Line > 0 {
			if err := f.replay.Ack(m.Line); err != nil {
				log.Warn("the replay's journal could not be written; after a restart lines are sent again", "error", err)
			}
		}
	}
	if f.outbox, err = producer.OpenOutbox(d.kafka, out); err != nil {
		return nil, err
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f.cancel = cancel
	go func() {
		defer close(f.done)
		f.err = f.publish(run, source)
	}()
	return f, nil
}

func (f *feed) open(o feedOptions, stateDir string, log *slog.Logger) (producer.Source, error) {
	if o.source == "replay" {
		speed, err := o.replaySpeed()
		if err != nil {
			return nil, err
		}
		f.replay, err = producer.NewReplay(producer.ReplayOptions{
			File: o.file, Speed: speed, JournalFile: filepath.Join(stateDir, "replay.json"), Log: log,
		})
		f.name = "replay"
		return f.replay, err
	}
	if names := exchangesOf(o.source); len(names) > 0 {
		var err error
		f.live, err = o.exchange.open(names, o.interval, stateDir, log)
		f.name = o.source
		return f.live, err
	}
	f.name = "simulated"
	return producer.NewSimulated(producer.SimulatedOptions{
		Rate: o.rate, Interval: o.interval, Seed: o.seed, Limit: o.limit, Log: log,
	})
}

func (f *feed) publish(ctx context.Context, source producer.Source) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-f.outbox.Failed():
			cancel(f.outbox.Err())
		case <-ctx.Done():
		}
	}()
	err := source.Run(ctx, f.outbox.Publish)
	if err == nil {
		err = f.outbox.Flush(ctx)
	}
	if failure := f.outbox.Err(); failure != nil {
		err = failure
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("publish %s prices: %w", f.name, err)
	}
	return nil
}

// Stop ends the source, waits until Kafka has acknowledged what it gave, and disconnects. With a
// spool it does not wait for a Kafka that is away: see FeedStatus.Spooled for what is left.
func (f *feed) Stop(ctx context.Context) error {
	f.cancel()
	<-f.done
	if f.outbox == nil {
		return nil
	}
	err := f.outbox.Close(ctx)
	if f.replay != nil {
		if cerr := f.replay.Close(); err == nil {
			err = cerr
		}
	}
	if f.err != nil {
		return f.err // the outbox gives the same reason
	}
	return err
}

// FeedStatus is what the outside sees of the producer. Published to InFlight count what was given to
// Kafka since the start: with a spool, what an earlier run left too.
type FeedStatus struct {
	Source    string `json:"source"`
	StandIn   bool   `json:"stand_in,omitempty"` // made up, since no exchange has answered
	Taken     int64  `json:"taken"`              // from the source
	Published int64  `json:"published"`
	Acked     int64  `json:"acked"`
	Retried   int64  `json:"retried"`
	Failed    int64  `json:"failed"`
	InFlight  int64  `json:"in_flight"`
	Spooled   int64  `json:"spooled"` // in the spool, not acknowledged
	KafkaUp   bool   `json:"kafka_up"`
	Ended     bool   `json:"ended"`
	// TakenAt is when the last quote was taken, PaceSeconds how often one is due; 0 where they come as they come.
	TakenAt     *time.Time `json:"taken_at,omitempty"`
	PaceSeconds float64    `json:"pace_seconds,omitempty"`
	Blocked     string     `json:"blocked,omitempty"` // why no quotes are taken: the spool is full or can't be written
	LastError   string     `json:"last_error,omitempty"`
}

func (f *feed) Status() FeedStatus {
	if f.outbox == nil {
		return FeedStatus{Source: f.name}
	}
	s := f.outbox.Stats()
	status := FeedStatus{
		Source: f.name, Taken: s.Taken, Published: s.Published, Acked: s.Acked, Retried: s.Retried, Failed: s.Failed,
		InFlight: s.InFlight, Spooled: s.Spool.Messages, KafkaUp: s.KafkaUp,
	}
	status.StandIn = f.standIn
	if s.Spool.Blocked != nil {
		status.Blocked = s.Spool.Blocked.Error()
	}
	if !s.TakenAt.IsZero() {
		taken := s.TakenAt.UTC()
		status.TakenAt = &taken
	}
	if f.live != nil {
		status.PaceSeconds = f.live.Pace().Seconds()
		if using := f.live.Using(); using != "" {
			status.Source = using
		}
	}
	if s.LastError != nil {
		status.LastError = s.LastError.Error()
	}
	select {
	case <-f.done:
		status.Ended = true
		if f.err != nil {
			status.LastError = f.err.Error()
		}
	default:
	}
	return status
}
