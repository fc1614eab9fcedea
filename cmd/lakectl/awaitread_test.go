package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestNothingBetween has a log of an append, a compaction and another append.
func TestNothingBetween(t *testing.T) {
	table := t.TempDir()
	for version, change := range []bool{true, true, false, true, false} {
		file := filepath.Join(table, "_delta_log", fmt.Sprintf("%020d.json", version))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, fmt.Appendf(nil, `{"add":{"path":"f","dataChange":%v}}`, change), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		after, upTo int64
		want        bool
	}{{0, 1, false}, {1, 2, true}, {1, 3, false}, {2, 3, false}, {3, 4, true}} {
		if got, err := nothingBetween(table, test.after, test.upTo); got != test.want || err != nil {
			t.Errorf("after %d, up to %d: %v, %v", test.after, test.upTo, got, err)
		}
	}
}
