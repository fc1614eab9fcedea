package producer

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

func exampleQuote() Quote {
	return Quote{
		Pair: "BTC-USD", Source: "binance", Price: "64231.12", Volume24h: "31234567890.12",
		QuotedAt:    time.Date(2026, 11, 23, 18, 50, 0, 123_999_999, time.UTC),
		CollectedAt: time.Date(2026, 11, 23, 19, 50, 1, 456_000_000, time.FixedZone("CET", 3600)),
	}
}

func TestMessageIsTheContractsEvent(t *testing.T) {
	message, err := exampleQuote().Message()
	if err != nil {
		t.Fatal(err)
	}
	got := string(message.Value) + "\n"
	for _, h := range message.Headers {
		got += h.Key + ": " + string(h.Value) + "\n"
	}
	const golden = "testdata/event.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
	if string(message.Key) != "BTC-USD" || !message.Timestamp.Equal(exampleQuote().CollectedAt) {
		t.Errorf("key %q, timestamp %v", message.Key, message.Timestamp)
	}
}

func TestMessageKeepsNumbersAndText(t *testing.T) {
	for _, price := range []string{"0.000000000000000001", "1e17", "-1", "", "00012.50", "<\"&\\>", "12345678901234567890123456789012345678901234567890123456789.1", "é\u2028\x00"} {
		quote := exampleQuote()
		quote.Price, quote.Volume24h = price, ""
		message, err := quote.Message()
		if err != nil {
			t.Fatal(err)
		}
		var event map[string]any
		if err := json.Unmarshal(message.Value, &event); err != nil {
			t.Fatalf("%s: %v", message.Value, err)
		}
		if event["price"] != price || event["volume_24h"] != nil {
			t.Errorf("%q came back as %s", price, message.Value)
		}
	}
}

func TestMessageRefuses(t *testing.T) {
	for name, change := range map[string]func(*Quote){
		"not UTF-8":    func(q *Quote) { q.Pair = "BTC\xff" },
		"not be empty": func(q *Quote) { q.Source = "" },
		"year 12000":   func(q *Quote) { q.CollectedAt = time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		quote := exampleQuote()
		change(&quote)
		if _, err := quote.Message(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEventIDVectors pins the hash: ids in existing tables depend on it. The wanted values are
// printf '7:binance,7:BTC-USD,24:2026-11-23T18:50:00.123Z,8:64231.12,' | sha256sum | cut -c1-32
func TestEventIDVectors(t *testing.T) {
	quote := exampleQuote()
	if got, want := quote.EventID(), "132c2df90682e956060b2441ff1102d5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	same := quote
	same.CollectedAt, same.Volume24h = time.Now(), "1"
	same.QuotedAt = quote.QuotedAt.Add(-time.Nanosecond).In(time.FixedZone("", -7200))
	if same.EventID() != quote.EventID() {
		t.Error("collected_at, volume, time zone or what is below a millisecond changes the id")
	}
	shifted := quote
	shifted.Source, shifted.Pair = "binance,7:B", "TC-USD"
	if shifted.EventID() == quote.EventID() {
		t.Error("the fields' borders don't count")
	}
}

func TestKafkaTimestamp(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct{ given, want time.Time }{
		{time.Time{}, now},
		{time.Unix(-1, 0), now},
		{now.Add(time.Second), now},
		{time.Unix(0, 0), time.Unix(0, 0)},
		{now.Add(-time.Hour), now.Add(-time.Hour)},
	} {
		if got := kafkaTimestamp(tc.given, now); !got.Equal(tc.want) {
			t.Errorf("%v: got %v", tc.given, got)
		}
	}
}
