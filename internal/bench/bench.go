package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/internal/local"
)

// bench is one run of the program.
type bench struct {
	options
	dir      string // temporary: the binary, and a folder per scenario
	began    time.Time
	java     local.Java
	runtime  local.Runtime
	defaults setup
	result   result

	liveDir string // data dir that the live scenario has left for idle; "" if none
	failed  bool   // a scenario failed: its folder stays
}

// setup is a configuration to measure: ours, or Spark's defaults.
type setup struct {
	name string
	args []string // of lakectl run
	// viewers is how many pages of the dashboard are open.
	viewers int
}

var ours = setup{name: "ours"}

// newBench makes everything ready, so that the first scenario finds a warm cache like the last.
func newBench(ctx context.Context, o options) (*bench, error) {
	b := &bench{options: o, began: time.Now()}
	var err error
	if b.defaults, err = defaultSetup(); err != nil {
		return nil, err
	}
	if b.java, err = local.FindJava(os.Getenv); err != nil {
		return nil, err
	}
	b.runtime, err = local.Fetch(ctx, local.FetchOptions{Java: b.java, Progress: func(text string) { b.progress("%s", text) }})
	if err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp("", "lakectl-bench-"); err != nil {
		return nil, fmt.Errorf("make a folder for the scenarios: %w", err)
	}
	if err := b.findBinary(ctx); err != nil {
		b.close()
		return nil, err
	}
	b.result = result{Machine: machineHere(b.java.Version), Settings: b.settings(), DefaultsArgs: b.defaults.args}
	return b, nil
}

func (b *bench) findBinary(ctx context.Context) (err error) {
	if b.lakectl != "" {
		b.lakectl, err = filepath.Abs(b.lakectl)
		return err
	}
	b.lakectl = filepath.Join(b.dir, "lakectl")
	b.progress("building lakectl")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", b.lakectl, "./cmd/lakectl").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build lakectl: %w\n%s", err, out)
	}
	return nil
}

func (b *bench) settings() map[string]string {
	return map[string]string{
		"scenarios": strings.Join(b.options.scenarios, ","),
		"warmup":    b.warmUp.String(), "measure": b.measure.String(), "idle": b.idle.String(),
		"rounds": fmt.Sprint(b.rounds), "backlog": fmt.Sprint(b.backlog), "backlog_heap_mb": fmt.Sprint(b.backlogHeapMB),
		"publish": fmt.Sprint(b.publish), "publish_live": b.publishLive.String(),
		"viewers": fmt.Sprint(b.viewers),
	}
}

// scenarios runs what was asked for. It returns what could not be run, with the reason.
func (b *bench) scenarios(ctx context.Context) (failed []string) {
	all := map[string]func(context.Context) error{"start": b.measureStart, "live": b.measureLive, "idle": b.measureIdle, "backlog": b.measureBacklog, "publish": b.measurePublish, "watched": b.measureWatched}
	for _, name := range allScenarios {
		if !slices.Contains(b.options.scenarios, name) || ctx.Err() != nil {
			continue
		}
		if err := all[name](ctx); err != nil {
			b.failed = true
			b.progress("%s could not be run: %v", name, err)
			failed = append(failed, fmt.Sprintf("%s: %v", name, err))
		}
	}
	return failed
}

// dataDir makes a folder for one run: its data dir goes into it, and its log beside that.
func (b *bench) dataDir(name string) (string, error) {
	dir := filepath.Join(b.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("make a data dir: %w", err)
	}
	return filepath.Join(dir, "data"), nil
}

// drop removes what dataDir made.
func (b *bench) drop(dataDir string) {
	if b.keep {
		return
	}
	if err := os.RemoveAll(filepath.Dir(dataDir)); err != nil {
		b.progress("could not remove %s: %v", filepath.Dir(dataDir), err)
	}
}

// close removes everything, unless it was asked for or its logs are needed.
func (b *bench) close() {
	if b.keep || b.failed {
		b.progress("kept in %s", b.dir)
		return
	}
	if err := os.RemoveAll(b.dir); err != nil {
		b.progress("could not remove %s: %v", b.dir, err)
	}
}

func (b *bench) progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%4.0fs  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}
