package tablefiles

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const whole = parquetMagic + "…" + parquetMagic

// makeLog writes files of a log by their names.
func makeLog(t *testing.T, files map[string]string) string {
	t.Helper()
	table := t.TempDir()
	log := filepath.Join(table, "_delta_log")
	if err := os.MkdirAll(filepath.Join(log, "_staged_commits"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(log, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return table
}

func of(version int64, kind string) string { return fmt.Sprintf("%020d.%s", version, kind) }

func TestCompleteWithout(t *testing.T) {
	entries := func(from, to int64, checkpoints ...int64) map[string]string {
		files := map[string]string{}
		for v := from; v <= to; v++ {
			files[of(v, "json")] = "{}"
		}
		for _, v := range checkpoints {
			files[of(v, "checkpoint.parquet")] = whole
		}
		return files
	}
	for name, tt := range map[string]struct {
		files map[string]string
		want  bool
	}{
		"all entries":              {entries(0, 12, 10), true},
		"the newest version's":     {entries(0, 10, 10), true},
		"an older checkpoint":      {entries(10, 22, 10, 20), true},
		"the only one":             {entries(10, 22, 20), false},
		"entries of before gone":   {entries(20, 22, 10, 20), false},
		"a checkpoint that is cut": {map[string]string{of(0, "json"): "{}", of(1, "json"): "{}", of(1, "checkpoint.parquet"): parquetMagic}, true},
	} {
		t.Run(name, func(t *testing.T) {
			log, err := ReadLog(makeLog(t, tt.files))
			if err != nil {
				t.Fatal(err)
			}
			torn := int64(20)
			if n := len(log.Checkpoints); n > 0 {
				torn = log.Checkpoints[n-1].Version
			}
			if got := log.CompleteWithout(torn); got != tt.want {
				t.Errorf("complete without %d: %v", torn, got)
			}
		})
	}
}

func TestReadLog(t *testing.T) {
	table := makeLog(t, map[string]string{
		of(8, "json"): "{}", of(9, "json"): "{}", of(10, "json"): "{}", of(11, "json"): "{}", of(13, "json"): "{}",
		of(8, "crc"): "{}", "." + of(8, "json.crc"): "", "." + of(8, "json.0f.tmp"): "",
		of(8, "checkpoint.parquet"): whole, of(9, "checkpoint.parquet"): parquetMagic + "cut",
		of(10, "checkpoint.0000000001.0000000002.parquet"): whole, of(10, "checkpoint.0000000002.0000000002.parquet"): whole,
		of(11, "checkpoint.0000000001.0000000002.parquet"): whole, of(12, "checkpoint.80a083e8-7026.parquet"): whole,
		of(8, "00000000000000000010.compacted.json"): "{}", "_last_checkpoint": "{}", "8.json": "", "-0000000000000000008.json": "",
	})
	log, err := ReadLog(table)
	if err != nil {
		t.Fatal(err)
	}
	var checkpoints []int64
	for _, c := range log.Checkpoints {
		checkpoints = append(checkpoints, c.Version)
	}
	if diff := cmp.Diff([]int64{8, 10}, checkpoints); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{8, 9, 10, 11, 13}, log.Commits); diff != "" {
		t.Error(diff)
	}
	for from, gap := range map[int64]int64{8: 12, 12: 12, 13: 0, 14: 14} {
		if got, found := log.Gap(from); found != (gap > 0) || found && got != gap {
			t.Errorf("from %d: %d, %v", from, got, found)
		}
	}
	if n, err := log.RemoveBelow(10); n != 7 || err != nil {
		t.Errorf("removed %d, %v", n, err)
	}
	left, err := os.ReadDir(filepath.Join(table, "_delta_log"))
	if err != nil || len(left) != 12 {
		t.Errorf("left: %v, %v", left, err)
	}
	if n, err := log.RemoveBelow(10); n != 0 || err != nil {
		t.Errorf("removed %d again, %v", n, err)
	}
}

func TestUnread(t *testing.T) {
	added, compacted := `{"add":{"dataChange":true}}`, `{"add":{"dataChange":false}}`
	table := makeLog(t, map[string]string{of(3, "json"): added, of(4, "json"): compacted, of(5, "json"): `{"commitInfo":{}}`, of(6, "json"): added})
	log, err := ReadLog(table)
	if err != nil {
		t.Fatal(err)
	}
	soon := time.Now().Add(time.Hour)
	for _, c := range []struct {
		from    int64
		before  time.Time
		version int64 // 0 for none
	}{{3, soon, 3}, {4, soon, 6}, {7, soon, 0}, {3, time.Now().Add(-time.Hour), 0}} {
		if version, found, err := log.Unread(c.from, c.before); version != c.version || found != (c.version > 0) || err != nil {
			t.Errorf("%+v: got %d, %v, %v", c, version, found, err)
		}
	}
}

func TestPartitions(t *testing.T) {
	table := t.TempDir()
	for name, bytes := range map[string]int{"date=2026-11-25/a.parquet": 9, "date=2026-11-25/b.parquet": 10, "date=2026-11-25/.a.parquet.crc": 1, "c.parquet": 1, "_delta_log/0.checkpoint.parquet": 1} {
		path := filepath.Join(table, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, bytes), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Partitions(table, 10)
	want := []Partition{{Path: ".", Small: 1, Files: []string{"c.parquet"}, Bytes: 1}, {Path: "date=2026-11-25", Small: 1, Files: []string{"a.parquet", "b.parquet"}, Bytes: 19}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if none, err := Partitions(filepath.Join(table, "nowhere"), 10); len(none) != 0 || err != nil {
		t.Errorf("got %v, %v", none, err)
	}
}
