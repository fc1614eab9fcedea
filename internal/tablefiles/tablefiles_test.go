package tablefiles

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLook(t *testing.T) {
	folder := t.TempDir()
	for name, bytes := range map[string]int{
		"_delta_log/00000000000000000009.json": 3, "_delta_log/00000000000000000010.json": 3,
		"_delta_log/00000000000000000010.checkpoint.parquet": 9, "_delta_log/00000000000000000012.json": 3,
		"_delta_log/.00000000000000000012.json.crc": 3, "_delta_log/_last_checkpoint": 3, "_delta_log/13.json": 1,
		"date=2026-11-25/part-0.snappy.parquet": 100, "date=2026-11-25/part-1.snappy.parquet": 50, "date=2026-11-25/.part-1.snappy.parquet.crc": 8,
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, bytes), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Look(folder)
	if diff := cmp.Diff(Table{Version: 12, Replay: 2, LogFiles: 7, Files: 2, Bytes: 150}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, nothing := range []string{"nowhere", "_delta_log"} {
		if version, err := Version(filepath.Join(folder, nothing)); version != -1 || err != nil {
			t.Errorf("%s: got %d, %v", nothing, version, err)
		}
	}
}

func FuzzLookLog(f *testing.F) {
	f.Add("00000000000000000012.json")
	f.Add("99999999999999999999.json")
	f.Add("-0000000000000000001.json")
	f.Fuzz(func(t *testing.T, name string) {
		folder := t.TempDir()
		if name != filepath.Base(name) || os.WriteFile(filepath.Join(folder, name), nil, 0o600) != nil {
			return
		}
		got, err := lookLog(folder)
		if err != nil || got.Version < -1 || got.Replay < 0 {
			t.Error(fmt.Sprint(got), err)
		}
	})
}
