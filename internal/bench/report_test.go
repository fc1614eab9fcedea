package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPercentile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100 - i)
	}
	for _, c := range []struct {
		values []time.Duration
		p      int
		want   time.Duration
	}{
		{nil, 50, 0},
		{[]time.Duration{7}, 50, 7},
		{[]time.Duration{7}, 100, 7},
		{[]time.Duration{3, 1, 2}, 50, 2},
		{[]time.Duration{4, 1, 3, 2}, 50, 2},
		{hundred, 95, 95},
		{hundred, 100, 100},
	} {
		if got := percentile(c.values, c.p); got != c.want {
			t.Errorf("p%d of %v is %d, want %d", c.p, c.values, got, c.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.254: "0.25", 2: "2", 12.34: "12.3", 153.6: "154", 34000: "34000", 48123.4: "48123"} {
		if got := number(v); got != want {
			t.Errorf("number(%v) is %s, want %s", v, got, want)
		}
	}
}

// sample is a result with a target kept, one missed and one that could not be compared.
func sample() *result {
	r := &result{Settings: map[string]string{"backlog": "1000"}, DefaultsArgs: []string{"--trigger", "1s"}}
	second := []time.Duration{time.Second}
	r.addLive(liveFigures{latencies: second, rss: 4e9}, liveFigures{latencies: []time.Duration{5 * time.Second}, rss: 2e9})
	r.addBacklog(backlogFigures{rows: 1000, bronze: time.Second, silver: time.Second, gold: time.Second, total: time.Second}, nil)
	rates := map[string][]float64{ours.name: {100, 300, 200}, perfTool: {100, 100, 100}, perfToolAsIs: {50, 50, 50}, franzGo: {400, 400, 400}}
	r.addPublish(publishFigures{rates: rates, events: 90, allocs: 5, bytes: 1000, latencies: second})
	return r
}

func TestVerdicts(t *testing.T) {
	r := sample()
	got := map[string][]check{}
	for _, f := range r.Figures {
		if f.Checks != nil && f.Scenario != "publish" {
			got[f.Scenario+": "+f.Name] = f.Checks
		}
	}
	want := map[string][]check{
		"live: event to Silver commit, p50":     {{"≤ 2.50", pass}, {"ratio ≤ 0.25", pass}},
		"live: event to Silver commit, p95":     {{"≤ 4.50", pass}, {"ratio ≤ 0.25", pass}},
		"live: memory of all processes, max":    {{"≤ 3", fail}},
		"backlog: to the last Gold row":         {{"≥ 34000", fail}, {"ratio ≥ 1", notMeasured}},
		"backlog: memory of all processes, max": {{"≤ 7", pass}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bench")
	r := sample()
	r.Failures = []string{"idle: no Java"}
	if err := r.write(dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	var back result
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*r, back); diff != "" {
		t.Error(diff)
	}
	page, err := os.ReadFile(filepath.Join(dir, "result.md"))
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	if err := r.table(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| live | event to Silver commit, p50 | s | 1 | 5 | 0.20 | ≤ 2.50; ratio ≤ 0.25 | pass; pass |",
		"| live | memory of all processes, max | GB | 4 | 2 | 2 | ≤ 3 | FAIL |",
		"| publish | about 150 B, median | messages/s | 200 | 100 (ProducerPerformance, batches of 1 MiB) | 2 | ratio ≥ 1 | pass |",
		"| publish | taken to acknowledged at 20 messages/s, p99 | ms | 1000 | - | - | ≤ 50 | FAIL |",
		"Could not be run: idle: no Java",
		"lakectl run --trigger 1s",
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("result.md lacks %q:\n%s", want, page)
		}
	}
	for _, want := range []string{"FAIL; not measured", "could not be run: idle: no Java"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &table)
		}
	}
}
