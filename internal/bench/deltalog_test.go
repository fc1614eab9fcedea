package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const commitText = `{"commitInfo":{"timestamp":1795478400500,"operation":"STREAMING UPDATE"}}
{"txn":{"appId":"a","version":3}}
{"add":{"path":"date=2026-11-24/part-0%20a.parquet","partitionValues":{},"size":1,"dataChange":true,"stats":"{\"numRecords\":20,\"minValues\":{\"event_time\":\"2026-11-23T23:59:58.000Z\"},\"maxValues\":{\"event_time\":\"2026-11-23T23:59:59.250Z\"}}"}}
{"add":{"path":"date=2026-11-24/part-1.parquet","dataChange":true,"stats":"{\"numRecords\":1}"}}
{"add":{"path":"date=2026-11-24/compacted.parquet","dataChange":false,"stats":"{\"numRecords\":500}"}}
{"remove":{"path":"date=2026-11-24/part-9.parquet","dataChange":false}}`

func TestParseCommit(t *testing.T) {
	got, err := parseCommit(strings.NewReader(commitText))
	if err != nil {
		t.Fatal(err)
	}
	want := commit{
		Stamp: time.UnixMilli(1795478400500), Files: []string{"part-0 a.parquet", "part-1.parquet"}, Rows: 21,
		MaxEventTime: time.Date(2026, 11, 23, 23, 59, 59, 250e6, time.UTC),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseCommitRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"half a line": `{"add":{"path"`,
		"no stats":    `{"add":{"path":"a","dataChange":true}}`,
		"no count":    `{"add":{"path":"a","dataChange":true,"stats":"{}"}}`,
	} {
		if _, err := parseCommit(strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzParseCommit(f *testing.F) {
	f.Add(commitText)
	f.Add("\n{}\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCommit(strings.NewReader(text))
		if err == nil && len(c.Files) == 0 && c.Rows != 0 {
			t.Errorf("%d rows in no file", c.Rows)
		}
	})
}

func TestCommitVersion(t *testing.T) {
	for name, want := range map[string]int64{
		"00000000000000000007.json":               7,
		"00000000000000000010.checkpoint.parquet": -1,
		"00000000000000000010.crc":                -1,
		".00000000000000000007.json.tmp":          -1,
		"_last_checkpoint":                        -1,
		"0000000000000000000x.json":               -1,
	} {
		got, ok := commitVersion(name)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%s: version %d, want %d", name, got, want)
		}
	}
}

func TestDeltaLogFollows(t *testing.T) {
	dir := t.TempDir()
	log := openLog(dir, "silver_prices")
	if commits, err := log.read(); err != nil || len(commits) != 0 {
		t.Fatalf("a table that is not there: %v, %v", commits, err)
	}
	if err := os.MkdirAll(log.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	at := time.UnixMilli(1795478400600)
	write := func(name string) {
		path := filepath.Join(log.dir, name)
		if err := os.WriteFile(path, []byte(commitText), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write("00000000000000000001.json")
	write("00000000000000000001.crc")
	if _, err := log.read(); err != nil {
		t.Fatal(err)
	}
	at = at.Add(time.Second)
	write("00000000000000000002.json")
	commits, err := log.read()
	if err != nil || len(commits) != 2 || commits[1].Version != 2 || !commits[1].At.Equal(at) {
		t.Fatalf("after the second commit: %+v, %v", commits, err)
	}
	if when, ok := reached(commits, 22); !ok || !when.Equal(at) {
		t.Errorf("22 rows at %v, %v; want %v", when, ok, at)
	}
	if _, ok := reached(commits, 43); ok {
		t.Error("43 rows are reached with 42")
	}
	if got := added(commits, at.Add(-time.Second), at); got != 21 {
		t.Errorf("%d rows added in the first second, want 21", got)
	}
}

func TestClockError(t *testing.T) {
	stamp := time.UnixMilli(1795478400500)
	for delay, bad := range map[time.Duration]bool{
		-time.Second: true, -10 * time.Millisecond: false, time.Second: false, time.Hour: true,
	} {
		if err := clockError([]commit{{At: stamp.Add(delay), Stamp: stamp}, {At: stamp}}); (err != nil) != bad {
			t.Errorf("file %v after its commit: %v", delay, err)
		}
	}
}

func TestLatenciesOf(t *testing.T) {
	at := time.UnixMilli(1795478400500)
	commits := []commit{{At: at, Files: []string{"a", "b"}}, {At: at.Add(time.Second), Files: []string{"c"}}}
	got, err := latenciesOf([]silverRow{{"c", at}, {"a", at.Add(-2 * time.Second)}}, commits)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]time.Duration{time.Second, 2 * time.Second}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := latenciesOf([]silverRow{{"moved", at}}, commits); err == nil {
		t.Error("a file of no commit is no error")
	}
	if _, err := latenciesOf(nil, commits); err == nil {
		t.Error("no rows is no error")
	}
}
