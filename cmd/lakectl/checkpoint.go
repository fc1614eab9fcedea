package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/tablefiles"
	"github.com/cryptostream/lakectl/jobs"
)

func (a *app) checkpointCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "checkpoint",
		Short: "Show how far the queries are, and begin one anew",
		Long: `A query's checkpoint says what of its source it has read. These commands look into the checkpoints
of a data dir, whether a lakehouse runs there or not, and begin one anew without a row coming twice.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.checkpointListCommand(), a.checkpointShowCommand(), a.checkpointResetCommand())
	return cmd
}

// CheckpointStatus is one checkpoint in `checkpoint ls -o json`.
type CheckpointStatus struct {
	Job string `json:"job"`
	// State is ok, new (no batch is committed yet), none, damaged, or changed: it can't take the job as it is now.
	State string `json:"state"`
	Why   string `json:"why,omitempty"` // of a state that needs somebody
	Batch *int64 `json:"batch"`         // the newest that is committed; null for none
	// Offsets is the offset behind the last record read of each partition, for a job that reads Kafka.
	Offsets map[int32]int64 `json:"offsets,omitempty"`
	// Version is the newest version of the source table that was read whole, for a job that reads one.
	Version *int64 `json:"version,omitempty"`
	// Lag is how many records, or versions of the table, there are behind that; null where that can't be known.
	Lag        *int64     `json:"lag"`
	Files      int        `json:"files"`
	Bytes      int64      `json:"bytes"`
	Committed  *time.Time `json:"committed,omitempty"` // when the newest batch was, UTC
	AgeSeconds *float64   `json:"age_seconds,omitempty"`
	// Fingerprint is whether the checkpoint fits the job as it is now; null where it does not say of what it is.
	Fingerprint *bool  `json:"fingerprint_matches"`
	Path        string `json:"path"`
}

func (a *app) checkpointListCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List the queries' checkpoints",
		Long: `Lists the checkpoint of each query: its newest committed batch, up to where that has read its source,
how far that is behind, size, age, and whether the checkpoint fits the job as it is now.

The lag is in records for a query that reads Kafka, where the lakehouse runs on a Kafka of its own, and
in versions for one that reads a table.

Exits 1 if a query could not go on from its checkpoint.`,
		Example: "  lakectl checkpoint ls\n  lakectl checkpoint ls -o json | jq '.[] | {job, state, lag}'",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := findDataDir(dir, true)
			if err != nil {
				return err
			}
			all, err := checkpointsOf(found, func(topic string) map[int32]int64 {
				held, _ := topicOf(cmd.Context(), found, topic) // the lag is unknown without it
				return held.Next
			})
			if err != nil {
				return err
			}
			if a.output == "json" {
				err = a.json(all)
			} else {
				err = writeCheckpoints(a.stdout, all)
			}
			return errors.Join(err, checkpointTrouble(all))
		},
	}
	dataDirFlag(cmd, &dir, "the lakehouse (default: the one that runs here)")
	return cmd
}

// checkpointTrouble is the error of checkpoints that a query could not go on from.
func checkpointTrouble(all []CheckpointStatus) error {
	var names []string
	for _, s := range all {
		if s.Why != "" {
			names = append(names, s.Job)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return exit.New(exit.Failed, fmt.Errorf("no query can go on from the checkpoint of %s", strings.Join(names, ", ")),
		"put it back, or see lakectl checkpoint reset --help")
}

// checkpointsOf looks at every job's checkpoint. ends asks for the ends of a topic, nil where they can't be known; it
// is asked only where a lakehouse runs.
func checkpointsOf(dir string, ends func(topic string) map[int32]int64) ([]CheckpointStatus, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	place := placeOf(dir)
	all := []CheckpointStatus{}
	for _, job := range withBackfills() {
		s, err := checkpointOf(place, job)
		if err != nil {
			return nil, err
		}
		switch {
		case s.State == "none" && isBackfill(job): // there was none; verify finds one whose checkpoint is lost
			continue
		case s.Batch == nil || s.State == "damaged":
		case job.Source.Kafka == nil:
			err = s.behindTable(place.Path(job.Source.Table))
		case local.Locked(dir):
			s.behindTopic(ends(job.Source.Kafka.Topic))
		}
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func checkpointOf(place ddl.Place, job jobs.Job) (CheckpointStatus, error) {
	folder := place.Checkpoint(job.Name)
	s := CheckpointStatus{Job: job.Name, State: "ok", Path: folder}
	contents, err := checkpoint.Look(folder)
	if err != nil {
		return s, err
	}
	s.Files, s.Bytes, s.Committed = contents.Files, contents.Bytes, contents.Committed
	if s.Committed != nil {
		age := time.Since(*s.Committed).Seconds()
		s.AgeSeconds = &age
	}
	if n := len(contents.Commits); n > 0 {
		s.Batch = &contents.Commits[n-1]
	}
	var damaged *checkpoint.DamagedError
	switch err := checkpoint.Check(folder); {
	case errors.Is(err, checkpoint.ErrNone):
		return s.without(place, job)
	case errors.As(err, &damaged):
		s.State, s.Why = "damaged", err.Error()
		return s, nil
	case err != nil:
		return s, err
	}
	if s.Batch == nil {
		s.State = "new"
	} else if err := s.position(folder, job); err != nil {
		s.State, s.Why = "damaged", err.Error()
		return s, nil
	}
	return s, s.compare(folder, job)
}

// without is the state of a job that has no checkpoint.
func (s CheckpointStatus) without(place ddl.Place, job jobs.Job) (CheckpointStatus, error) {
	s.State = "none"
	table, err := tablefiles.Look(place.Path(job.Sink.Table))
	if err != nil {
		return s, err
	}
	_, asked, err := checkpoint.ReadStart(s.Path)
	if table.Files > 0 && !asked {
		s.Why = fmt.Sprintf("there is none, but table %s has rows", job.Sink.Table)
	}
	return s, err
}

func (s *CheckpointStatus) position(folder string, job jobs.Job) error {
	batch, err := checkpoint.Committed(folder)
	if err != nil {
		return err
	}
	if k := job.Source.Kafka; k != nil {
		s.Offsets, err = batch.TopicOffsets(k.Topic)
		return err
	}
	version, known, err := batch.TableVersion()
	if known {
		s.Version = &version
	}
	return err
}

// compare holds the checkpoint against the job as it is now.
func (s *CheckpointStatus) compare(folder string, job jobs.Job) error {
	made, known, err := madeBy(folder)
	if err != nil || !known {
		return err
	}
	changes := made.Changes(job.Fingerprint())
	fits := len(changes) == 0
	s.Fingerprint = &fits
	if !fits {
		s.State, s.Why = "changed", strings.Join(changes, "; ")
	}
	return nil
}

func (s *CheckpointStatus) behindTopic(ends map[int32]int64) {
	if ends == nil {
		return
	}
	var lag int64
	for partition, end := range ends {
		lag += max(0, end-s.Offsets[partition])
	}
	s.Lag = &lag
}

func (s *CheckpointStatus) behindTable(folder string) error {
	newest, err := tablefiles.Version(folder)
	if err != nil || newest < 0 {
		return err
	}
	read := int64(-1)
	if s.Version != nil {
		read = *s.Version
	}
	lag := max(0, newest-read)
	s.Lag = &lag
	return nil
}

func writeCheckpoints(out io.Writer, all []CheckpointStatus) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "JOB\tSTATE\tBATCH\tREAD UP TO\tLAG\tSIZE\tFILES\tAGE\tFINGERPRINT")
	for _, s := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", s.Job, s.State, orDash(s.Batch), s.readUpTo(), s.lag(),
			sizeText(s.Bytes), s.Files, s.age(), s.fingerprint())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, s := range all {
		if s.Why != "" {
			fmt.Fprintf(out, "%s: %s\n", s.Job, s.Why)
		}
	}
	return nil
}

func (s CheckpointStatus) readUpTo() string {
	switch {
	case s.Version != nil:
		return fmt.Sprintf("version %d", *s.Version)
	case s.Offsets == nil:
		return "-"
	}
	return offsetsText(s.Offsets)
}

// offsetsText names partitions and offsets: "0:8746 1:7".
func offsetsText(offsets map[int32]int64) string {
	parts := make([]string, 0, len(offsets))
	for partition, offset := range offsets {
		parts = append(parts, fmt.Sprintf("%d:%d", partition, offset))
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

func (s CheckpointStatus) lag() string {
	switch {
	case s.Lag == nil:
		return "-"
	case s.Offsets != nil:
		return fmt.Sprintf("%d records", *s.Lag)
	}
	return fmt.Sprintf("%d versions", *s.Lag)
}

func (s CheckpointStatus) age() string {
	if s.Committed == nil {
		return "-"
	}
	return time.Since(*s.Committed).Round(time.Second).String()
}

func (s CheckpointStatus) fingerprint() string {
	switch {
	case s.Fingerprint == nil:
		return "-"
	case *s.Fingerprint:
		return "matches"
	}
	return "differs"
}

func orDash(n *int64) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}

// sizeText is a number of bytes for people.
func sizeText(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
