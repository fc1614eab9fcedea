package producer

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if strings.HasSuffix(name, ".gz") {
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		content = zipped.String()
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func replayAll(t *testing.T, opts ReplayOptions) ([]Message, error) {
	t.Helper()
	replay, err := NewReplay(opts)
	if err != nil {
		return nil, err
	}
	var messages []Message
	err = replay.Run(t.Context(), func(_ context.Context, m Message) error {
		messages = append(messages, m)
		return nil
	})
	return messages, err
}

func TestReplayOfTheRealMonth(t *testing.T) {
	messages, err := replayAll(t, ReplayOptions{File: "data/btc-usd-1m-2022-01.csv.gz"})
	if err != nil || len(messages) != 45_031 {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	last := messages[len(messages)-1]
	const want = `,"pair":"BTC-USD","source":"replay","price":"38544.0","volume_24h":"2908091223.03210000000","quoted_at":"2022-02-01T05:31:00.000Z","collected_at":"2022-02-01T05:31:00.000Z"}`
	if !strings.HasSuffix(string(last.Value), want) || last.Line != 45_032 || string(last.Key) != "BTC-USD" {
		t.Errorf("line %d: %s", last.Line, last.Value)
	}
	ids := map[string]bool{}
	for _, m := range messages {
		ids[string(m.Headers[1].Value)] = true
	}
	if len(ids) != len(messages) {
		t.Errorf("%d event ids", len(ids))
	}
}

func TestReplayPublishesLinesVerbatim(t *testing.T) {
	lines := []string{
		`{"event_id":"1","pair":"BTC-USD","source":"binance","collected_at":"2022-01-01T00:00:00.5Z"}`,
		`{"pair":"ETH-USD"} trailing`,
		``,
		"{\"pair\":\"A\xff-USD\",\"collected_at\":\"2022-01-01T00:00:00Z\"}",
		`{"pair":5,"collected_at":"2022-01-01T00:00:00+02:00"}`,
		`null`,
		"{\"pair\":\"CR-USD\"}\r",
		`{"pair":"BIG-USD","x":"` + strings.Repeat("y", 5<<20) + `"}`,
		`{"pair":"LAST-USD"`,
	}
	messages, err := replayAll(t, ReplayOptions{File: writeFile(t, "a.jsonl.gz", strings.Join(lines, "\n"))})
	if err != nil || len(messages) != len(lines) {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	keys := []string{"BTC-USD", "", "", "", "", "", "CR-USD", "BIG-USD", ""}
	times := map[int]string{0: "2022-01-01T00:00:00.500Z", 3: "2022-01-01T00:00:00.000Z", 4: "2021-12-31T22:00:00.000Z"}
	for i, m := range messages {
		if string(m.Value) != lines[i] || m.Value == nil || string(m.Key) != keys[i] || m.Line != int64(i)+1 {
			t.Errorf("line %d: %.60q, key %q, line %d", i+1, m.Value, m.Key, m.Line)
		}
		if want := times[i]; want == "" != m.Timestamp.IsZero() || want != "" && formatTime(m.Timestamp) != want {
			t.Errorf("line %d: timestamp %v", i+1, m.Timestamp)
		}
		if h := m.Headers[len(m.Headers)-1]; h.Key != "content-type" || (len(m.Headers) == 6) != (i == 0) {
			t.Errorf("line %d: headers %v", i+1, m.Headers)
		}
	}
}

func TestReplayErrors(t *testing.T) {
	const header = csvHeader + "\n"
	for name, tc := range map[string]struct {
		file, content, want string
		code, messages      int
	}{
		"header":       {"a.csv", "pair,price\nBTC-USD,1\n", "a.csv:1: the header is", 1, 0},
		"empty":        {"a.csv", "", "is empty", 1, 0},
		"short row":    {"a.csv", header + "A-B,2022-01-01T00:00:00Z,1,\n\nA-B,1\n", "a.csv:4:", 1, 1},
		"no time":      {"a.csv", header + "A-B,yesterday,1,2\n", `a.csv:2: collected_at "yesterday"`, 1, 0},
		"not UTF-8":    {"a.csv", header + "A\xff,2022-01-01T00:00:00Z,1,2\n", "a.csv:2: making the event", 1, 0},
		"bad quote":    {"a.csv", header + "A,\"x\"y,1,2\n", "a.csv:2:", 1, 0},
		"not gzip":     {"b.csv", "", "unpacking", 1, 0},
		"unknown kind": {"a.txt", "x", "neither", 2, 0},
		"missing":      {"", "", "no such file", 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "missing.csv")
			if tc.file != "" {
				path = writeFile(t, tc.file, tc.content)
			}
			if name == "not gzip" {
				if err := os.WriteFile(path+".gz", []byte("plain text"), 0o600); err != nil {
					t.Fatal(err)
				}
				path += ".gz"
			}
			messages, err := replayAll(t, ReplayOptions{File: path})
			var coded interface{ ExitCode() int }
			if err == nil || !strings.Contains(err.Error(), tc.want) || !errors.As(err, &coded) || coded.ExitCode() != tc.code {
				t.Errorf("error: %v", err)
			}
			if len(messages) != tc.messages {
				t.Errorf("%d messages before the error", len(messages))
			}
		})
	}
}

func TestReplayOfACutOffFile(t *testing.T) {
	path := writeFile(t, "a.jsonl.gz", strings.Repeat(`{"pair":"BTC-USD"}`+"\n", 100_000))
	content, _ := os.ReadFile(path)
	if err := os.WriteFile(path, content[:len(content)-20], 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := replayAll(t, ReplayOptions{File: path})
	if err == nil || !strings.Contains(err.Error(), "unexpected EOF") {
		t.Errorf("error: %v", err)
	}
}

func TestReplayKeepsTheGaps(t *testing.T) {
	path := writeFile(t, "a.csv", csvHeader+`
A-B,2022-01-01T00:00:00Z,1,
A-B,2022-01-01T00:01:00Z,1,
A-B,2022-01-01T00:00:30Z,1,
A-B,2022-01-01T01:00:00Z,1,
`)
	for speed, want := range map[float64][]time.Duration{
		1:           {0, time.Minute, time.Minute, time.Hour},
		60:          {0, time.Second, time.Second, time.Minute},
		0:           {0, 0, 0, 0},
		math.Inf(1): {0, 0, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			replay, err := NewReplay(ReplayOptions{File: path, Speed: speed})
			if err != nil {
				t.Fatal(err)
			}
			start, i := time.Now(), 0
			err = replay.Run(t.Context(), func(context.Context, Message) error {
				if got := time.Since(start); got != want[i] {
					t.Errorf("speed %v, message %d: after %v, wanted %v", speed, i, got, want[i])
				}
				i++
				return nil
			})
			if err != nil || i != 4 {
				t.Errorf("%d messages, %v", i, err)
			}
		})
	}
	if _, err := NewReplay(ReplayOptions{File: path, Speed: -1}); err == nil {
		t.Error("a negative speed is taken")
	}
}

func FuzzLineMessage(f *testing.F) {
	for _, seed := range []string{`{"event_id":"1","pair":"BTC-USD","source":"s","collected_at":"2022-01-01T00:00:00Z"}`, "", "null", "[]", "{\"pair\":\"\xff\"}", `{"pair":"\ud800"}`, `{"pair":"a","pair":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m := lineMessage(line)
		if !bytes.Equal(m.Value, line) || !utf8.Valid(m.Key) || m.Key != nil && len(m.Key) == 0 {
			t.Errorf("%q: value %q, key %q", line, m.Value, m.Key)
		}
		if n := len(m.Headers); n != 1 && n != 5 && n != 6 || m.Headers[n-1].Key != "content-type" {
			t.Errorf("%q: headers %v", line, m.Headers)
		}
	})
}

func FuzzReplayCSV(f *testing.F) {
	f.Add("A-B,2022-01-01T00:00:00Z,1,2\n\nA-B,2022-01-01T00:00:00Z,1\n")
	f.Add("\"A\nB\",2022-01-01T00:00:00Z,1,2")
	f.Fuzz(func(t *testing.T, rows string) {
		path := filepath.Join(t.TempDir(), "a.csv")
		if err := os.WriteFile(path, []byte(csvHeader+"\n"+rows), 0o600); err != nil {
			t.Fatal(err)
		}
		messages, _ := replayAll(t, ReplayOptions{File: path})
		line := int64(1)
		for _, m := range messages {
			if m.Line <= line || len(m.Key) == 0 || len(m.Headers) != 6 {
				t.Errorf("after line %d: %+v", line, m)
			}
			line = m.Line
		}
	})
}
