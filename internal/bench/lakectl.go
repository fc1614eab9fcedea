package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// lakehouse is a `lakectl run` that was started.
type lakehouse struct {
	bench   *bench
	dataDir string
	logFile string
	began   time.Time // before the process was started
	memory  *memory

	cmd  *exec.Cmd
	done chan struct{}
	err  error // of the process; valid after done
}

// How long lakectl may take before the scenario is given up.
const (
	startLimit = 5 * time.Minute
	stopLimit  = 5 * time.Minute
	queryLimit = 2 * time.Minute
)

// start runs lakectl on a data dir. What it prints goes to run.log beside the data dir.
func (b *bench) start(dataDir string, s setup, args ...string) (*lakehouse, error) {
	l := &lakehouse{bench: b, dataDir: dataDir, logFile: filepath.Join(filepath.Dir(dataDir), "run.log"), done: make(chan struct{})}
	log, err := os.OpenFile(l.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make the log of a run: %w", err)
	}
	defer log.Close()
	l.cmd = b.command(slices.Concat([]string{"run", "--local", "--data-dir", dataDir}, args, s.args)...)
	l.cmd.Stdout, l.cmd.Stderr = log, log
	fmt.Fprintln(log, strings.Join(l.cmd.Args, " "))
	l.began = time.Now()
	if err := l.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start lakectl: %w", err)
	}
	l.memory = watchMemory(l.pid())
	go func() {
		l.err = l.cmd.Wait()
		close(l.done)
	}()
	return l, nil
}

// command is lakectl untouched by the settings of whoever runs the bench, and out of reach of the
// terminal's Ctrl-C: the bench stops it.
func (b *bench) command(args ...string) *exec.Cmd {
	cmd := exec.Command(b.lakectl, args...)
	cmd.Dir = b.dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LAKECTL_") })
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

func (l *lakehouse) pid() int { return l.cmd.Process.Pid }

// sleep waits, and fails when the run ends meanwhile.
func (l *lakehouse) sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-l.done:
		return l.trouble("ended by itself", l.err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// await asks every so often until the answer is yes.
func (l *lakehouse) await(ctx context.Context, what string, limit, every time.Duration, ask func() (bool, error)) error {
	deadline := time.Now().Add(limit)
	for {
		ok, err := ask()
		if err != nil || ok {
			return err
		}
		if time.Now().After(deadline) {
			return l.trouble(fmt.Sprintf("no %s within %s", what, limit), nil)
		}
		if err := l.sleep(ctx, every); err != nil {
			return err
		}
	}
}

// trouble is an error that says where to look.
func (l *lakehouse) trouble(what string, err error) error {
	if err != nil {
		what += ": " + err.Error()
	}
	return fmt.Errorf("lakectl run %s (log: %s, and %s)", what, l.logFile, filepath.Join(l.dataDir, "logs"))
}

// interrupt ends the run as Ctrl-C does and expects it to drain.
func (l *lakehouse) interrupt(ctx context.Context) error {
	if err := l.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop lakectl: %w", err)
	}
	return l.wait(ctx, stopLimit)
}

// wait waits for the end and expects exit code 0.
func (l *lakehouse) wait(ctx context.Context, limit time.Duration) error {
	select {
	case <-l.done:
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(limit):
		return l.trouble(fmt.Sprintf("has not ended within %s", limit), nil)
	}
	if l.err != nil {
		return l.trouble("failed", l.err)
	}
	return nil
}

// end makes sure that nothing of the run is left, whatever has happened, and returns the most memory
// it took, bytes. The servers die with lakectl.
func (l *lakehouse) end() int64 {
	_ = l.cmd.Process.Kill() // no process is no trouble
	<-l.done
	return l.memory.end()
}

// cpu is the CPU time of the run so far, in all its processes.
func (l *lakehouse) cpu() (time.Duration, error) {
	u, err := treeUsage(l.pid())
	return u.CPU, err
}

// query asks the run's tables and puts the rows, a JSON array of objects, into rows.
func (l *lakehouse) query(ctx context.Context, sql string, rows any) error {
	return l.bench.ask(ctx, rows, "query", "-o", "json", "--data-dir", l.dataDir, sql)
}

// ask runs a command of lakectl that answers in JSON.
func (b *bench) ask(ctx context.Context, answer any, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, queryLimit)
	defer cancel()
	cmd := b.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start lakectl %s: %w", args[0], err)
	}
	defer context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("lakectl %s: %w: %s", args[0], err, strings.TrimSpace(errs.String()))
	}
	if err := json.Unmarshal(out.Bytes(), answer); err != nil {
		return fmt.Errorf("parse the answer of lakectl %s: %w", args[0], err)
	}
	return nil
}
