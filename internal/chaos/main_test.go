package chaos_test

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// The long form of every test, and the seed of what it does. A seed repeats which fault comes when and what is hit, not
// how the processes meet it.
const (
	longVariable = "LAKECTL_CHAOS"
	seedVariable = "LAKECTL_CHAOS_SEED"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(filepath.Dir(built))
	}
	os.Exit(code)
}

var built string // where program has put lakectl

// program builds lakectl, with the race detector, once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "lakectl-chaos-")
	if err != nil {
		return "", err
	}
	built = filepath.Join(dir, "lakectl")
	out, err := exec.Command("go", "build", "-race", "-o", built, "github.com/cryptostream/lakectl/cmd/lakectl").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build lakectl: %w\n%s", err, out)
	}
	return built, nil
})

// seed is LAKECTL_CHAOS_SEED, or one from the clock.
var seed = sync.OnceValues(func() (uint64, error) {
	text := os.Getenv(seedVariable)
	if text == "" {
		return uint64(time.Now().UnixNano()), nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", seedVariable, err)
	}
	return n, nil
})

// randomOf is a test's own stream of random numbers, whatever else is run.
func randomOf(t *testing.T) *rand.Rand {
	t.Helper()
	n, err := seed()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("seed %d", n)
	name := fnv.New64a()
	_, _ = name.Write([]byte(t.Name()))
	return rand.New(rand.NewPCG(n, name.Sum64()))
}

// long reports whether the long form is asked for.
func long() bool { return os.Getenv(longVariable) != "" }

// times is how often a fault is made, in the long form and in the short one; 0 skips the test.
func times(t *testing.T, inLong, inShort int) int {
	t.Helper()
	if testing.Short() {
		t.Skip("runs a real Kafka and Spark")
	}
	if long() {
		return inLong
	}
	if inShort == 0 {
		t.Skip("part of make chaos")
	}
	return inShort
}

// report says what came of a fault, unless the test has failed; docs/RELIABILITY.md is written from these lines.
func report(t *testing.T, fault string, tried int, result string, args ...any) {
	t.Helper()
	if t.Failed() {
		return
	}
	t.Logf("CHAOS %s: %d times: %s", fault, tried, fmt.Sprintf(result, args...))
}
