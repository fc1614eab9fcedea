package main

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The comparison must know every key of the configuration that it compares.
func TestDefaultsCoverOurConfiguration(t *testing.T) {
	s, err := defaultSetup()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"spark.sql.codegen.wholeStage=true", "--trigger"} {
		if !slices.Contains(s.args, want) {
			t.Errorf("no %s in %q", want, s.args)
		}
	}
	got := unknownKeys("# a comment\n\nspark.master=local[*]\nspark.sql.new.setting = 1\nspark.sql.codegen.wholeStage=false\n")
	if diff := cmp.Diff([]string{"spark.sql.new.setting"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestOptions(t *testing.T) {
	o, err := parseOptions([]string{"-scenarios", "live,idle", "-warmup", "0"})
	if err != nil || !slices.Equal(o.scenarios, []string{"live", "idle"}) {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range [][]string{{"-scenarios", "lvie"}, {"-backlog", "1500"}, {"-backlog", "0"}, {"-rounds", "0"}, {"-measure", "0"}, {"-publish", "1500"}, {"-publish-live", "0"}, {"extra"}} {
		if _, err := parseOptions(bad); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
}

func TestBacklogEvents(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 5, 0, 0, time.UTC)
	e := newBacklogEvents(3_000_000, now)
	if want := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC); !e.end.Equal(want) {
		t.Errorf("ends at %v, want %v", e.end, want) // the hour of 10:00 is too young
	}
	if got := newBacklogEvents(1000, now.Add(5*time.Minute)).end; !got.Equal(now.Truncate(time.Hour)) {
		t.Errorf("at 10:10 it ends at %v, want 10:00", got)
	}
	m, err := e.message(2_999_999)
	if err != nil {
		t.Fatal(err)
	}
	if !m.Timestamp.Equal(e.end.Add(-time.Millisecond)) || string(m.Key) != "AVAX-USD" {
		t.Errorf("the last event is of %v and %s", m.Timestamp, m.Key)
	}
}

func TestBacklogEventsAreDistinct(t *testing.T) {
	e := newBacklogEvents(20_000, time.Now())
	ids := map[string]bool{}
	for i := range e.count {
		m, err := e.message(i)
		if err != nil {
			t.Fatal(err)
		}
		var value struct {
			ID string `json:"event_id"`
		}
		if err := json.Unmarshal(m.Value, &value); err != nil {
			t.Fatal(err)
		}
		ids[value.ID] = true
	}
	if len(ids) != e.count {
		t.Errorf("%d events have %d ids", e.count, len(ids))
	}
}

// windows must be what counting by hand gives: an event is in every window that contains it.
func TestBacklogWindows(t *testing.T) {
	for _, count := range []int{1000, 59_000, 60_000, 61_000, 600_000, 3_601_000} {
		e := newBacklogEvents(count, time.Date(2026, 11, 24, 10, 5, 0, 0, time.UTC))
		minutes, hours := map[time.Time]bool{}, map[time.Time]bool{}
		for at := e.start; at.Before(e.end); at = at.Add(time.Second) {
			for i := range 5 {
				minutes[at.Truncate(time.Minute).Add(-time.Duration(i)*time.Minute)] = true
			}
			hours[at.Truncate(time.Hour)] = true
		}
		if got, want := e.windows(5*time.Minute, time.Minute), 10*len(minutes); got != want {
			t.Errorf("%d events: %d sliding windows, want %d", count, got, want)
		}
		if got, want := e.windows(time.Hour, time.Hour), 10*len(hours); got != want {
			t.Errorf("%d events: %d hours, want %d", count, got, want)
		}
	}
}

func TestPayloads(t *testing.T) {
	distinct := map[string]bool{}
	for _, p := range newPayloads() {
		if !json.Valid(p) || len(p) < 130 || len(p) > 160 {
			t.Fatalf("%d bytes: %s", len(p), p)
		}
		distinct[string(p)] = true
	}
	if len(distinct) != 100_000 {
		t.Errorf("%d distinct payloads", len(distinct))
	}
}

func TestSteadyRate(t *testing.T) {
	const said = "1300000 records sent, 312000.1 records/sec (44.63 MB/sec), 50.30 ms avg latency.\n" +
		"1000000 steady state records sent, 444444.444444 records/sec (63.58 MB/sec), 24.10 ms avg latency.\n"
	if match := steadyRate.FindStringSubmatch(said); match == nil || match[1] != "444444.444444" {
		t.Errorf("%q", match)
	}
}
