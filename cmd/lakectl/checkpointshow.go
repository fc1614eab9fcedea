package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/jobs"
)

// CheckpointFiles is what `checkpoint show -o json` gives.
type CheckpointFiles struct {
	Job    string           `json:"job"`
	Path   string           `json:"path"`
	Damage string           `json:"damage,omitempty"` // why no query can go on from it
	Files  []CheckpointFile `json:"files"`            // metadata, sources, offsets, commits
	State  []StateFolder    `json:"state"`
}

// CheckpointFile is one file of a checkpoint. Lines that are JSON are parsed; others are text.
type CheckpointFile struct {
	Name    string            `json:"name"`
	Bytes   int64             `json:"bytes"`
	Changed time.Time         `json:"changed"` // UTC
	Lines   []json.RawMessage `json:"lines"`
}

// StateFolder is the state of one operator in one partition.
type StateFolder struct {
	Name   string `json:"name"` // state/<operator>/<partition>
	Files  int    `json:"files"`
	Bytes  int64  `json:"bytes"`
	Newest int64  `json:"newest"` // version: one more than the batch that wrote it; 0 for none
}

func (a *app) checkpointShowCommand() *cobra.Command {
	var dir string
	var batches int
	cmd := &cobra.Command{
		Use:   "show JOB",
		Short: "Show the files of a checkpoint in readable form",
		Long: `Shows what Spark keeps in a query's checkpoint: metadata (the query's id), sources (where it began),
offsets/N (where batch N ends in its source, and the watermark it ran with), commits/N (batch N is in the
table), and the size of its state.`,
		Example:           "  lakectl checkpoint show silver_prices\n  lakectl checkpoint show bronze_prices --batches 1 -o json | jq '.files[] | select(.name | startswith(\"offsets\")).lines[2]'",
		Args:              arguments(cobra.ExactArgs(1)),
		ValidArgsFunction: completeJobs,
		RunE: func(_ *cobra.Command, args []string) error {
			job, err := jobNamed(args[0])
			if err != nil {
				return err
			}
			if batches < 1 {
				return usagef("--batches must be at least 1")
			}
			found, err := findDataDir(dir, true)
			if err == nil {
				found, err = filepath.Abs(found)
			}
			if err != nil {
				return err
			}
			files, err := readCheckpoint(placeOf(found).Checkpoint(job.Name), batches)
			if err != nil {
				return err
			}
			files.Job = job.Name
			if a.output == "json" {
				return a.json(files)
			}
			writeCheckpointFiles(a.stdout, files)
			return nil
		},
	}
	dataDirFlag(cmd, &dir, "the lakehouse (default: the one that runs here)")
	cmd.Flags().IntVar(&batches, "batches", 3, "how many of the newest batches to show")
	return cmd
}

func completeJobs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return jobNames(), cobra.ShellCompDirectiveNoFileComp
}

func jobNames() (names []string) {
	for _, job := range withBackfills() {
		names = append(names, job.Name)
	}
	return names
}

// withBackfills returns the jobs, and behind them the queries of lakectl backfill.
func withBackfills() []jobs.Job {
	return slices.Concat(jobs.Default().Jobs, jobs.Default().Backfills())
}

func isBackfill(job jobs.Job) bool {
	_, always := jobs.Default().Job(job.Name)
	return !always
}

func jobNamed(name string) (jobs.Job, error) {
	all := withBackfills()
	i := slices.IndexFunc(all, func(j jobs.Job) bool { return j.Name == name })
	if i < 0 {
		return jobs.Job{}, exit.New(exit.Usage, fmt.Errorf("there is no job %s", name), "the jobs are "+strings.Join(jobNames(), ", "))
	}
	return all[i], nil
}

func readCheckpoint(folder string, newest int) (CheckpointFiles, error) {
	all := CheckpointFiles{Path: folder, Files: []CheckpointFile{}, State: []StateFolder{}}
	if err := checkpoint.Check(folder); err != nil {
		all.Damage = err.Error()
	}
	contents, err := checkpoint.Look(folder)
	if err != nil {
		return all, err
	}
	if contents.Files == 0 {
		return all, exit.New(exit.Failed, fmt.Errorf("there is no checkpoint in %s", folder), "lakectl checkpoint ls shows which there are")
	}
	names := []string{"metadata"}
	sources, _ := filepath.Glob(filepath.Join(folder, "sources", "*", "*")) // the only error is a bad pattern
	for _, path := range sources {
		name, _ := filepath.Rel(folder, path)
		names = append(names, name)
	}
	for _, id := range last(contents.Offsets, newest) {
		names = append(names, "offsets/"+strconv.FormatInt(id, 10))
	}
	for _, id := range last(contents.Commits, newest) {
		names = append(names, "commits/"+strconv.FormatInt(id, 10))
	}
	for _, name := range names {
		if f, ok := readCheckpointFile(folder, name); ok {
			all.Files = append(all.Files, f)
		}
	}
	all.State, err = stateFolders(folder)
	return all, err
}

func last(ids []int64, n int) []int64 { return ids[max(0, len(ids)-n):] }

// readCheckpointFile reports false where a file is not there, or not any more.
func readCheckpointFile(folder, name string) (CheckpointFile, bool) {
	path := filepath.Join(folder, name)
	text, err := os.ReadFile(path)
	info, serr := os.Stat(path)
	if err != nil || serr != nil {
		return CheckpointFile{}, false
	}
	f := CheckpointFile{Name: name, Bytes: info.Size(), Changed: info.ModTime().UTC(), Lines: []json.RawMessage{}}
	for line := range strings.Lines(strings.TrimLeft(string(text), "\x00")) {
		raw := json.RawMessage(strings.TrimSpace(line))
		if !json.Valid(raw) {
			raw, _ = json.Marshal(strings.TrimRight(line, "\n")) // a string always has a form
		}
		f.Lines = append(f.Lines, raw)
	}
	return f, true
}

// stateFolders sums up state/<operator>/<partition>, whose files are <version>.delta, .snapshot, .changelog or .zip.
func stateFolders(folder string) ([]StateFolder, error) {
	all := []StateFolder{}
	folders, _ := filepath.Glob(filepath.Join(folder, "state", "*", "*"))
	for _, path := range folders {
		entries, err := os.ReadDir(path)
		if err != nil || strings.HasPrefix(filepath.Base(path), "_") {
			continue // the operator's metadata, or gone
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return nil, err
		}
		s := StateFolder{Name: name}
		for _, e := range entries {
			info, err := e.Info()
			if err != nil || e.IsDir() {
				continue
			}
			s.Files, s.Bytes = s.Files+1, s.Bytes+info.Size()
			digits, _, _ := strings.Cut(e.Name(), ".")
			if version, err := strconv.ParseInt(digits, 10, 64); err == nil {
				s.Newest = max(s.Newest, version)
			}
		}
		all = append(all, s)
	}
	return all, nil
}

func writeCheckpointFiles(out io.Writer, all CheckpointFiles) {
	fmt.Fprintln(out, all.Path)
	if all.Damage != "" {
		fmt.Fprintln(out, "no query can go on from it:", all.Damage)
	}
	for _, f := range all.Files {
		fmt.Fprintf(out, "\n%s  (%d bytes, %s)\n", f.Name, f.Bytes, f.Changed.Format(time.RFC3339))
		for _, line := range f.Lines {
			for _, text := range readable(line) {
				fmt.Fprintf(out, "  %s\n", text)
			}
		}
	}
	if len(all.State) > 0 {
		fmt.Fprintln(out, "\nstate")
	}
	for _, s := range all.State {
		fmt.Fprintf(out, "  %s: version %d, %d files, %s\n", s.Name, s.Newest, s.Files, sizeText(s.Bytes))
	}
}

// readable is a line of a checkpoint's file: a JSON object with a field a line, in order, times with their date.
func readable(line json.RawMessage) []string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(line, &fields) != nil {
		return []string{printable(unquote(line))}
	}
	texts := make([]string, 0, len(fields))
	for name, value := range fields {
		text := name + ": " + printable(unquote(value))
		if ms, err := strconv.ParseInt(string(value), 10, 64); err == nil && strings.HasSuffix(name, "Ms") && ms > 0 {
			text += "  " + time.UnixMilli(ms).UTC().Format(recordTime)
		}
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return texts
}

// unquote is a JSON string's text, and any other value as it is.
func unquote(value json.RawMessage) []byte {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return []byte(text)
	}
	return value
}
