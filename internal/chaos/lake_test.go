package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/chaos"
	"github.com/cryptostream/lakectl/internal/fakeexchange"
	"github.com/cryptostream/lakectl/internal/local"
)

// lake is a lakehouse under test: a fake exchange that knows what it has served, and lakectl as processes on one data
// dir.
type lake struct {
	t        *testing.T
	random   *rand.Rand
	dir      string
	exchange *fakeexchange.Exchange
	url      string             // of the exchange
	args     []string           // of every run
	env      []string           // of every command
	taken    chaos.Spooled      // by the producer
	cuts     int                // how often it was killed or stopped, in the middle of a poll maybe
	sent     []sent             // published by hand
	kept     map[string][]event // in Silver, at the last check

	elsewhere chaos.Spooled // taken on data dirs that were used before
}

// patience is how long an event may take on a machine that does much else.
const patience = 10 * time.Minute

// poll is how often the fake exchange is asked for its ten quotes.
const poll = time.Second

// newLake is a lakehouse that takes ten quotes a second, and args of lakectl run beyond that. Nothing runs yet.
func newLake(t *testing.T, args ...string) *lake {
	t.Helper()
	l := &lake{t: t, random: randomOf(t), dir: filepath.Join(t.TempDir(), "lake"), taken: chaos.Spooled{}, elsewhere: chaos.Spooled{}}
	l.exchange = fakeexchange.New(fakeexchange.Options{Seed: 7})
	server := httptest.NewServer(l.exchange)
	t.Cleanup(func() {
		l.exchange.Close()
		server.Close()
	})
	l.url = server.URL
	l.args = append([]string{"--verbose", "--source", "binance", "--binance-url", l.url, "--interval", poll.String(), "--no-dashboard",
		"--reconcile-every", "0", "--spark-heap", "1024"}, args...)
	t.Cleanup(func() {
		if t.Failed() {
			l.keepLogs()
		}
		if local.Locked(l.dir) {
			l.killLakectl()
		}
	})
	return l
}

// command is a lakectl that is untouched by the settings of whoever runs the test.
func (l *lake) command(args ...string) *exec.Cmd {
	l.t.Helper()
	path, err := program()
	if err != nil {
		l.t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = filepath.Dir(l.dir)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LAKECTL_") }), l.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// result is what a lakectl that has ended had to say.
type result struct {
	stdout, stderr string
	code           int
}

// try runs lakectl to its end, on the data dir.
func (l *lake) try(args ...string) result {
	l.t.Helper()
	cmd := l.command(append(args, "--data-dir", l.dir)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		l.t.Fatal(err)
	}
	r := result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	if strings.Contains(r.stderr, "DATA RACE") || strings.Contains(r.stderr, "panic:") {
		l.t.Errorf("lakectl %s:\n%s", strings.Join(args, " "), r.stderr)
	}
	return r
}

// must is try, and exit code 0.
func (l *lake) must(args ...string) string {
	l.t.Helper()
	r := l.try(args...)
	if r.code != 0 {
		l.t.Fatalf("lakectl %s: exit code %d\n%s", strings.Join(args, " "), r.code, r.stderr)
	}
	return r.stdout
}

// runArgs are the arguments of a detached run.
func (l *lake) runArgs(args ...string) []string {
	return slices.Concat([]string{"run", "--local", "--detach"}, l.args, args)
}

// start starts a run and returns when all of it is up.
func (l *lake) start(args ...string) {
	l.t.Helper()
	l.readSpool()
	l.must(l.runArgs(args...)...)
}

// refused expects a start that ends with an exit code, a hint and a word of what is wrong.
func (l *lake) refused(code int, word string) {
	l.t.Helper()
	l.readSpool()
	r := l.try(l.runArgs()...)
	if r.code != code || !strings.Contains(r.stderr, "error: ") || !strings.Contains(r.stderr, word) || !strings.Contains(r.stderr, "hint: ") {
		l.t.Errorf("a start ended with exit code %d, want %d, a hint and %q:\n%s", r.code, code, word, r.stderr)
	}
}

// stop drains the run. Where the machine does too much else for a drain to end in time, the next run goes on from there,
// as the hint says.
func (l *lake) stop() {
	l.t.Helper()
	for tries := 1; ; tries++ {
		r := l.try("stop")
		l.cuts++
		l.readSpool()
		switch {
		case r.code == 0:
			return
		case r.code != 1 || !drainTooLong(r.stderr) || tries == 5:
			l.t.Fatalf("stop: exit code %d\n%s", r.code, r.stderr)
		}
		l.start()
	}
}

// drainTooLong tells a drain that ran into its limit of two minutes, which a machine with much else to do may need.
func drainTooLong(stderr string) bool {
	return strings.Contains(stderr, "not all was processed within")
}

// said is what the last run said in the end, from its error on; "" for none.
func (l *lake) said() string {
	l.t.Helper()
	text, err := os.ReadFile(filepath.Join(l.dir, "logs", "lakectl.log"))
	if err != nil {
		l.t.Fatal(err)
	}
	last := text[max(0, bytes.LastIndex(text, []byte(lastStart))):]
	if at := bytes.LastIndex(last, []byte("error: ")); at >= 0 {
		return string(last[at:])
	}
	return ""
}

// lastStart is what a run says when it is up.
const lastStart = "Ctrl-C drains and stops"

// readSpool notes what the producer has taken, before a start could forget it.
func (l *lake) readSpool() {
	l.t.Helper()
	if err := l.taken.Read(l.dir); err != nil {
		l.t.Fatal(err)
	}
}

// move goes on in another data dir.
func (l *lake) move(name string) {
	l.t.Helper()
	l.readSpool()
	for _, value := range l.taken {
		l.elsewhere[uint64(len(l.elsewhere))] = value
	}
	l.taken, l.dir = chaos.Spooled{}, filepath.Join(filepath.Dir(l.dir), name)
}

// run is run.json of the run that is there.
func (l *lake) run() local.RunFile {
	l.t.Helper()
	run, err := local.ReadRunFile(l.dir)
	if err != nil {
		l.t.Fatal(err)
	}
	return run
}

// killLakectl kills lakectl itself, and waits until its servers are gone too.
func (l *lake) killLakectl() {
	l.t.Helper()
	run := l.run()
	if err := syscall.Kill(run.PID, syscall.SIGKILL); err != nil {
		l.t.Fatal(err)
	}
	l.cuts++
	l.await("the servers to die with lakectl", func() bool {
		return !local.Locked(l.dir) && !lives(run.Kafka.PID) && !lives(run.Spark.PID)
	})
	l.readSpool()
}

func lives(pid int) bool { return pid != 0 && syscall.Kill(pid, 0) == nil }

// A server of a run.
type server func(local.RunFile) int

func kafka(run local.RunFile) int { return run.Kafka.PID }
func spark(run local.RunFile) int { return run.Spark.PID }

// killServer kills one and waits until lakectl has started another.
func (l *lake) killServer(which server) {
	l.t.Helper()
	pid := which(l.run())
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		l.t.Fatal(err)
	}
	l.await("another server", func() bool { return which(l.run()) != pid })
}

// await waits for an event that has no channel: it is in another process.
func (l *lake) await(what string, happened func() bool) {
	l.t.Helper()
	l.awaitFor(patience, what, happened)
}

// awaitFor is await of what may take longer.
func (l *lake) awaitFor(patience time.Duration, what string, happened func() bool) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.t.Context()), patience) // in a cleanup too
	defer cancel()
	for !happened() {
		select {
		case <-ctx.Done():
			l.t.Fatalf("waited in vain for %s; status: %+v", what, l.status())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// randomly waits for a random moment within a span: when the next fault hits is the point.
func (l *lake) randomly(within time.Duration) {
	moment := time.Duration(l.random.Int64N(int64(within)))
	l.t.Logf("the next fault in %s", moment)
	time.Sleep(moment)
}

// status is what the tests want of lakectl's status.
type status struct {
	State    string
	Healthy  bool
	PID      int
	Queries  []query
	Producer struct {
		Taken, Acked, Spooled int64
		KafkaUp               bool   `json:"kafka_up"`
		LastError             string `json:"last_error"`
		Blocked               string
	}
}

type query struct {
	Name, State  string
	Mode         string
	RunID        string `json:"run_id"`
	Healthy      bool
	Rows, Lag    int64
	Restarts     int
	BatchID      int64   `json:"batch_id"`
	BatchSeconds float64 `json:"batch_seconds"`
	LastError    string  `json:"last_error"`
}

// status is read from the file that lakectl status shows; zero while there is none.
func (l *lake) status() status { return statusOf(l.dir) }

func statusOf(dir string) (s status) {
	text, err := os.ReadFile(filepath.Join(dir, "status.json"))
	if err == nil {
		_ = json.Unmarshal(text, &s)
	}
	return s
}

// rows is how many rows a query of the present run has read.
func (s status) rows(query string) int64 {
	for _, q := range s.Queries {
		if q.Name == query {
			return q.Rows
		}
	}
	return 0
}

// flow waits until all is healthy and Silver has read n rows more.
func (l *lake) flow(n int64) {
	l.t.Helper()
	l.readSpool() // a full file of it is deleted when Kafka has all of that
	before := l.status()
	l.await("rows in Silver", func() bool {
		s := l.status()
		var had int64
		if s.PID == before.PID {
			had = before.rows("silver_prices")
		}
		return s.Healthy && s.State == "running" && s.PID == l.run().PID && s.rows("silver_prices") >= had+n
	})
}

// keepLogs writes the end of each log into the test's.
func (l *lake) keepLogs() {
	logs, _ := filepath.Glob(filepath.Join(l.dir, "logs", "*.log"))
	for _, file := range logs {
		text, err := os.ReadFile(file)
		if err == nil {
			l.t.Logf("the end of %s:\n%s", filepath.Base(file), text[max(0, len(text)-6000):])
		}
	}
}
