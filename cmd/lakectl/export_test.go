package main

import (
	"bytes"
	"testing"

	"github.com/cryptostream/lakectl/internal/exit"
)

// TestExportIsCommitted compares the files in the repository with what the specs give.
func TestExportIsCommitted(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run([]string{"export", "--check", "--out", "../.."}, nil, &stdout, &stderr); code != exit.OK {
		t.Errorf("exit code %d\n%s%s", code, &stdout, &stderr)
	}
}
