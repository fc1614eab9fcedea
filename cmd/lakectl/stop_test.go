package main

import (
	"bytes"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
)

// TestStopNoRun has a data dir that a command holds, and a run.json of a run that is long over: its pid is another
// program's by now, which stop must not touch.
func TestStopNoRun(t *testing.T) {
	dir := t.TempDir()
	other := exec.Command("cat")
	stdin, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Process.Kill() })
	if err := (local.RunFile{PID: other.Process.Pid}).Write(dir); err != nil {
		t.Fatal(err)
	}
	lock, err := local.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Unlock() }()

	var stderr bytes.Buffer
	code := run([]string{"stop", "--data-dir", dir}, strings.NewReader(""), io.Discard, &stderr)
	if code != exit.Failed || !strings.Contains(stderr.String(), "which is no run") || !strings.Contains(stderr.String(), "hint: ") {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
	if err := stdin.Close(); err != nil {
		t.Error(err)
	}
	if err := other.Wait(); err != nil {
		t.Errorf("the other program was ended: %v", err)
	}
}
