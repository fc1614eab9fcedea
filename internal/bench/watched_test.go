package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPushLatencies(t *testing.T) {
	at := func(seconds float64) time.Time { return time.UnixMilli(int64(seconds * 1000)) }
	commits := []commit{
		{At: at(2), MaxEventTime: at(1).Add(700 * time.Microsecond)},
		{At: at(4), MaxEventTime: at(3)},
	}
	messages := []pushed{
		{at: at(2.2), newest: at(1)},
		{at: at(4.5), newest: at(3)},
		{at: at(9), newest: at(8)}, // of a commit that was not read
	}
	want := []time.Duration{200 * time.Millisecond, 500 * time.Millisecond}
	if diff := cmp.Diff(want, pushLatencies(messages, commits, at(0))); diff != "" {
		t.Error(diff)
	}
	if got := pushLatencies(messages, commits, at(3)); len(got) != 1 {
		t.Errorf("%v of messages after the warm-up", got)
	}
}
