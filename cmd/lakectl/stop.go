package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
)

func (a *app) stopCommand() *cobra.Command {
	var dir string
	var now bool
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "Stop a running lakehouse",
		Long: `Stops the producer, drains the queries and stops the servers, and waits until that is done.
With --now nothing is drained: the next run goes on where this one ended. Exits 1 where not all could be drained
within two minutes, or the run failed meanwhile; it is stopped then, too.

On a target, --now ends lakectl alone and its queries go on; where it has ended already, stop stops the
queries that it has left, without draining.`,
		Example: "  lakectl stop\n  lakectl stop --now --data-dir .lakectl-replay",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if left := leftBehind(dir); left != nil {
				return a.stopLeft(cmd.Context(), dir, left)
			}
			found, err := findDataDir(dir, false)
			if err != nil {
				return err
			}
			pid, err := stopRun(cmd.Context(), found, now)
			if err != nil {
				return err
			}
			if a.output == "json" {
				err = a.json(map[string]string{"data_dir": found, "state": "stopped"})
			} else {
				_, err = fmt.Fprintf(a.stdout, "stopped the lakehouse in %s\n", found)
			}
			if err != nil || now {
				return err
			}
			if s, err := readStatus(found); err == nil && s.PID == pid && s.Error != "" {
				return exit.New(exit.Failed, errors.New(s.Error), s.Hint)
			}
			return nil
		},
	}
	dataDirFlag(cmd, &dir, "the lakehouse (default: the one that runs here)")
	cmd.Flags().BoolVar(&now, "now", false, "don't drain")
	return cmd
}

// stopRun signals the process that holds the data dir, waits until it has let go of it, and returns which it was.
func stopRun(ctx context.Context, dir string, now bool) (pid int, err error) {
	pid, err = runningPID(ctx, dir)
	if err != nil {
		return 0, err
	}
	signal := syscall.SIGTERM
	if now {
		signal = syscall.SIGKILL // the servers die with it
	}
	if err := syscall.Kill(pid, signal); err != nil {
		return pid, fmt.Errorf("signal process %d: %w", pid, err)
	}
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for local.Locked(dir) {
		select {
		case <-ctx.Done():
			return pid, exit.New(exit.Failed, fmt.Errorf("process %d is still stopping", pid), "lakectl stop --now ends it at once")
		case <-ticker.C:
		}
	}
	return pid, nil
}

// announcing is how long a run that begins may take to say that it is one.
const announcing = 2 * time.Second

// runningPID returns the process of the run that has the data dir. Others may have it for a while, such as lakectl query,
// and the run that run.json is about may be long over and its pid another program's.
func runningPID(ctx context.Context, dir string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, announcing)
	defer cancel()
	for {
		holder := local.Holder(dir)
		if run, err := local.ReadRunFile(dir); err == nil && run.PID == holder {
			return holder, nil
		}
		select {
		case <-ctx.Done():
			return 0, exit.New(exit.Failed, fmt.Errorf("data dir %s is in use by process %d, which is no run", dir, holder), "wait until it has done its work")
		case <-time.After(50 * time.Millisecond):
		}
	}
}
