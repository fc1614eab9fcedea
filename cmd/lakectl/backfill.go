package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/backfill"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/producer/exchange"
)

// sourceFile is the --source of quotes in a file.
const sourceFile = "file"

type backfillOptions struct {
	kafkaOptions
	dir         string
	source      string
	file        string
	from, to    string
	granularity string
	exchange    exchangeOptions
	overlap     bool
	dryRun      bool

	within backfill.Range
}

func (a *app) backfillCommand() *cobra.Command {
	var o backfillOptions
	cmd := &cobra.Command{
		Use:   "backfill --source coingecko|file",
		Short: "Bring quotes of the past into the tables",
		Long: `Brings quotes of the past into the tables of a lakehouse, beside its running queries or, where it does not
run, by starting it for the time being. They go through the topic crypto-prices-backfill and a query of
their own into Bronze; the lakehouse's queries read them there, and what is too old for a watermark is
inserted, and the closed windows of Gold written again, as lakectl reconcile does.

--source coingecko asks for the price and the volume of each pair: by the hour, or with --granularity 5m
every five minutes of the last 24 hours. A call covers a pair and 89 days and costs a credit; without a paid
plan the past begins 365 days ago. --source file takes the files of --source replay.

The event time is the quote's own time. --from is included, --to is not. Only what is older than the newest
event in silver_prices is brought in: so no watermark moves, and no live quote is late because of it.

Repeat a backfill as often as you like: what Bronze has of it is not published again, and what Silver has is
not inserted again. One that was cut off is completed by the same command.

Exits 3 where prices would mix: made-up ones with real ones, or, without --overlap, ticks of a pair with those
of another source in the same range.`,
		Example: `  lakectl backfill --source coingecko --from 2026-11-01 --to 2026-11-20 --dry-run
  lakectl backfill --source coingecko --from 2026-11-24T06:00:00Z --granularity 5m --overlap
  lakectl backfill --source file --file october.csv.gz
  lakectl backfill --source file --file october.jsonl --from 2026-10-05 --to 2026-10-06 -o json && lakectl verify`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(cmd, time.Now()); err != nil {
				return err
			}
			found, err := findDataDir(o.dir, true)
			if err == nil {
				o.dir, err = filepath.Abs(found)
			}
			if err != nil {
				return err
			}
			report, err := a.backfill(cmd.Context(), o)
			if err != nil {
				return err
			}
			if a.output == "json" {
				return a.json(report)
			}
			writeBackfill(a.stdout, report)
			return nil
		},
	}
	dataDirFlag(cmd, &o.dir, "the lakehouse (default: the one that runs here, or the only one)")
	o.kafkaFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.source, "source", "", "coingecko or file")
	f.StringVar(&o.file, "file", "", "file: .csv, .jsonl, or either with .gz")
	f.StringVar(&o.from, "from", "", "quotes of this time or later, RFC 3339 or a date, UTC; a file's default is its first")
	f.StringVar(&o.to, "to", "", "quotes before this time; default is up to the newest event in silver_prices")
	f.StringVar(&o.granularity, "granularity", string(exchange.Hourly), "coingecko: hourly, or 5m for the last 24 hours")
	f.StringVar(&o.exchange.geckoURL, "coingecko-url", "", "coingecko: REST API (default "+exchange.CoinGeckoURL+"); a key is in "+geckoKeyVariable)
	f.IntVar(&o.exchange.budget, "coingecko-budget", 0, "coingecko: calls per month, those of a run included; 0 is 10000 with a demo key, else no limit")
	f.StringVar(&o.exchange.pairs, "pairs", "", "coingecko: file with the list of pairs (see lakectl pairs)")
	f.BoolVar(&o.overlap, "overlap", false, "even where Silver has ticks of the pair from another source")
	f.BoolVar(&o.dryRun, "dry-run", false, "only say what would be done: no call is made, nothing is published")
	return cmd
}

// check refuses what can't be.
func (o *backfillOptions) check(cmd *cobra.Command, now time.Time) (err error) {
	given := cmd.Flags().Changed
	switch o.source {
	case sourceFile:
		if o.file == "" {
			return usagef("--source file needs a --file")
		}
		for _, flag := range []string{"granularity", "coingecko-url", "coingecko-budget", "pairs"} {
			if given(flag) {
				return usagef("--%s is for --source coingecko, not file", flag)
			}
		}
	case exchange.CoinGecko:
		if given("file") {
			return usagef("--file is for --source file, not coingecko")
		}
		if o.from == "" {
			return usagef("--source coingecko needs a --from")
		}
	case "":
		return usagef("say where the quotes are from: --source coingecko or file")
	default:
		return usagef("--source %q is neither coingecko nor file", o.source)
	}
	within, err := parseRange(o.from, o.to)
	if err != nil {
		return err
	}
	o.within = backfill.Range(within)
	for flag, at := range map[string]time.Time{"from": o.within.From, "to": o.within.To} {
		if at.After(now) {
			return exit.New(exit.Usage, fmt.Errorf("--%s %s is in the future", flag, at.Format(time.RFC3339)), "a backfill is of the past: leave --to out to go up to the newest event")
		}
	}
	if o.source == exchange.CoinGecko {
		if err := o.checkHistory(now); err != nil {
			return err
		}
	}
	return o.checkKafka(cmd)
}

// checkHistory refuses a range that CoinGecko does not give.
func (o *backfillOptions) checkHistory(now time.Time) error {
	options, err := o.exchange.options([]string{exchange.CoinGecko}, 0)
	if err != nil {
		return err
	}
	return options.CheckHistory(exchange.Granularity(o.granularity), o.within.From, now)
}

// checkPlace refuses lakehouses that a backfill can't reach.
func (o *backfillOptions) checkPlace() error {
	run, err := local.ReadRunFile(o.dir)
	switch {
	case err != nil:
		return err
	case run.Target != nil:
		return exit.New(exit.Usage, fmt.Errorf("the lakehouse in %s is on target %s; a backfill is for local ones", o.dir, run.Target.Name), "")
	case len(o.kafka.Brokers) > 0 && run.Kafka.PID != 0:
		return exit.New(exit.Usage, errors.New("--brokers: the lakehouse has a Kafka of its own"), "leave --brokers out")
	case local.Locked(o.dir):
		return nil
	case len(o.kafka.Brokers) == 0 && run.Kafka.PID == 0 && run.Kafka.Addr != "": // with no address the start was killed before
		return exit.New(exit.Usage, fmt.Errorf("the lakehouse in %s does not run, and reads a Kafka that is not its own", o.dir), "name it with --brokers")
	case run.Spark.PID == 0 && run.Spark.Remote != "":
		return exit.New(exit.Failed, fmt.Errorf("the lakehouse in %s does not run, and its Spark is not its own", o.dir), "start it with lakectl run --local --remote")
	}
	return nil
}
