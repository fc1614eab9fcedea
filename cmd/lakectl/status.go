package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/pipeline"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/internal/wholefile"
)

// Status is what status.json and `status -o json` hold. It has no secrets. Times are UTC.
type Status struct {
	DataDir   string                 `json:"data_dir"`
	Target    string                 `json:"target,omitempty"`
	State     string                 `json:"state"`           // running, stopping or stopped
	Error     string                 `json:"error,omitempty"` // why it has stopped, where it was not told to, or has not drained
	Hint      string                 `json:"hint,omitempty"`  // what to do about that
	Healthy   bool                   `json:"healthy"`
	PID       int                    `json:"pid"`
	StartedAt time.Time              `json:"started_at"`
	UpdatedAt time.Time              `json:"updated_at"`
	Kafka     string                 `json:"kafka"`               // host:port
	Spark     string                 `json:"spark"`               // host:port
	Dashboard string                 `json:"dashboard,omitempty"` // its URL
	Producer  FeedStatus             `json:"producer"`
	Queries   []pipeline.QueryStatus `json:"queries"`
}

func (l *lakehouse) status() Status {
	l.mu.Lock()
	run, state, failure := l.run, l.state, l.failure
	l.mu.Unlock()
	s := Status{
		DataDir: l.dir, State: state, Healthy: state == "running", PID: run.PID,
		StartedAt: run.StartedAt, UpdatedAt: time.Now().UTC(), Kafka: run.Kafka.Addr, Spark: spark.Address(remoteOf(run.Spark.Remote)), Dashboard: run.Dashboard,
		Producer: l.feed.Status(), Queries: l.pipeline.Status(),
	}
	if failure != nil {
		s.Error, s.Hint = firstLine(failure), exit.Hint(failure)
	}
	if l.target != nil {
		s.Target = l.target.Name
	}
	for _, q := range s.Queries {
		s.Healthy = s.Healthy && q.Healthy
	}
	return s
}

func (l *lakehouse) feedDone() <-chan struct{} { return l.feed.done }

// enter goes to a state, and lets other terminals know.
func (l *lakehouse) enter(state string) {
	l.mu.Lock()
	l.state = state
	l.mu.Unlock()
	l.saveStatus()
}

// ended is enter of the last state, with why it was not a clean stop.
func (l *lakehouse) ended(failure error) {
	l.mu.Lock()
	l.failure = failure
	l.mu.Unlock()
	l.enter("stopped")
}

// saveStatus writes status.json for other terminals.
func (l *lakehouse) saveStatus() {
	l.saving.Lock()
	defer l.saving.Unlock()
	text, err := json.Marshal(l.status())
	if err == nil {
		err = wholefile.Write(statusPath(l.dir), text)
	}
	if err != nil && !l.unsaved {
		l.log.Warn("status.json could not be written; lakectl status shows the last one", "error", err)
	}
	l.unsaved = err != nil
}

func readStatus(dir string) (Status, error) {
	text, err := os.ReadFile(statusPath(dir))
	if err != nil {
		if local.Locked(dir) {
			return Status{}, exit.New(exit.Failed, fmt.Errorf("the lakehouse in %s is still starting", dir), "try again in a moment")
		}
		return Status{}, fmt.Errorf("read status: %w", err)
	}
	var s Status
	if err := json.Unmarshal(text, &s); err != nil {
		return Status{}, fmt.Errorf("read status: %w", err)
	}
	if !local.Locked(dir) { // a killed run could not say so
		s.State, s.Healthy = "stopped", false
		for i := range s.Queries {
			s.Queries[i].State, s.Queries[i].Healthy = pipeline.StateStopped, false
		}
	}
	return s, nil
}

func (a *app) statusCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what a running lakehouse does",
		Long: `Shows the producer and each query of a run: its state, rows read, rows per second, how far it is
behind its source, how long its last micro-batch took, and the age of an event when it was written.

Exits 1 if a query is not healthy or the lakehouse does not run.`,
		Example: "  lakectl status\n  lakectl status -o json | jq '.queries[] | {name, healthy, lag}'",
		Args:    arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			found, err := findDataDir(dir, true)
			if err != nil {
				return err
			}
			s, err := readStatus(found)
			if err != nil {
				return err
			}
			if a.output == "json" {
				err = a.json(s)
			} else {
				err = writeStatus(a.stdout, s)
			}
			if err == nil && !s.Healthy {
				err = s.trouble()
			}
			return err
		},
	}
	dataDirFlag(cmd, &dir, "the lakehouse (default: the one that runs here)")
	return cmd
}

// trouble is the error of a lakehouse that is not healthy.
func (s Status) trouble() error {
	if s.State == "stopping" {
		return errors.New("the lakehouse is stopping")
	}
	if s.State != "running" && s.Target != "" {
		return exit.New(exit.Failed, errors.New("lakectl does not run; queries that it was not told to stop go on at the target"),
			"lakectl run --target "+s.Target+" adopts them, lakectl stop --data-dir "+s.DataDir+" stops them")
	}
	if s.State != "running" && s.Error != "" {
		return exit.New(exit.Failed, fmt.Errorf("the lakehouse has stopped: %s", s.Error), s.Hint)
	}
	if s.State != "running" {
		return exit.New(exit.Failed, errors.New("the lakehouse does not run"), "start it with lakectl run --local")
	}
	var names []string
	for _, q := range s.Queries {
		if !q.Healthy {
			names = append(names, q.Name)
		}
	}
	return exit.New(exit.Failed, fmt.Errorf("not healthy: %s", strings.Join(names, ", ")), "see lakectl logs spark")
}

func writeStatus(out io.Writer, s Status) error {
	fmt.Fprintf(out, "%s in %s since %s, process %d\n", s.State, s.DataDir, s.StartedAt.Format(time.RFC3339), s.PID)
	fmt.Fprintf(out, "kafka %s, spark %s\n", s.Kafka, s.Spark)
	if s.Dashboard != "" {
		fmt.Fprintf(out, "dashboard %s\n", s.Dashboard)
	}
	fmt.Fprintln(out, s.Producer)
	return writeQueries(out, s.Queries)
}

// String is one line for people.
func (f FeedStatus) String() string {
	if f.Source == noSource {
		return "producer: none; the topic is filled by others"
	}
	text := fmt.Sprintf("producer: %s prices, %d published, %d acknowledged", f.Source, f.Published, f.Acked)
	if f.Spooled > 0 {
		text += fmt.Sprintf(", %d in the spool", f.Spooled)
	}
	if f.Blocked != "" {
		text += ", none is taken: " + f.Blocked
	}
	if f.Failed > 0 {
		text += fmt.Sprintf(", %d refused by Kafka", f.Failed)
	}
	if f.Ended {
		text += ", ended"
	}
	if f.LastError != "" {
		text += "; last error: " + f.LastError
	}
	return text
}

func writeQueries(out io.Writer, queries []pipeline.QueryStatus) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "QUERY\tSTATE\tROWS\tROWS/S\tLAG\tBATCH\tLATENCY\tRESTARTS\tLAST ERROR")
	for _, q := range queries {
		fmt.Fprintf(table, "%s\t%s\t%d\t%.1f\t%s\t%.2fs\t%s\t%d\t%s\n", q.Name, stateText(q), q.Rows, q.RowsPerSecond,
			lagText(q), q.BatchSeconds, latencyText(q), q.Restarts, errorText(q.LastError))
	}
	return table.Flush()
}

func stateText(q pipeline.QueryStatus) string {
	if q.State == pipeline.StateRunning && q.Mode == pipeline.CatchUp {
		return "catching up"
	}
	return string(q.State)
}

func lagText(q pipeline.QueryStatus) string {
	switch {
	case q.Lag < 0:
		return "-"
	case q.Name == "bronze_prices":
		return fmt.Sprintf("%d records", q.Lag)
	}
	return fmt.Sprintf("%d bytes", q.Lag)
}

func latencyText(q pipeline.QueryStatus) string {
	if q.LatencySeconds == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1fs", q.LatencySeconds)
}

func errorText(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	if len(text) > 80 {
		text = text[:77] + "..."
	}
	return text
}
