package jobs

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// The tables, their columns and the jobs' times are a contract; these are its words.
func TestDefaultKeepsTheContract(t *testing.T) {
	want := []struct {
		job, source, columns, partitionBy string
		trigger, delay                    time.Duration
		place                             WatermarkOn
	}{
		{"bronze_prices", KafkaView, "topic, partition, offset, kafka_timestamp, key, value, headers, ingested_at, ingest_date", "ingest_date", time.Second, 0, WatermarkNone},
		{"silver_prices", "bronze_prices", "event_id, pair, base, quote, source, price, volume_24h, quoted_at, event_time, kafka_partition, kafka_offset, ingested_at, processed_at, date, year, month, day, hour", "date", time.Second, 24 * time.Hour, WatermarkResult},
		{"dead_letter", "bronze_prices", "topic, partition, offset, kafka_timestamp, key, value, value_text, reasons, quarantined_at, date", "date", 10 * time.Second, 0, WatermarkNone},
		{"gold_price_hourly", "silver_prices", "pair, hour_start, open_price, high_price, low_price, close_price, avg_price, ticks, date", "date", 5 * time.Second, 30 * time.Second, WatermarkSource},
		{"gold_price_ma_5m", "silver_prices", "pair, window_start, window_end, avg_price, min_price, max_price, last_price, ticks, date", "date", 5 * time.Second, 30 * time.Second, WatermarkSource},
	}
	lakehouse := Default()
	if len(lakehouse.Jobs) != len(want) {
		t.Fatalf("got %d jobs", len(lakehouse.Jobs))
	}
	for i, w := range want {
		j := lakehouse.Jobs[i]
		var names []string
		for _, c := range j.Table.Columns {
			names = append(names, c.Name)
			if strings.HasSuffix(c.Name, "price") && c.Type != "DECIMAL(38,18)" {
				t.Errorf("%s.%s is %s", j.Name, c.Name, c.Type)
			}
		}
		if j.Name != w.job || j.Source.View != w.source || strings.Join(names, ", ") != w.columns || strings.Join(j.Sink.PartitionBy, ", ") != w.partitionBy {
			t.Errorf("job %d is %s on %s with %s by %s", i, j.Name, j.Source.View, names, j.Sink.PartitionBy)
		}
		if j.Trigger != w.trigger || j.WatermarkOn() != w.place || j.Watermark != nil && (j.Watermark.Delay != w.delay || j.Watermark.Column != "event_time") {
			t.Errorf("%s: trigger %v, watermark %+v on the %s", j.Name, j.Trigger, j.Watermark, j.WatermarkOn())
		}
		if j.Sink.Table != j.Name || j.Sink.OutputMode != OutputAppend || j.Table.Comment == "" || j.Description == "" {
			t.Errorf("%s: sink %+v", j.Name, j.Sink)
		}
	}
	silver, found := lakehouse.Job("silver_prices")
	if !found || !slices.Equal(silver.Deduplicate, []string{"event_id"}) {
		t.Errorf("silver deduplicates %v", silver.Deduplicate)
	}
	if _, found := lakehouse.Job("none"); found {
		t.Error("found a job that is not there")
	}
}

func TestDefaultHasTheViews(t *testing.T) {
	var names []string
	for _, v := range Default().Views {
		names = append(names, v.Name)
		if v.Comment == "" || v.SQL == "" || len(v.Columns) == 0 {
			t.Errorf("%s is not documented", v.Name)
		}
	}
	if got := strings.Join(names, " "); got != "dim_asset dim_date v_hourly_change v_latest_price v_ohlc_hourly v_price_vs_ma" {
		t.Errorf("got %s", got)
	}
}

// Silver and the dead letters must read and check the same way, and split at the last moment.
func TestDeadLettersAreSilversComplement(t *testing.T) {
	lakehouse := Default()
	silver, _ := lakehouse.Job("silver_prices")
	dead, _ := lakehouse.Job("dead_letter")
	if !slices.Equal(silver.Steps[:2], dead.Steps[:2]) {
		t.Error("they parse or check differently")
	}
	if got := silver.Steps[2].SQL; got != "select * from checked_prices where is_valid" {
		t.Error(got)
	}
	if got := dead.Steps[2].SQL; !strings.HasSuffix(got, "\nfrom checked_prices\nwhere not is_valid") {
		t.Error(got)
	}
	if !slices.Equal(silver.Expectations, dead.Expectations) || dead.Quarantine != "silver_prices" {
		t.Error("the dead letters do not carry silver's expectations")
	}
}

// payloads.jsonl says which reasons a value gets; an integration test holds a real Spark to it.
// Here: the file is sound, has a case for each reason and names no other.
func TestPayloadsCoverEachReason(t *testing.T) {
	f, err := os.Open("testdata/payloads.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	covered, valid := map[string]bool{}, 0
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var p struct {
			Name    string
			Value   *string
			Reasons []string
		}
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil || p.Name == "" {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		if p.Value != nil {
			if _, err := base64.StdEncoding.DecodeString(*p.Value); err != nil {
				t.Errorf("%s: %v", p.Name, err)
			}
		}
		for _, r := range p.Reasons {
			covered[r] = true
		}
		if len(p.Reasons) == 0 {
			valid++
		}
	}
	if err := lines.Err(); err != nil || valid == 0 {
		t.Errorf("%d valid payloads, %v", valid, err)
	}
	silver, _ := Default().Job("silver_prices")
	for _, e := range silver.Expectations {
		if !covered[e.Name] {
			t.Errorf("no payload for %s", e.Name)
		}
		delete(covered, e.Name)
	}
	if len(covered) > 0 {
		t.Errorf("reasons that no check has: %v", covered)
	}
}
