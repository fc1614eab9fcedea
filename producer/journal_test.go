package producer

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// lines reads a file with a journal: emit gives each line to take until take says no.
func lines(t *testing.T, opts ReplayOptions, take func(*Replay, int64) bool) *Replay {
	t.Helper()
	replay, err := NewReplay(opts)
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	err = replay.Run(t.Context(), func(_ context.Context, m Message) error {
		if !take(replay, m.Line) {
			return stop
		}
		return nil
	})
	if err != nil && !errors.Is(err, stop) {
		t.Fatal(err)
	}
	return replay
}

func ack(t *testing.T, replay *Replay, line int64) {
	t.Helper()
	if err := replay.Ack(line); err != nil {
		t.Fatal(err)
	}
}

func TestJournalGoesOnAfterTheLastContiguousLine(t *testing.T) {
	opts := ReplayOptions{File: writeFile(t, "a.jsonl", strings.Repeat("{}\n", 100)), JournalFile: filepath.Join(t.TempDir(), "journal")}
	replay := lines(t, opts, func(r *Replay, line int64) bool {
		if line != 41 { // never acknowledged
			ack(t, r, line)
		}
		return line < 60
	})
	if err := replay.Close(); err != nil {
		t.Fatal(err)
	}
	var first int64
	lines(t, opts, func(_ *Replay, line int64) bool { first = line; return false })
	if first != 41 {
		t.Errorf("goes on at line %d, wanted 41", first)
	}
	opts.FromStart = true
	lines(t, opts, func(_ *Replay, line int64) bool { first = line; return false })
	if first != 1 {
		t.Errorf("from start: line %d", first)
	}
}

// TestJournalSurvivesCrashes stops at random places without Close, acknowledging in random order. No
// line may be passed over that was not acknowledged, and what is sent again is bounded by a second.
func TestJournalSurvivesCrashes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const total = 500
		opts := ReplayOptions{File: writeFile(t, "a.csv", csvHeader+"\n"+strings.Repeat("A-B,2022-01-01T00:00:00Z,1,\n\n", total)), JournalFile: filepath.Join(t.TempDir(), "journal")}
		random := rand.New(rand.NewPCG(1, 2))
		acked := map[int64]int{}
		for range 200 {
			var flight []int64
			until := int64(random.IntN(150))
			lines(t, opts, func(r *Replay, line int64) bool {
				time.Sleep(time.Duration(random.IntN(200)) * time.Millisecond)
				flight = append(flight, line)
				random.Shuffle(len(flight), func(i, j int) { flight[i], flight[j] = flight[j], flight[i] })
				for len(flight) > 5 {
					acked[flight[0]]++
					ack(t, r, flight[0])
					flight = flight[1:]
				}
				until--
				return until > 0
			})
			done := lines(t, opts, func(*Replay, int64) bool { return false }).journal.done()
			for line := int64(2); line <= done; line += 2 {
				if acked[line] == 0 {
					t.Fatalf("the journal is at line %d, line %d was never acknowledged", done, line)
				}
			}
		}
	})
}

func TestJournalOfAnotherFileIsRefused(t *testing.T) {
	journal := filepath.Join(t.TempDir(), "journal")
	one := writeFile(t, "one.jsonl", "{}\n{}\n")
	replay := lines(t, ReplayOptions{File: one, JournalFile: journal}, func(*Replay, int64) bool { return true })
	if err := replay.Close(); err != nil {
		t.Fatal(err)
	}
	check := func(file, want string) {
		t.Helper()
		_, err := NewReplay(ReplayOptions{File: file, JournalFile: journal})
		var problem *Error
		if !errors.As(err, &problem) || problem.ExitCode() != exitRefused || problem.Hint() == "" || !strings.Contains(err.Error(), want) {
			t.Errorf("error: %v", err)
		}
	}
	check(writeFile(t, "two.jsonl", "{}\n[]\n"), "belongs to another file")
	check(writeFile(t, "two.jsonl", "{}\n{}\n{}\n"), "belongs to another file")
	if err := os.WriteFile(journal, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	check(one, "can't be read")
}
