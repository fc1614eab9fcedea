package checkpoint

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const metadata = `{"id":"1f2e0c9c-5a0f-4a40-9c1c-7f9a5f5f4a11"}`

// whole is a checkpoint with a batch that is planned and not committed.
func whole() map[string]string {
	return map[string]string{
		"metadata":  metadata,
		"offsets/8": ofTopic, "offsets/9": ofTopic, "offsets/10": ofTopic, "offsets/.10.crc": "crc",
		"commits/8": "v1\n{\"nextBatchWatermarkMs\":0}", "commits/9": "v1\n{\"nextBatchWatermarkMs\":0}",
	}
}

func TestLook(t *testing.T) {
	folder := write(t, whole())
	c, err := Look(folder)
	if err != nil {
		t.Fatal(err)
	}
	if c.Committed == nil || c.Files != 7 || c.Bytes == 0 || c.QueryID != "1f2e0c9c-5a0f-4a40-9c1c-7f9a5f5f4a11" {
		t.Errorf("got %+v", c)
	}
	if diff := cmp.Diff([][]int64{{8, 9, 10}, {8, 9}}, [][]int64{c.Offsets, c.Commits}); diff != "" {
		t.Error(diff)
	}
	if c, err := Look(filepath.Join(folder, "nowhere")); err != nil || c.Files != 0 {
		t.Errorf("no folder: %+v, %v", c, err)
	}
}

// Every file that Spark reads at a start is cut at every length, and removed.
func TestCheckFindsEveryCut(t *testing.T) {
	if err := Check(write(t, whole())); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"metadata", "offsets/9", "offsets/10", "commits/9"} {
		text := whole()[file]
		for cut := range len(text) {
			files := whole()
			files[file] = text[:cut]
			var damaged *DamagedError
			if err := Check(write(t, files)); !errors.As(err, &damaged) || damaged.File != file {
				t.Errorf("%s cut at %d: got %v", file, cut, err)
			}
		}
	}
	for _, file := range []string{"metadata", "offsets/9"} {
		files := whole()
		delete(files, file)
		var damaged *DamagedError
		if err := Check(write(t, files)); !errors.As(err, &damaged) || damaged.File != file {
			t.Errorf("%s is gone: got %v", file, err)
		}
	}
}

func TestCheckWithoutACheckpoint(t *testing.T) {
	if err := Check(t.TempDir()); !errors.Is(err, ErrNone) {
		t.Errorf("got %v", err)
	}
	if err := Check(write(t, map[string]string{"metadata": metadata})); err != nil {
		t.Errorf("begun, and nothing planned: got %v", err)
	}
}

func TestSetAside(t *testing.T) {
	folder := write(t, map[string]string{"job/metadata": metadata, "job.json": "{}"})
	at := mustTime(t, "2026-11-25T00:45:12.9Z")
	for _, name := range []string{"job", "job.json", "nothing"} {
		if err := SetAside(filepath.Join(folder, name), at); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "job.20261125T004512Z", "metadata")); err != nil {
		t.Error(err)
	}
	if err := SetAside(filepath.Join(folder, "job"), at); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("twice within a second: %v", err)
	}
}

// What Spark and a disk may leave in these files never makes a reader panic.
func FuzzParse(f *testing.F) {
	for _, text := range []string{ofTable, ofTopic, "v1\n{}\n-", "", "v1\n{}\n{\"t\":{\"-1\":9223372036854775808}}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := parse(text)
		if err != nil {
			return
		}
		version, known, err := b.TableVersion()
		if err == nil && known && version < 0 {
			t.Errorf("version %d", version)
		}
		if offsets, err := b.TopicOffsets("crypto-prices"); err == nil {
			_ = maps.Clone(offsets)
		}
		_ = parseCommit(text)
	})
}
