package dlq

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func at(offset int64) Coordinate { return Coordinate{"crypto-prices", 0, offset} }

func open(t *testing.T, path string) *Journal {
	t.Helper()
	j, err := OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	if n, err := CountSent(path); n != 0 || err != nil {
		t.Errorf("no journal: got %d, %v", n, err)
	}
	j := open(t, path)
	first, err := j.Begin([]Coordinate{at(1), at(2)}, map[int32]int64{0: 50})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Settle(first, first.About); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Begin([]Coordinate{at(3), at(4)}, map[int32]int64{0: 52}); err != nil {
		t.Fatal(err)
	}
	// Killed here.
	j = open(t, path)
	if !j.Sent(at(1)) || !j.Sent(at(2)) || j.Sent(at(3)) {
		t.Errorf("got %v", j.sent)
	}
	doubted := j.Doubted()
	if len(doubted) != 1 || doubted[0].Number != 2 || doubted[0].Ends[0] != 52 {
		t.Fatalf("got %+v", doubted)
	}
	if err := j.Settle(doubted[0], []Coordinate{at(3)}); err != nil {
		t.Fatal(err)
	}
	j = open(t, path)
	if !j.Sent(at(3)) || j.Sent(at(4)) || len(j.Doubted()) != 0 || j.next != 3 {
		t.Errorf("got %+v", j)
	}
	if n, err := CountSent(path); n != 3 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}

// Cut at any byte, a journal never forgets what was settled before, and never calls sent what was not; and what comes
// behind the cut is read.
func TestJournalCutAnywhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	j := open(t, path)
	for _, offsets := range [][]Coordinate{{at(1)}, {at(2), at(3)}} {
		b, err := j.Begin(offsets, map[int32]int64{0: 9})
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Settle(b, offsets); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for cut := range len(whole) + 1 {
		path := filepath.Join(t.TempDir(), "cut.jsonl")
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		j := open(t, path)
		settled := cut >= len(lines[0])+len(lines[1])-1 // the last byte is the newline
		begun := cut >= len(lines[0])-1
		if j.Sent(at(1)) != settled || !settled && begun != (len(j.Doubted()) == 1) {
			t.Fatalf("cut at %d: sent %v, doubted %v", cut, j.sent, j.Doubted())
		}
		b, err := j.Begin([]Coordinate{at(7)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Settle(b, b.About); err != nil {
			t.Fatal(err)
		}
		if again := open(t, path); !again.Sent(at(7)) || again.Sent(at(1)) != settled {
			t.Fatalf("cut at %d, and written on: %v", cut, again.sent)
		}
	}
}

func FuzzTake(f *testing.F) {
	f.Add([]byte(`{"batch":1,"at":"2026-11-25T00:00:00Z","ends":{"0":5},"about":["t/0/1"]}`))
	f.Add([]byte(`{"batch":1,"sent":["t/0/1"]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		j := &Journal{sent: map[Coordinate]bool{}, next: 1}
		j.take(text)
		if len(j.sent) > 0 && len(j.doubted) > 0 {
			t.Errorf("got %+v", j)
		}
	})
}

func FuzzParseCoordinate(f *testing.F) {
	f.Add("crypto-prices/0/8746")
	f.Add("a/b/c/1")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCoordinate(text)
		if err != nil {
			return
		}
		again, err := ParseCoordinate(c.String())
		if diff := cmp.Diff(c, again); diff != "" || err != nil {
			t.Errorf("%q: %s %v", text, diff, err)
		}
	})
}
