package producer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// eventSchema returns a check of a message's value.
func eventSchema(t *testing.T) func(value []byte) error {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(EventSchema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("event.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("event.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return func(value []byte) error {
		if !utf8.Valid(value) { // JSON is; the decoder would mend it
			return errors.New("not UTF-8")
		}
		event, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
		if err != nil {
			return err
		}
		return schema.Validate(event)
	}
}

func TestEventsKeepTheSchema(t *testing.T) {
	check := eventSchema(t)
	golden, err := os.ReadFile("testdata/event.golden")
	if err != nil {
		t.Fatal(err)
	}
	event, _, _ := strings.Cut(string(golden), "\n")
	if err := check([]byte(event)); err != nil {
		t.Errorf("the golden event: %v", err)
	}
	quiet := exampleQuote()
	quiet.Volume24h = ""
	m, err := quiet.Message()
	if err != nil {
		t.Fatal(err)
	}
	if err := check(m.Value); err != nil {
		t.Errorf("no volume: %v", err)
	}

	simulated, err := NewSimulated(SimulatedOptions{Rate: 1e6, Seed: 1, Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	replay, err := NewReplay(ReplayOptions{File: "data/btc-usd-1m-2022-01.csv.gz", Speed: 0})
	if err != nil {
		t.Fatal(err)
	}
	defer replay.Close()
	for _, source := range []Source{simulated, replay} {
		const enough = 200
		count := 0
		ctx, cancel := context.WithCancel(t.Context())
		_ = source.Run(ctx, func(_ context.Context, m Message) error {
			if err := check(m.Value); err != nil {
				t.Errorf("%s: %v\n%s", source.Name(), err, m.Value)
			}
			if count++; count == enough {
				cancel()
			}
			return ctx.Err()
		})
		cancel()
		if count < enough {
			t.Errorf("%s gave %d events", source.Name(), count)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	check := eventSchema(t)
	valid, err := exampleQuote().Message()
	if err != nil {
		t.Fatal(err)
	}
	for field, values := range map[string][]any{
		"event_id":     {"", "132C2DF90682E956060B2441FF1102D5", 1},
		"pair":         {"", "BTCUSD", "btc-usd", "BTC-USD\n", "BTC-USD-X", nil},
		"source":       {"", nil},
		"price":        {"", "0", "0.00", "-1", "+1", "1e5", "1.", ".5", "1,5", " 1", "1000000000000", "0.0000000000000000001", 1.5, nil},
		"volume_24h":   {"", "-1", "1e5", "123456789012345678901", 1.5},
		"quoted_at":    {"", "yesterday", "2026-02-30T00:00:00.000Z", 1},
		"collected_at": {"", nil, "2026-11-23", "2026-11-23T18:50:00Z", "2026-11-23T18:50:00.123456Z", "2026-11-23T19:50:00.000+01:00"},
	} {
		for _, value := range values {
			event := map[string]any{}
			if err := json.Unmarshal(valid.Value, &event); err != nil {
				t.Fatal(err)
			}
			event[field] = value
			text, err := json.Marshal(event)
			if err != nil {
				t.Fatal(err)
			}
			if check(text) == nil {
				t.Errorf("%s may be %#v", field, value)
			}
		}
	}
}

// TestSchemaIsNoLaxerThanSilver holds the schema against the payloads that Silver's checks are tested
// with: what it takes, Silver takes, but for the checks of times against the clock.
func TestSchemaIsNoLaxerThanSilver(t *testing.T) {
	check := eventSchema(t)
	file, err := os.Open("../jobs/testdata/payloads.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	taken := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var payload struct {
			Name    string
			Value   []byte
			Reasons []string
		}
		if err := json.Unmarshal(lines.Bytes(), &payload); err != nil {
			t.Fatal(err)
		}
		value := bytes.Replace(payload.Value, []byte(`"e1"`), []byte(`"132c2df90682e956060b2441ff1102d5"`), 1)
		if check(value) != nil {
			continue
		}
		taken++
		payload.Reasons = slices.DeleteFunc(payload.Reasons, func(reason string) bool {
			return reason == "bad_event_time" || reason == "stale_quote"
		})
		if len(payload.Reasons) > 0 {
			t.Errorf("%s: the schema takes what Silver refuses (%v): %s", payload.Name, payload.Reasons, value)
		}
	}
	if taken < 10 {
		t.Errorf("the schema takes %d of the payloads", taken)
	}
}
