package checkpoint

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func mustTime(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestStartIsKept(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "checkpoints", "bronze_prices")
	if _, noted, err := ReadStart(folder); noted || err != nil {
		t.Fatalf("got %v, %v", noted, err)
	}
	for _, text := range []string{"earliest", "latest", "current-table", "2026-11-23T18:50:00.5Z"} {
		from, err := ParseFrom(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := WriteStart(folder, from, time.Now()); err != nil {
			t.Fatal(err)
		}
		if got, noted, err := ReadStart(folder); got != from || !noted || err != nil || got.String() != text {
			t.Errorf("%s: got %v, %v, %v", text, got, noted, err)
		}
	}
	if err := errors.Join(RemoveStart(folder), RemoveStart(folder)); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(startPath(folder), []byte(`{"from":"somewhere"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadStart(folder); err == nil {
		t.Error("a damaged note was read")
	}
	for _, text := range []string{"", "newest", "2026-11-23", "1969-12-31T00:00:00Z"} {
		if _, err := ParseFrom(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestStartingOffsets(t *testing.T) {
	topic := Topic{
		Oldest: map[int32]int64{0: 100, 1: 0, 2: 0},
		At:     map[int32]int64{0: 150, 1: 50, 2: 7},
		Next:   map[int32]int64{0: 200, 1: 80, 2: 7},
	}
	floor := map[int32]int64{0: 180, 1: 20} // partition 2 was added
	for kind, want := range map[string]map[int32]int64{
		FromTable:    {0: 180, 1: 20, 2: 0},
		FromEarliest: {0: 180, 1: 20, 2: 0},
		FromLatest:   {0: 200, 1: 80, 2: 7},
		FromTime:     {0: 180, 1: 50, 2: 7},
	} {
		got, err := From{Kind: kind}.StartingOffsets(floor, topic)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %s %v", kind, diff, err)
		}
	}
	if got, err := (From{Kind: FromTable}).StartingOffsets(map[int32]int64{0: 50}, topic); got[0] != 100 || err != nil {
		t.Errorf("retention was faster: got %v, %v", got, err)
	}
	for _, floor := range []map[int32]int64{{0: 201}, {3: 1}} {
		if _, err := (From{Kind: FromLatest}).StartingOffsets(floor, topic); !errors.Is(err, ErrAnotherTopic) {
			t.Errorf("%v: got %v", floor, err)
		}
	}
}

// A start is never before what the table has, nor before what the topic has, and never behind its end.
func FuzzStartingOffsets(f *testing.F) {
	f.Add(int64(10), int64(20), int64(15), int64(12), uint8(0))
	f.Fuzz(func(t *testing.T, oldest, next, at, floor int64, kind uint8) {
		if oldest < 0 || next < oldest || at < oldest || at > next || floor < 0 {
			return
		}
		from := From{Kind: []string{FromEarliest, FromLatest, FromTable, FromTime}[kind%4]}
		starts, err := from.StartingOffsets(map[int32]int64{0: floor}, Topic{
			Oldest: map[int32]int64{0: oldest}, At: map[int32]int64{0: at}, Next: map[int32]int64{0: next},
		})
		if floor > next {
			if !errors.Is(err, ErrAnotherTopic) {
				t.Errorf("got %v, %v", starts, err)
			}
			return
		}
		if err != nil || starts[0] < floor || starts[0] < oldest || starts[0] > next {
			t.Errorf("got %v, %v", starts, err)
		}
	})
}
