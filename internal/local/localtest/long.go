package localtest

import (
	"os"
	"testing"
)

// IsLong reports whether tests may take minutes.
func IsLong() bool { return os.Getenv("LAKECTL_TEST_LONG") != "" }

// Long skips a test that takes minutes of real servers, but for `make test-long`, which sets LAKECTL_TEST_LONG.
func Long(t testing.TB) {
	t.Helper()
	if !IsLong() {
		t.Skip("takes minutes of real servers: make test-long runs it")
	}
}
