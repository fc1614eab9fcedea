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
)

type runOptions struct {
	local     bool
	dir       string
	detach    bool
	untilIdle bool
	delivery  deliveryOptions
	metrics   string
	remote    string
	kafkaPort int
	sparkPort int
	heapMB    int
	conf      map[string]string
	trigger   time.Duration
	reconcile time.Duration
	maintain  time.Duration
	feed      feedOptions
	target    targetOptions
	sparkCA   string // file
	leave     bool   // the queries, when lakectl ends
	onTarget  *runTarget
	page      dashboardOptions
}

func (a *app) runCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run --local | --target NAME",
		Short: "Run the whole lakehouse: Kafka, Spark, the queries and the producer; or the queries on a cluster",
		Long: `Runs everything in the foreground: Kafka and a Spark Connect server on loopback, the tables, the
five streaming queries, and the producer. The first start fetches Spark and Kafka with Maven.

--source auto, the default, takes quotes from Binance, and from CoinGecko while Binance is down. If
neither answers at the start, prices are made up, in a data dir of their own; with --brokers they never
are.

Ctrl-C drains what has arrived and stops; a second Ctrl-C stops at once. Either way, and after a
kill too, the next run goes on where this one ended.

With --target the queries run on a Spark Connect server of somebody else's: a Databricks cluster, or one of
your own. They read the target's Kafka and fill the target's tables; nothing is published without a
--source. What this client knows is in .lakectl-NAME, for status, query, stop and the next run. Ctrl-C
drains and stops the queries; with --leave-running, and after a kill or a second Ctrl-C, they go on,
and the next run --target adopts them.`,
		Example: `  lakectl run --local
  lakectl run --local --source simulated --rate 20 --seed 1
  lakectl run --local --source replay --file data.csv.gz --speed max --until-idle --data-dir .lakectl-replay
  lakectl run --local --brokers localhost:9092 --source none     # others publish
  LAKECTL_KAFKA_PASSWORD=… lakectl run --local --brokers kafka:9092 --kafka-username reader
  lakectl run --target databricks --set spark.cluster=0123-456789-abcdefgh`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.checkTarget(cmd); err != nil {
				return err
			}
			if o.target.name != "" {
				if err := o.useTarget(cmd); err != nil {
					return err
				}
			}
			if err := o.check(cmd); err != nil {
				return err
			}
			if err := o.settle(cmd.Context(), a.logger()); err != nil {
				return err
			}
			if o.detach {
				return a.detach(cmd.Context(), o)
			}
			return a.runLocal(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.local, "local", false, "run on this machine")
	dataDirFlag(cmd, &o.dir, `where everything is kept (default ".lakectl")`)
	f.BoolVar(&o.detach, "detach", false, "return when it runs, and leave it running")
	f.BoolVar(&o.untilIdle, "until-idle", false, "when the source has ended and all is processed, stop and exit 0")
	f.StringVar(&o.remote, "remote", "", "use this Spark Connect server (sc://…) instead of one of our own; it must see --data-dir")
	f.IntVar(&o.kafkaPort, "kafka-port", 0, "port of our own Kafka; 0 takes a free one")
	f.IntVar(&o.sparkPort, "spark-port", 0, "port of our own Spark Connect server; 0 takes a free one")
	f.IntVar(&o.heapMB, "spark-heap", 0, "largest heap of our own Spark, MB; 0 is the measured default")
	f.StringToStringVar(&o.conf, "spark-conf", nil, "settings of our own Spark over the built-in ones, key=value")
	f.DurationVar(&o.trigger, "trigger", 0, "interval of every query, instead of each job's own")
	f.StringVar(&o.sparkCA, "spark-ca", "", "PEM file of the authorities to trust instead of the system's at the target")
	f.BoolVar(&o.leave, "leave-running", false, "with --target: let the queries go on when lakectl ends")
	o.target.flags(cmd)
	f.DurationVar(&o.reconcile, "reconcile-every", 15*time.Minute, "how often to bring in what came too late; 0 is never")
	f.DurationVar(&o.maintain, "maintain-every", 15*time.Minute, "how often to put small files together and delete old ones; 0 is never")
	metricsFlag(cmd, &o.metrics, "off")
	o.page.flags(cmd)
	o.delivery.flags(cmd)
	o.feed.flags(cmd)
	return cmd
}

// check refuses flags that don't go together.
func (o *runOptions) check(cmd *cobra.Command) error {
	if !o.local && o.onTarget == nil {
		return usagef("say where to run: lakectl run --local, or --target NAME")
	}
	if o.remote != "" {
		if err := spark.ParseRemote(o.remote); err != nil {
			return exit.New(exit.Usage, fmt.Errorf("--remote: %w", err), "")
		}
	}
	if len(o.delivery.kafka.Brokers) == 0 && o.feed.source == noSource {
		return usagef("--source none reads what others publish: name their Kafka with --brokers")
	}
	if o.feed.source == noSource && o.metrics != "off" && o.metrics != "" {
		return usagef("--metrics-addr is about the producer, and --source none has none")
	}
	pairs := [][2]string{{"brokers", "kafka-port"}, {"remote", "spark-port"}, {"remote", "spark-heap"}, {"remote", "spark-conf"}}
	for _, p := range pairs {
		if cmd.Flags().Changed(p[0]) && cmd.Flags().Changed(p[1]) {
			return usagef("--%s makes no sense with --%s", p[1], p[0])
		}
	}
	if cmd.Flags().Changed("spark-heap") && o.heapMB != 0 && o.heapMB < local.LeastSparkHeapMB {
		return usagef("--spark-heap must be at least %d, not %d: Spark does not start with less", local.LeastSparkHeapMB, o.heapMB)
	}
	if o.trigger < 0 {
		return usagef("--trigger must not be negative")
	}
	if o.reconcile < 0 {
		return usagef("--reconcile-every must not be negative")
	}
	if o.maintain < 0 {
		return usagef("--maintain-every must not be negative")
	}
	if o.untilIdle && o.feed.source != "replay" && o.feed.limit == 0 {
		return usagef("--until-idle needs a source that ends: a replay, or simulated with --limit")
	}
	if err := o.page.check(cmd); err != nil {
		return err
	}
	if err := o.feed.check(cmd); err != nil {
		return err
	}
	return o.delivery.check(cmd, o.feed)
}

// settle decides on the source, and on the data dir, which it makes absolute: made-up prices that stand
// in for real ones go to a folder of their own.
func (o *runOptions) settle(ctx context.Context, log *slog.Logger) error {
	if o.dir == "" {
		o.dir = defaultDataDir
	}
	if err := o.settleSource(ctx, log); err != nil {
		return err
	}
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return fmt.Errorf("data dir: %w", err)
	}
	o.dir = dir
	return nil
}

func (a *app) runLocal(ctx context.Context, o runOptions) (err error) {
	ready := openReadiness()
	defer func() { ready.end(err) }()
	screen := newScreen(a.stderr)
	screen.title(o)
	l, err := startLakehouse(ctx, lakehouseOptions{
		dir: o.dir, feed: o.feed, delivery: o.delivery, metrics: o.metrics,
		remote: o.remote, kafkaPort: o.kafkaPort, sparkPort: o.sparkPort, heapMB: o.heapMB,
		conf: o.conf, trigger: o.trigger, reconcile: o.reconcile, maintain: o.maintain, page: o.page, target: o.onTarget, leave: o.leave,
		log: a.logger(), steps: screen,
	})
	if err != nil {
		return err
	}
	l.enter("running")
	ready.ready()
	screen.hint()
	err = a.supervise(ctx, l, screen, o.untilIdle)
	if a.output == "json" {
		if jerr := a.json(l.status()); err == nil {
			err = jerr
		}
	}
	return err
}

// refresh is how often the screen and status.json are brought up to date.
const refresh = 2 * time.Second

// supervise shows the lakehouse until it is told to stop, has done its work or has failed, and
// stops it.
func (a *app) supervise(ctx context.Context, l *lakehouse, screen *screen, untilIdle bool) error {
	ticker := time.NewTicker(refresh)
	defer ticker.Stop()
	ended := l.feedDone()
	failed := l.pipeline.Done()
	told := ctx.Done()
	stopped := make(chan error, 1)
	stop := func(cause error) {
		failed, ended = nil, nil
		go func() { stopped <- l.stop(ctx, cause) }()
	}
	for {
		select {
		case <-ticker.C:
			l.saveStatus()
			screen.draw(l.status())
		case <-ended:
			ended = nil
			switch {
			case l.feed.err != nil:
				screen.note("the producer has failed")
				stop(l.feed.err)
			case untilIdle:
				stop(nil)
			default:
				screen.note("the source has ended; the queries go on until Ctrl-C")
			}
		case <-failed:
			stop(l.pipeline.Err())
		case <-told:
			told = nil
			screen.note("stopping; Ctrl-C again to stop at once")
			if failed != nil {
				stop(nil)
			}
		case err := <-stopped:
			return err
		}
	}
}

func (a *app) logger() *slog.Logger {
	level := slog.LevelInfo
	if a.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level}))
}
