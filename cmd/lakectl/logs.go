package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
)

func (a *app) logsCommand() *cobra.Command {
	var dir string
	var follow bool
	var lines int
	cmd := &cobra.Command{
		Use:       "logs [spark|kafka|lakectl]",
		Short:     "Show the log of a run's Spark, Kafka, or of a detached lakectl itself",
		Example:   "  lakectl logs\n  lakectl logs kafka -n 200\n  lakectl logs spark --follow",
		ValidArgs: []string{"spark", "kafka", "lakectl"},
		Args:      arguments(cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if lines < 0 {
				return usagef("--lines must not be negative")
			}
			found, err := findDataDir(dir, true)
			if err != nil {
				return err
			}
			name := append(args, "spark")[0]
			return a.showLog(cmd.Context(), local.LogPath(found, name), lines, follow)
		},
	}
	dataDirFlag(cmd, &dir, "the lakehouse (default: the one that runs here)")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what is added")
	cmd.Flags().IntVarP(&lines, "lines", "n", 50, "how many of the last lines")
	return cmd
}

func (a *app) showLog(ctx context.Context, path string, lines int, follow bool) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return exit.New(exit.Failed, fmt.Errorf("there is no %s yet", filepath.Base(path)), "")
	}
	if err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	defer func() { _ = file.Close() }()
	last, err := tail(file, lines)
	if err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	if a.output == "json" {
		return a.json(last)
	}
	for _, line := range last {
		fmt.Fprintln(a.stdout, line)
	}
	if follow {
		return a.followLog(ctx, file)
	}
	return nil
}

// tail reads the last n lines; the file is then at its end.
func tail(file io.Reader, n int) ([]string, error) {
	last := []string{}
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		last = append(last, scanner.Text())
		if len(last) > n {
			last = slices.Delete(last, 0, len(last)-n)
		}
	}
	return last, scanner.Err()
}

// followLog copies what is added to the file until ctx ends, which is no failure.
func (a *app) followLog(ctx context.Context, file io.Reader) error {
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		if _, err := io.Copy(a.stdout, file); err != nil {
			return fmt.Errorf("follow log: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
