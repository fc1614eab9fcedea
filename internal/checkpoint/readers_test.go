package checkpoint

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ends(version int, starting bool) string {
	return fmt.Sprintf("v1\n{\"batchWatermarkMs\":0}\n{\"sourceVersion\":1,\"reservoirId\":\"id\",\"reservoirVersion\":%d,\"index\":-1,\"isStartingVersion\":%v}", version, starting)
}

const committedFile = "v1\n{\"nextBatchWatermarkMs\":0}"

func TestReaders(t *testing.T) {
	root := write(t, map[string]string{
		"live/offsets/7": ends(70, false), "live/offsets/8": ends(80, false), "live/offsets/9": ends(90, false), "live/commits/8": committedFile, "live/commits/9": committedFile, "live/metadata": "{}",
		"within/offsets/8": ends(80, false), "within/offsets/9": ends(90, false), "within/commits/8": committedFile,
		"begins/offsets/0": ends(5, true), "begins/commits/0": committedFile,
		"first/offsets/0": ends(6, false), "first/commits/0": committedFile,
		"snapshot/offsets/0": ends(5, true), "snapshot/offsets/1": ends(9, false), "snapshot/commits/1": committedFile,
		"topic/offsets/4": ofTopic, "topic/offsets/5": ofTopic, "topic/commits/5": committedFile,
		"group/of/offsets/1": ends(3, false), "group/of/offsets/2": ends(4, false), "group/of/commits/1": committedFile,
		"new/metadata": "{}", "new/state/x": "", "silver.20261124T000000Z/offsets/0": "cut", "live.json": "{}",
	})
	got, err := Readers(root)
	want := []Reader{
		{Checkpoint: "begins", TableID: "id", Files: 5, Log: 5, Snapshot: true},
		{Checkpoint: "first", TableID: "id", Files: 6, Log: 6, Snapshot: true},
		{Checkpoint: "group/of", TableID: "id", Files: 3, Log: 3},
		{Checkpoint: "live", TableID: "id", Files: 90, Log: 80},
		{Checkpoint: "snapshot", TableID: "id", Files: 9, Log: 5, Snapshot: true},
		{Checkpoint: "within", TableID: "id", Files: 80, Log: 80},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if none, err := Readers(root + "/nowhere"); len(none) != 0 || err != nil {
		t.Errorf("got %v, %v", none, err)
	}
}

// TestReadersOfWhat expects an error where it is not known what a query has still to read.
func TestReadersOfWhat(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"a cut offset":  {"j/offsets/8": ends(1, false)[:30], "j/offsets/9": ends(2, false), "j/commits/9": committedFile},
		"one gone":      {"j/offsets/8": ends(1, false), "j/offsets/9": ends(2, false), "j/commits/7": committedFile},
		"another table": {"j/offsets/8": ends(1, false), "j/offsets/9": strings.Replace(ends(2, false), `"id"`, `"other"`, 1), "j/commits/9": committedFile},
	} {
		if got, err := Readers(write(t, files)); err == nil || !strings.Contains(err.Error(), "/j") {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}
