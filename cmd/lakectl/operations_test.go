package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/dlq"
	"github.com/cryptostream/lakectl/internal/doctor"
	"github.com/cryptostream/lakectl/producer"

	"github.com/cryptostream/lakectl/internal/local/localtest"
)

// TestOperations sends dead letters of a running lakehouse again, looks at its health, begins its queries anew and
// expects that nothing is lost and nothing twice. There are two runs, and two short-lived Sparks between them.
func TestOperations(t *testing.T) {
	localtest.Long(t)
	dir := t.TempDir()
	args := []string{"--source", "simulated", "--rate", "20", "--trigger", "500ms", "--reconcile-every", "0"}
	startRun(t, dir, args...)
	t.Run("dead letters", func(t *testing.T) { testDeadLetters(t, dir) })
	t.Run("doctor", func(t *testing.T) { testHealthy(t, dir) })
	t.Run("checkpoints", func(t *testing.T) { testCheckpoints(t, dir) })
	must(t, "stop", "--data-dir", dir)

	for job, from := range map[string]string{"bronze_prices": "current-table", "silver_prices": "earliest"} {
		must(t, "checkpoint", "reset", job, "--from", from, "--yes", "--data-dir", dir)
	}
	startRun(t, dir, args...)
	query := tables(t, dir)
	await(t, "Silver made again", func() bool {
		return query("select count(*) from silver_prices where event_id like 'dlq-%'")[0][0].(int64) > 0 && query("select count(*) > 0 from gold_price_ma_5m")[0][0] == true
	})
	must(t, "reconcile", "--data-dir", dir)
	if r, code := verified(t, dir); code != 0 {
		t.Errorf("after the resets: exit %d, %v", code, offences(r))
	}
	if got := query("select count(*), count(distinct event_id) from silver_prices where event_id like 'dlq-%'"); !cmp.Equal(got, [][]any{{int64(2), int64(2)}}) {
		t.Errorf("rows and ids of what was replayed: %v", got)
	}
	killRun(t, dir)
}

// testDeadLetters publishes one record that a transform mends, one that it mends and that is late, and one that is not
// to be mended.
func testDeadLetters(t *testing.T, dir string) {
	query := tables(t, dir)
	now := time.Now().UTC().Truncate(time.Millisecond)
	comma := func(id string, at time.Time) producer.Message {
		return producer.Message{Key: []byte("BTC-USD"), Timestamp: at, Headers: []producer.Header{{Key: "ce_id", Value: []byte(id)}}, Value: fmt.Appendf(nil,
			`{"event_id":"dlq-%s","pair":"BTC-USD","source":"simulated","price":"64,5","collected_at":%q}`, id, at.Format(time.RFC3339Nano))}
	}
	await(t, "a watermark", func() bool { return query("select count(*) > 100 from silver_prices")[0][0] == true })
	publishTo(t, dir, comma("now", now), comma("late", now.Add(-40*time.Hour)), producer.Message{Key: []byte{0xff}, Timestamp: now, Value: []byte{0xff, 0xfe, 'x'}})
	await(t, "three dead letters", func() bool { return query("select count(*) from dead_letter")[0][0] == int64(3) })

	var counted DeadLetters
	output(t, &counted, "dlq", "ls", "-o", "json", "--data-dir", dir)
	reasons := map[string]int64{}
	for _, r := range counted.Reasons {
		reasons[r.Reason] += r.Records
	}
	if counted.Records != 3 || reasons["bad_price"] != 2 || reasons["bad_encoding"] != 1 {
		t.Errorf("got %+v", counted)
	}
	if shown := must(t, "dlq", "show", "--data-dir", dir); !strings.Contains(shown, "value  hex fffe78") || !strings.Contains(shown, `"price":"64,5"`) {
		t.Error(shown)
	}
	replay := func(args ...string) (r Replay) {
		t.Helper()
		output(t, &r, append([]string{"dlq", "replay", "-o", "json", "--data-dir", dir}, args...)...)
		return r
	}
	if r := replay(); len(r.Sent) != 0 || len(r.Refused) != 3 {
		t.Errorf("as they are: %+v", r)
	}
	mend := []string{"--transform", "replace(value_text, ',5', '.5')"}
	dry := replay(append(mend, "--dry-run")...)
	if len(dry.Sent) != 2 || len(dry.Refused) != 1 || !dry.DryRun {
		t.Errorf("dry: %+v", dry)
	}
	before, err := producer.EndOffsets(t.Context(), kafkaOf(t, dir), topic)
	if err != nil {
		t.Fatal(err)
	}
	r := replay(mend...)
	if diff := cmp.Diff(dry.Sent, r.Sent); diff != "" || r.Reconciled == nil || len(r.Reconciled.Events) != 1 || r.Reconciled.Events[0].Rows != 1 {
		t.Errorf("%s %+v", diff, r)
	}
	if r := replay(mend...); len(r.Sent) != 0 || len(r.Refused) != 1 {
		t.Errorf("once more: %+v", r)
	}
	if got := query("select count(*), count(distinct event_id) from silver_prices where event_id like 'dlq-%'"); !cmp.Equal(got, [][]any{{int64(2), int64(2)}}) {
		t.Errorf("rows and ids: %v", got)
	}
	if got := query("select count(*) from bronze_prices where exists(headers, h -> h.key = 'lakectl-replay-of') and exists(headers, h -> h.key = 'ce_id')"); got[0][0] != int64(2) {
		t.Errorf("replays with their headers: %v", got)
	}
	// A replay that was killed behind the last acknowledgement, with Bronze yet to read it.
	journal, err := dlq.OpenJournal(filepath.Join(t.TempDir(), "journal.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = journal.Close() }()
	unsent := dlq.Coordinate{Topic: topic, Offset: 1 << 40}
	if _, err := journal.Begin(append(r.Sent, append(dry.Sent, unsent)...), before); err != nil {
		t.Fatal(err)
	}
	found, err := settleDoubted(t.Context(), journal, kafkaOf(t, dir))
	if len(found) != 2 || err != nil || journal.Sent(unsent) || !journal.Sent(dry.Sent[0]) || len(journal.Doubted()) != 0 {
		t.Errorf("found %v, %v", found, err)
	}
}

func kafkaOf(t *testing.T, dir string) producer.KafkaConfig {
	t.Helper()
	kafka, err := (&kafkaOptions{}).cluster(dir)
	if err != nil {
		t.Fatal(err)
	}
	return kafka
}

// output runs lakectl and reads the JSON that it prints.
func output(t *testing.T, into any, args ...string) {
	t.Helper()
	if err := json.Unmarshal([]byte(must(t, args...)), into); err != nil {
		t.Fatal(err)
	}
}

// testHealthy expects that nothing is wrong with what runs here; what the machine lacks is not the test's.
func testHealthy(t *testing.T, dir string) {
	findings := (&app{stdout: t.Output(), stderr: t.Output()}).examine(t.Context(), doctorOptions{clock: "http://127.0.0.1:1"}, dir)
	seen := map[string]bool{}
	for _, f := range findings {
		seen[f.Check] = true
		if f.State == doctor.Problem && f.Check != "disk" && f.Check != "memory" {
			t.Errorf("%+v", f)
		}
	}
	for _, check := range []string{"java", "runtime", "broker", "retention", "session", "checkpoint bronze_prices", "table silver_prices", "versions"} {
		if !seen[check] {
			t.Errorf("%s was not looked at: %v", check, seen)
		}
	}
}

func testCheckpoints(t *testing.T, dir string) {
	var all []CheckpointStatus
	output(t, &all, "checkpoint", "ls", "-o", "json", "--data-dir", dir)
	for _, s := range all {
		if s.State != "ok" || s.Lag == nil || s.Fingerprint == nil || !*s.Fingerprint {
			t.Errorf("%+v", s)
		}
	}
	if shown := must(t, "checkpoint", "show", "silver_prices", "--data-dir", dir); !strings.Contains(shown, "batchWatermarkMs: ") || !strings.Contains(shown, "state/0/0: version") {
		t.Error(shown)
	}
}
