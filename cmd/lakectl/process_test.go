package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/local"
)

// lakectl is a command line that runs as a process of its own.
func lakectl(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asLakectl+"=1")
	return cmd
}

// must runs lakectl and returns its stdout.
func must(t *testing.T, args ...string) string {
	t.Helper()
	cmd := lakectl(t, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("lakectl %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return stdout.String()
}

// startRun starts a detached run and kills it when the test ends, if it still runs.
func startRun(t *testing.T, dir string, args ...string) {
	t.Helper()
	must(t, append([]string{"run", "--local", "--detach", "--data-dir", dir}, args...)...)
	t.Cleanup(func() {
		if local.Locked(dir) {
			killRun(t, dir)
		}
	})
}

// killRun kills lakectl with SIGKILL and waits until its servers are gone too.
func killRun(t *testing.T, dir string) {
	t.Helper()
	run := readRun(t, dir)
	if err := syscall.Kill(run.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, "the servers to die with lakectl", func() bool {
		return !local.Locked(dir) && !lives(run.Kafka.PID) && !lives(run.Spark.PID)
	})
}

func lives(pid int) bool { return syscall.Kill(pid, 0) == nil }

func readRun(t *testing.T, dir string) local.RunFile {
	t.Helper()
	run, err := local.ReadRunFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// patience is how long an event may take on a machine that does much else.
const patience = 10 * time.Minute

// await waits for an event that has no channel: it is in another process.
func await(t *testing.T, what string, happened func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience) // in a cleanup too
	defer cancel()
	for !happened() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// tables opens the tables of a data dir for one test: on its Spark if it runs.
func tables(t *testing.T, dir string) func(statement string) [][]any {
	t.Helper()
	a := &app{stdout: os.Stdout, stderr: os.Stderr}
	session, end, err := a.openTables(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	if err := session.Exec(t.Context(), "use "+schema); err != nil {
		t.Fatal(err)
	}
	return func(statement string) [][]any {
		t.Helper()
		rows, err := session.Query(t.Context(), statement)
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		return rows.Values
	}
}

func jsonStatus(t *testing.T, dir string) Status {
	t.Helper()
	var stdout bytes.Buffer
	cmd := lakectl(t, "status", "-o", "json", "--data-dir", dir)
	cmd.Stdout = &stdout
	_ = cmd.Run() // exits 1 where a query is not healthy
	var s Status
	_ = json.Unmarshal(stdout.Bytes(), &s) // none while it starts
	return s
}

// rowsOf returns how many rows a query has read.
func (s Status) rowsOf(query string) int64 {
	for _, q := range s.Queries {
		if q.Name == query {
			return q.Rows
		}
	}
	return 0
}

// awaitRows waits until every query is healthy and Silver has read so many rows in this run.
func awaitRows(t *testing.T, dir string, rows int64) {
	t.Helper()
	await(t, "rows in Silver", func() bool {
		s := jsonStatus(t, dir)
		return s.Healthy && s.rowsOf("silver_prices") >= rows
	})
}

// killServer kills one child of a run; lakectl starts another.
func killServer(t *testing.T, dir, server string) {
	t.Helper()
	pid := func(run local.RunFile) int {
		if server == "spark" {
			return run.Spark.PID
		}
		return run.Kafka.PID
	}
	before := pid(readRun(t, dir))
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, server+" to be started again", func() bool { return pid(readRun(t, dir)) != before })
}
