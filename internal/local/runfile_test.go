package local

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRunFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := ReadRunFile(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before the first run: %v, want fs.ErrNotExist", err)
	}
	run := RunFile{
		Version: "v1", PID: 7, StartedAt: time.Date(2026, 11, 23, 18, 50, 0, 0, time.UTC), Source: "simulated", SessionID: "s",
		Kafka:   KafkaRun{PID: 8, Addr: "127.0.0.1:9", Username: "u", Password: "p", ClusterID: "c", Topic: "t", TopicID: "i"},
		Spark:   SparkRun{PID: 10, Remote: "127.0.0.1:11", Token: "k"},
		Queries: map[string]string{"bronze_prices": "q"},
	}
	for range 2 { // it replaces, too
		if err := run.Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadRunFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(run, got); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if info, err := os.Stat(RunFilePath(dir)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("left beside it: %v", files)
	}

	if err := os.WriteFile(RunFilePath(dir), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = ReadRunFile(dir)
	wantError(t, err, "run.json")
}
