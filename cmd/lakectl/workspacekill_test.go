package main

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

// TestKilledProcess ends a deploy's process with SIGKILL at some of its calls, and a destroy's. What comes
// after is refused because of the lock, then goes on, and makes nothing twice. internal/deploy does the same
// at every call, in one process.
func TestKilledProcess(t *testing.T) {
	for _, call := range []int{18, 44} {
		for _, cut := range []string{fakeworkspace.CutBefore, fakeworkspace.CutAfter} {
			t.Run(fmt.Sprintf("call %d, cut %s", call, cut), func(t *testing.T) {
				w := fakeworkspace.New(fakeworkspace.Options{})
				w.AddUser("Jane.Doe@example.com", "dapi-jane", "admins")
				server := httptest.NewServer(w)
				defer server.Close()
				env := []string{
					asLakectl + "=1", "HOME=" + t.TempDir(), "DATABRICKS_HOST=" + server.URL, "DATABRICKS_TOKEN=dapi-jane", "DATABRICKS_AUTH_TYPE=pat",
					"LAKECTL_KAFKA_BROKERS=kafka.example.com:9092", "LAKECTL_KAFKA_USERNAME=u", "LAKECTL_KAFKA_PASSWORD=p",
				}
				for i, args := range [][]string{{"deploy", "--target", "dev"}, {"destroy", "--target", "dev", "--data", "--auto-approve"}} {
					w.Forget()
					killed := lakectlProcess(env, args)
					started := make(chan *os.Process, 1)
					process := sync.OnceValue(func() *os.Process { return <-started })
					// A destroy has fewer calls.
					w.KillAt(call>>i, cut, func() { _ = process().Kill() })
					if err := killed.Start(); err != nil {
						t.Fatal(err)
					}
					started <- killed.Process
					if err := killed.Wait(); err == nil {
						t.Fatalf("%v was not killed", args)
					}
					w.Heal()
					goOn(t, env, args)
				}
				if left := len(w.Jobs()) + len(w.Warehouses()) + len(w.Schemas()) + len(w.Files()); left > 0 {
					t.Errorf("left: %v %v %v %v", w.Jobs(), w.Warehouses(), w.Schemas(), w.Files())
				}
			})
		}
	}
}

// goOn runs what was killed, with the lock's id where that is asked for, and a deploy once more.
func goOn(t *testing.T, env, args []string) {
	t.Helper()
	again := lakectlProcess(env, args)
	var stderr bytes.Buffer
	again.Stderr = &stderr
	if err := again.Run(); err != nil {
		id := regexp.MustCompile(`--force-unlock (\S+)`).FindStringSubmatch(stderr.String())
		if again.ProcessState.ExitCode() != exit.Refused || id == nil {
			t.Fatalf("%v: %v: %s", args, err, stderr.String())
		}
		if out, err := lakectlProcess(env, append(args, "--force-unlock", id[1])).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	last := lakectlProcess(env, args)
	out, err := last.Output()
	if err != nil || strings.TrimSpace(string(out)) != "nothing to do" {
		t.Errorf("%v once more: %v: %s", args, err, out)
	}
}

func lakectlProcess(env, args []string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = env
	return cmd
}
