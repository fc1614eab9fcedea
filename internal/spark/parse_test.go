package spark

import (
	"encoding/json"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

func TestNewErrorSplitsSparkText(t *testing.T) {
	for _, c := range []struct{ text, class, message, state string }{
		{"[A.B] it broke. SQLSTATE: 42000\nmore", "A.B", "it broke.\nmore", "42000"},
		{"\n[A] it broke", "A", "it broke", ""},
		{"org.apache.spark.SparkException: [A] x", "A", "x", ""},
		{"no class at all", "", "no class at all", ""},
		{"", "", "", ""},
	} {
		e := newError(codes.Internal, "", "", c.text)
		if e.Class != c.class || e.Message != c.message || e.SQLState != c.state {
			t.Errorf("%q: got %#v", c.text, e)
		}
	}
}

func TestQueryFailureNamesTheRootCause(t *testing.T) {
	text := "[STREAM_FAILED] Query [id = x] terminated with exception: [TASK_WRITE_FAILED] Task failed. SQLSTATE: XX000\n=== Streaming Query ===\nplan"
	if e := queryFailure("STREAM_FAILED", text, "a\nCaused by: org.apache.spark.SparkArithmeticException: [DIVIDE_BY_ZERO] Division. SQLSTATE: 22012\n\tat b"); e.Class != "DIVIDE_BY_ZERO" || e.Message != "Division." {
		t.Errorf("with a stack: %#v", e)
	}
	if e := queryFailure("STREAM_FAILED", text, ""); e.Class != "TASK_WRITE_FAILED" || e.Message != "Task failed." {
		t.Errorf("without: %#v", e)
	}
	stack := "a\nCaused by: org.apache.spark.sql.kafka010.KafkaIllegalStateException: Some data may have been lost because they are not available in Kafka any more;\n" +
		"either the data was aged out\nReason: Could not read records in offset [5, 7) for topic partition t-0\nwith consumer group g.\n\tat b\nCaused by: org.apache.kafka.OffsetOutOfRangeException: c"
	if e := queryFailure("STREAM_FAILED", text, stack); e.Class != "KAFKA_DATA_LOSS" || e.Message != "Could not read records in offset [5, 7) for topic partition t-0" {
		t.Errorf("data loss: %#v", e)
	}
}

func TestResolveRemote(t *testing.T) {
	got, err := Options{Remote: "sc://example.com:443/;token=t;X-Databricks-Cluster-Id=c;use_ssl=true"}.resolve()
	if err != nil || got.address != "example.com:443" || got.token != "t" || !got.tls || got.headers["x-databricks-cluster-id"] != "c" {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = Options{Remote: "sc://127.0.0.1", Token: "other"}.resolve()
	if err != nil || got.address != "127.0.0.1:15002" || got.tls || got.token != "other" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"", "http://x", "sc://", "sc://x/;token", "sc://x/;session_id=1"} {
		if err := ParseRemote(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestParseProgress(t *testing.T) {
	p, err := parseProgress(`{"id":"i","runId":"r","name":"n","timestamp":"2026-01-01T00:00:00.000Z","batchId":3,
		"durationMs":{"triggerExecution":1500},"eventTime":{"watermark":"1970-01-01T00:00:00.000Z","max":"2026-01-01T00:00:01.000Z"},
		"stateOperators":[{"numRowsTotal":7,"memoryUsedBytes":10,"numRowsDroppedByWatermark":1,"customMetrics":{"numDroppedDuplicateRows":2}}],
		"sources":[{"description":"k","startOffset":null,"endOffset":"{\"t\":{\"0\":5}}","numInputRows":5,"inputRowsPerSecond":2.5,"metrics":{"maxOffsetsBehindLatest":"9"}}],
		"sink":{"numOutputRows":-1}}`)
	if err != nil {
		t.Fatal(err)
	}
	if p.InputRows != 5 || p.Lag() != 9 || p.Duration() != 1500*time.Millisecond || !p.Watermark.IsZero() ||
		p.StateRows != 7 || p.RowsDroppedLate != 1 || p.RowsDroppedDuplicates != 2 || string(p.Sources[0].EndOffset) != `{"t":{"0":5}}` {
		t.Errorf("%+v", p)
	}
}

func FuzzParseProgress(f *testing.F) {
	f.Add(`{"timestamp":"2026-01-01T00:00:00.000Z"}`)
	f.Fuzz(func(_ *testing.T, text string) { _, _ = parseProgress(text) })
}

func TestRowsAsJSON(t *testing.T) {
	at := func(year int) time.Time { return time.Date(year, 12, 31, 10, 0, 0, 0, time.UTC) }
	rows := Rows{Columns: []string{"a", "b"}, Values: [][]any{{at(2026), at(10_000)}, {[]any{at(-1), nil}, Struct{{"at", at(-1)}}}}}
	got, err := json.Marshal(rows)
	want := `[{"a":"2026-12-31T10:00:00Z","b":"10000-12-31T10:00:00Z"},{"a":["-0001-12-31T10:00:00Z",null],"b":{"at":"-0001-12-31T10:00:00Z"}}]`
	if string(got) != want || err != nil {
		t.Errorf("%s, %v\nwant %s", got, err, want)
	}
}

func TestAddress(t *testing.T) {
	for remote, want := range map[string]string{
		"sc://example.com:443/;token=t;use_ssl=true": "example.com:443", "sc://127.0.0.1/;token=t": "127.0.0.1:15002",
		"sc://": "", "": "", "sc://x/;token": "",
	} {
		if got := Address(remote); got != want {
			t.Errorf("%q: %q, want %q", remote, got, want)
		}
	}
}
