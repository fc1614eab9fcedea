package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/cryptostream/lakectl/internal/local"
)

const pysparkRequirements = "testdata/notebooks/requirements.txt"

// pyspark returns a Python that has PySpark's Connect client: an environment in the user's cache, made by the
// first test that needs it, one for each version of the requirements.
func pyspark(t *testing.T) string {
	t.Helper()
	requirements, err := os.ReadFile(pysparkRequirements)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(requirements)
	dir := filepath.Join(filepath.Dir(local.DefaultCacheDir()), "pyspark", hex.EncodeToString(sum[:8]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	lock := flock.New(dir + ".lock")
	if _, err := lock.TryLockContext(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Unlock() }()
	python, complete := filepath.Join(dir, "bin", "python"), filepath.Join(dir, "complete")
	if _, err := os.Stat(complete); err == nil {
		return python
	}
	for _, command := range [][]string{
		{"python3", "-m", "venv", "--clear", dir},
		{python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", pysparkRequirements},
	} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	if err := os.WriteFile(complete, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return python
}

// notebooks runs the committed notebooks on the servers of a run.
type notebooks struct {
	python string
	env    []string
	kafka  []string // widgets that say where Kafka is
}

func newNotebooks(t *testing.T, dir string) notebooks {
	t.Helper()
	run := readRun(t, dir)
	return notebooks{
		python: pyspark(t),
		env: append(os.Environ(),
			"CONNECT_REMOTE=sc://localhost:"+run.Spark.Remote[strings.LastIndex(run.Spark.Remote, ":")+1:]+"/;token="+run.Spark.Token,
			"KAFKA_USERNAME="+run.Kafka.Username, "KAFKA_PASSWORD="+run.Kafka.Password),
		kafka: []string{"brokers=" + run.Kafka.Addr, "topic=" + run.Kafka.Topic, "kafka_security_protocol=SASL_PLAINTEXT", "kafka_mechanism=PLAIN"},
	}
}

// notebook is one that runs.
type runningNotebook struct {
	*exec.Cmd
	output lockedBuffer
}

// lockedBuffer may be read while it is written.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// place is the widgets that say where a notebook's tables and checkpoints are.
func place(schema, checkpoints string) []string {
	return []string{"catalog=spark_catalog", "schema=" + schema, "checkpoint_root=" + checkpoints}
}

// start starts a notebook with values of its widgets.
func (n notebooks) start(t *testing.T, name string, widgets ...string) *runningNotebook {
	t.Helper()
	r := &runningNotebook{}
	r.Cmd = exec.Command(n.python, append([]string{"testdata/notebooks/run.py", "../../notebooks/" + name}, widgets...)...)
	r.Env, r.Stdout, r.Stderr = n.env, &r.output, &r.output
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Process.Kill() })
	return r
}

// run runs a notebook to its end.
func (n notebooks) run(t *testing.T, name string, widgets ...string) {
	t.Helper()
	begin, r := time.Now(), n.start(t, name, widgets...)
	if err := r.Wait(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, &r.output)
	}
	t.Logf("%s: %s", name, time.Since(begin).Round(100*time.Millisecond))
}
