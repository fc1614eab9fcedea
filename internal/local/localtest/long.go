package localtest

import (
	"os"
	"testing"
)

// Long skips a test that takes minutes of real servers, but for `make test-long`, which sets LAKECTL_TEST_LONG.
func Long(t testing.TB) {
	t.Helper()
	if os.Getenv("LAKECTL_TEST_LONG") == "" {
		t.Skip("takes minutes of real servers: make test-long runs it")
	}
}
