package pipeline

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCommittedOffsets(t *testing.T) {
	checkpoint := t.TempDir()
	if got, err := CommittedOffsets(checkpoint, "t"); got != nil || err != nil {
		t.Errorf("no checkpoint: %v, %v", got, err)
	}
	write := func(batch, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(checkpoint, "offsets"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(checkpoint, "offsets", batch), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("9", "v1\n{}\n{\"t\":{\"0\":5}}")
	write("10", "v1\n{}\n{\"t\":{\"0\":7,\"1\":3}}")
	got, err := CommittedOffsets(checkpoint, "t")
	if diff := cmp.Diff(map[int32]int64{0: 7, 1: 3}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	write("11", "v1")
	if _, err := CommittedOffsets(checkpoint, "t"); err == nil {
		t.Error("a truncated offset log was read")
	}
}
