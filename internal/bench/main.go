// Command bench measures lakectl on the machine it runs on, from outside, as a user would run it, and
// puts its configuration beside Spark's defaults. make bench runs it.
//
// The scenario publish measures the producer's Publisher in this process, beside other publishers. Each
// other one runs the lakectl binary on a data dir of its own and reads the times of the tables'
// commits from their Delta logs, so that measuring costs the measured nothing. Progress goes to stderr,
// the table to stdout, and both forms of the result to the folder bench: result.json and result.md. A
// target that is missed is shown and does not change the exit code; a scenario that could not be run
// does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	lakectl   string // path of the binary; "" builds it
	scenarios []string
	out       string
	keep      bool

	warmUp, measure, idle time.Duration
	rounds                int // of starts
	backlog               int // events
	backlogHeapMB         int // 0: lakectl's own choice
	publish               int // messages of each publisher and round
	publishLive           time.Duration
	viewers               int
}

// allScenarios are in the order they run in: idle goes on where live ended.
var allScenarios = []string{"start", "live", "idle", "backlog", "publish", "watched"}

func parseOptions(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&o.lakectl, "lakectl", "", "lakectl binary to measure (default: build ./cmd/lakectl)")
	names := f.String("scenarios", strings.Join(allScenarios, ","), "what to measure")
	f.StringVar(&o.out, "out", "bench", "folder of result.json and result.md")
	f.BoolVar(&o.keep, "keep", false, "keep the data dirs and logs")
	f.DurationVar(&o.warmUp, "warmup", 90*time.Second, "live: time before the measurement")
	f.DurationVar(&o.measure, "measure", 2*time.Minute, "live: length of the measurement")
	f.DurationVar(&o.idle, "idle", time.Minute, "idle: length of the measurement")
	f.IntVar(&o.rounds, "rounds", 3, "start: how often")
	f.IntVar(&o.backlog, "backlog", 3_000_000, "backlog: events, a multiple of 1000")
	f.IntVar(&o.backlogHeapMB, "backlog-heap", 5000, "backlog: Spark's heap in MB, 0 for lakectl's own choice")
	f.IntVar(&o.publish, "publish", 1_000_000, "publish: messages of each publisher and round")
	f.DurationVar(&o.publishLive, "publish-live", time.Minute, "publish: length of the measurement at 20 messages/s")
	f.IntVar(&o.viewers, "viewers", 100, "watched: open pages of the dashboard")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.scenarios = strings.Split(*names, ",")
	return o, o.check(f.Args())
}

func (o options) check(rest []string) error {
	for _, name := range o.scenarios {
		if !slices.Contains(allScenarios, name) {
			return fmt.Errorf("-scenarios: %q is none of %s", name, strings.Join(allScenarios, ", "))
		}
	}
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.measure < time.Second || o.idle < time.Second || o.warmUp < 0:
		return errors.New("-measure and -idle must be at least 1s, -warmup not negative")
	case o.viewers < 1 || o.viewers > 500:
		return errors.New("-viewers must be 1 to 500")
	case o.rounds < 1:
		return errors.New("-rounds must be at least 1")
	case o.backlog < 1000 || o.backlog%1000 != 0:
		return errors.New("-backlog must be a multiple of 1000")
	case o.publish < 1000 || o.publish%1000 != 0 || o.publishLive < time.Second:
		return errors.New("-publish must be a multiple of 1000, -publish-live at least 1s")
	}
	return nil
}

func main() {
	o, err := parseOptions(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run measures what was asked for and writes what was measured, also when a scenario failed.
func run(ctx context.Context, o options) error {
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	failed := b.scenarios(ctx)
	b.result.Failures = failed
	if ctx.Err() != nil {
		return errors.New("interrupted; no result was written")
	}
	if err := b.result.write(o.out); err != nil {
		return err
	}
	if err := b.result.table(os.Stdout); err != nil {
		return err
	}
	b.progress("written to %s", filepath.Join(o.out, "result.{json,md}"))
	if len(failed) > 0 {
		return fmt.Errorf("%d scenarios could not be run", len(failed))
	}
	return nil
}
