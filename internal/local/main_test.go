package local

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// parentEnv makes this test binary a lakectl that starts the stack on the data dir it names, says so,
// and waits to be killed.
const parentEnv = "LAKECTL_TEST_PARENT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentEnv); dir != "" {
		beParent(dir)
	}
	// sarama's metrics share one ticker, which is never stopped.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

func beParent(dir string) {
	rt, java, err := testRuntime(context.Background())
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	lock, err := Lock(dir)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	kafka, err := StartKafka(context.Background(), KafkaOptions{Runtime: rt, Java: java, DataDir: dir})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	spark, err := StartSpark(context.Background(), SparkOptions{Runtime: rt, Java: java, DataDir: dir, HeapMB: 512})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("started", kafka.Addr, spark.Remote)
	<-make(chan struct{})
	runtime.KeepAlive(lock)
}

// testRuntime is localtest.Fetch, which this package's own tests cannot import.
func testRuntime(ctx context.Context) (Runtime, Java, error) {
	java, err := FindJava(os.Getenv)
	if err != nil {
		return Runtime{}, Java{}, err
	}
	rt, err := Fetch(ctx, FetchOptions{CacheDir: os.Getenv("LAKECTL_TEST_RUNTIME"), Java: java})
	return rt, java, err
}

// script writes a shell script and returns its path.
func script(t *testing.T, dir, name, body string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// startScript starts a child that runs a shell script.
func startScript(t *testing.T, body string) *Process {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	dir := t.TempDir()
	p, err := start(command{name: "child", path: sh, args: []string{"-c", body, "child-of-" + t.Name()},
		env: jvmEnv(), dir: dir, log: filepath.Join(dir, "logs", "child.log"), pid: filepath.Join(dir, "pid")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.kill(); <-p.Done() })
	return p
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error of several lines: %q", err)
	}
}
