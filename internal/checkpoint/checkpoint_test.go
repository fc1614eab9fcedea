package checkpoint

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The files are as Spark 4.0.1 wrote them; the configuration is cut.
const (
	ofTable = `v1
{"batchWatermarkMs":1795564266786,"batchTimestampMs":1795564305162,"conf":{"spark.sql.shuffle.partitions":"1"}}
{"sourceVersion":1,"reservoirId":"6699e56d-f925-417d-986e-8c7a7cab5c38","reservoirVersion":238,"index":-1,"isStartingVersion":false}`
	ofTopic = `v1
{"batchWatermarkMs":0,"batchTimestampMs":1795564305036,"conf":{}}
{"crypto-prices":{"1":7,"0":8746}}`
)

// write makes a checkpoint of files, by their paths.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestCommitted(t *testing.T) {
	b, err := Committed(write(t, map[string]string{
		"offsets/9": "v1\nold", "commits/9": "v1\n{}", "offsets/10": ofTable, "commits/10": "v1\n{}", "commits/.10.crc": "",
		"offsets/11": "v1\nplanned, and not committed",
	}))
	if err != nil || b.ID != 10 || b.WatermarkMs != 1795564266786 {
		t.Errorf("got %+v, %v", b, err)
	}
	if version, known, err := b.TableVersion(); version != 237 || !known || err != nil {
		t.Errorf("got version %d, %v, %v", version, known, err)
	}
}

func TestCommittedTopic(t *testing.T) {
	folder := write(t, map[string]string{"offsets/0": ofTopic, "commits/0": "v1\n{}", "sources/0/0": "\x00v1\n" + `{"crypto-prices":{"0":5}}`})
	b, err := Committed(folder)
	if err != nil {
		t.Fatal(err)
	}
	offsets, err := b.TopicOffsets("crypto-prices")
	if diff := cmp.Diff(map[int32]int64{0: 8746, 1: 7}, offsets); diff != "" || err != nil {
		t.Error(diff, err)
	}
	first, err := FirstTopicOffsets(folder, "crypto-prices")
	if diff := cmp.Diff(map[int32]int64{0: 5}, first); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, _, err := b.TableVersion(); err == nil {
		t.Error("a topic's offsets were taken for a table's")
	}
}

func TestNothingCommitted(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"no checkpoint": {}, "planned only": {"offsets/0": ofTable}, "other files only": {"commits/.0.crc": ""},
	} {
		if _, err := Committed(write(t, files)); !errors.Is(err, ErrNone) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if first, err := FirstTopicOffsets(t.TempDir(), "crypto-prices"); first != nil || err != nil {
		t.Errorf("got %v, %v", first, err)
	}
}

func TestDamaged(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "cut": ofTable[:60], "another version": strings.Replace(ofTable, "v1", "v2", 1), "no source": ofTable[:strings.LastIndex(ofTable, "\n")],
		"cut in the offset": ofTable[:len(ofTable)-10],
	} {
		if _, err := Committed(write(t, map[string]string{"offsets/0": text, "commits/0": "v1\n{}"})); err == nil || errors.Is(err, ErrNone) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := Committed(write(t, map[string]string{"commits/0": "v1\n{}"})); err == nil {
		t.Error("a batch without offsets was read")
	}
}

func TestPartOfATable(t *testing.T) {
	for source, want := range map[string]int64{
		`{"reservoirVersion":5,"index":3,"isStartingVersion":false}`:  4,  // within version 5
		`{"reservoirVersion":5,"index":3,"isStartingVersion":true}`:   -1, // within the first snapshot
		`{"reservoirVersion":0,"index":-1,"isStartingVersion":false}`: -1,
		`-`: -1,
	} {
		b, err := parse([]byte("v1\n{}\n" + source))
		if err != nil {
			t.Fatal(err)
		}
		version, known, err := b.TableVersion()
		if !known {
			version = -1
		}
		if version != want || err != nil {
			t.Errorf("%s: got %d, %v", source, version, err)
		}
	}
}
