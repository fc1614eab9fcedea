package producer

import (
	"strings"
	"testing"
	"time"
)

func TestParseTailStart(t *testing.T) {
	at := time.Date(2026, 11, 23, 18, 50, 0, 500_000_000, time.UTC)
	for text, want := range map[string]TailStart{
		"beginning":                   {},
		"end":                         {kind: fromEnd},
		"0":                           {kind: fromOffset},
		"42":                          {kind: fromOffset, number: 42},
		"-10":                         {kind: fromLast, number: 10},
		"2026-11-23T18:50:00.5Z":      {kind: fromTime, at: at},
		"2026-11-23T19:50:00.5+01:00": {kind: fromTime, at: at},
	} {
		got, err := ParseTailStart(text)
		if err != nil || got.kind != want.kind || got.number != want.number || !got.at.Equal(want.at) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "start", "1.5", "18:50:00", "2026-11-23", "1969-12-31T23:59:59Z", "99999999999999999999"} {
		if _, err := ParseTailStart(text); err == nil || !strings.Contains(err.Error(), "is none of beginning") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
