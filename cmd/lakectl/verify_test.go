package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/reconcile"
	"github.com/cryptostream/lakectl/internal/verify"
	"github.com/cryptostream/lakectl/producer"
)

// TestVerify looks at a lakehouse under load, lets events come too late and brings them in while it runs, and then
// tampers with its tables. There is one run, and one Spark after it.
func TestVerify(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a real Kafka and Spark")
	}
	dir := t.TempDir()
	startRun(t, dir, "--source", "simulated", "--rate", "20", "--trigger", "500ms", "--reconcile-every", "0")
	query := tables(t, dir)
	publishTie(t, dir)
	await(t, "a closed window", func() bool { return query("select count(*) > 0 from gold_price_ma_5m")[0][0] == true })
	if r, code := verified(t, dir); code != 0 || !r.Held || r.Invariants[0].LookedAt[0].N == 0 {
		t.Errorf("beside running queries: exit %d, %+v", code, r)
	}

	t.Run("by hand", func(t *testing.T) { testReconcileByHand(t, dir, query) })
	t.Run("on a schedule", func(t *testing.T) { testReconcileOnSchedule(t, dir, query) })
	must(t, "stop", "--data-dir", dir)
	t.Run("tampered", func(t *testing.T) { testTampered(t, dir) })
}

// testReconcileByHand brings late events in by two commands at once.
func testReconcileByHand(t *testing.T, dir string, query func(string) [][]any) {
	publishLate(t, dir, query, "hand")
	r, code := verified(t, dir)
	if code != 4 || !r.OnlyLate() {
		t.Errorf("before: exit %d, want late ones alone, got %+v", code, r.Invariants)
	}
	if found := offences(r); found["events that are not in silver_prices"] != 2 || found["windows of gold_price_ma_5m that are not what silver_prices gives"] == 0 {
		t.Errorf("before: %v, want two events and the windows of the tick that came too late for them", found)
	}

	first := lakectl(t, "reconcile", "-o", "json", "--data-dir", dir)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	must(t, "reconcile", "-o", "json", "--data-dir", dir)
	if err := first.Wait(); err != nil {
		t.Errorf("one of two at once: %v", err)
	}
	if r, code := verified(t, dir); code != 0 {
		t.Errorf("after: exit %d, %v", code, offences(r))
	}
	var again reconcile.Report
	if err := json.Unmarshal([]byte(must(t, "reconcile", "-o", "json", "--data-dir", dir)), &again); err != nil || !again.Nothing() {
		t.Errorf("once more: %+v, %v", again, err)
	}
	if got := query("select count(*), count(distinct event_id) from silver_prices where event_id like 'hand-%'"); !cmp.Equal(got, [][]any{{int64(4), int64(4)}}) {
		t.Errorf("rows and ids of what was published: %v", got)
	}
}

// testReconcileOnSchedule does what a run does every --reconcile-every.
func testReconcileOnSchedule(t *testing.T, dir string, query func(string) [][]any) {
	run := readRun(t, dir)
	steps := make(notes, 100)
	l := &lakehouse{lakehouseOptions: lakehouseOptions{
		dir: dir, remote: "sc://" + run.Spark.Remote + "/;token=" + run.Spark.Token, log: slog.New(slog.DiscardHandler), steps: steps,
	}}
	if err := l.reconcileArrived(t.Context()); err != nil { // up to here there is nothing to do
		t.Fatal(err)
	}
	if since, err := readReconciled(dir); since.IsZero() || err != nil {
		t.Errorf("how far was reconciled: %v, %v", since, err)
	}
	publishLate(t, dir, query, "scheduled")
	r := l.startReconciling(100 * time.Millisecond)
	if note := <-steps; !strings.HasPrefix(note, "reconcile: 2 late events inserted") {
		t.Errorf("got %q", note)
	}
	r.Stop()
	r.Stop()
	if got, code := verified(t, dir); code != 0 {
		t.Errorf("after: exit %d, %v", code, offences(got))
	}
}

// notes is a reporter that hands on what it is told.
type notes chan string

func (notes) step(string) func(string)          { return func(string) {} }
func (n notes) note(format string, args ...any) { n <- fmt.Sprintf(format, args...) }

// publishLate publishes two events that are too late for Silver, one of them twice, one that is too late for a
// window, and waits until Silver has the one behind them.
func publishLate(t *testing.T, dir string, query func(string) [][]any, name string) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Millisecond)
	event := func(id string, age time.Duration) producer.Message {
		at := now.Add(-age)
		return producer.Message{Key: []byte("BTC-USD"), Timestamp: at, Value: fmt.Appendf(nil,
			`{"event_id":"%s-%s","pair":"BTC-USD","source":"simulated","price":"123.456789012345678901","collected_at":%q}`, name, id, at.Format(time.RFC3339Nano))}
	}
	refused := producer.Message{Key: []byte("BTC-USD"), Timestamp: now, Value: []byte(`{"event_id":"` + name + `"}`)}
	publishTo(t, dir, event("day", 40*time.Hour), event("day", 40*time.Hour), event("yesterday", 25*time.Hour), refused,
		event("minutes", 4*time.Minute), event("now", 0))
	await(t, "the last one in Silver", func() bool {
		return query("select count(*) from silver_prices where event_id = '" + name + "-now'")[0][0] == int64(1)
	})
	// The query may still have to commit the batch.
	offset := query("select max(kafka_offset) from silver_prices where event_id = '" + name + "-now'")[0][0].(int64)
	await(t, "a later one in Silver, and the dead letter", func() bool {
		rows := query(fmt.Sprintf("select (select count(*) from silver_prices where kafka_offset > %d + 100), (select count(*) from dead_letter where offset < %d and offset > %d - 10)", offset, offset, offset))
		return rows[0][0].(int64) > 0 && rows[0][1].(int64) > 0
	})
}

// publishTie publishes two ticks whose average lies in the middle between two decimals.
func publishTie(t *testing.T, dir string) {
	t.Helper()
	at := time.Now().UTC().Truncate(time.Millisecond)
	tick := func(price string) producer.Message {
		return producer.Message{Key: []byte("TIE-USD"), Timestamp: at, Value: fmt.Appendf(nil,
			`{"event_id":"tie-%s","pair":"TIE-USD","source":"simulated","price":%q,"collected_at":%q}`, price, price, at.Format(time.RFC3339Nano))}
	}
	publishTo(t, dir, tick("1"), tick("1.000000000000000001"))
}

func publishTo(t *testing.T, dir string, messages ...producer.Message) {
	t.Helper()
	run := readRun(t, dir)
	kafka := producer.KafkaConfig{Brokers: []string{run.Kafka.Addr}, Username: run.Kafka.Username, Password: run.Kafka.Password, Mechanism: "PLAIN"}
	p, err := producer.NewPublisher(kafka, producer.PublisherOptions{Topic: topic})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		if err := p.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// verified runs lakectl verify and returns its report and exit code.
func verified(t *testing.T, dir string) (r verify.Report, code int) {
	t.Helper()
	out, err := lakectl(t, "verify", "-o", "json", "--data-dir", dir).Output()
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		code = exited.ExitCode()
		if code != 4 || !strings.Contains(string(exited.Stderr), "does not hold") {
			t.Fatalf("verify: %v\n%s", err, exited.Stderr)
		}
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("verify: %v\n%s", err, out)
	}
	return r, code
}

// offences counts what was found, by check.
func offences(r verify.Report) map[string]int64 {
	found := map[string]int64{}
	for _, i := range r.Invariants {
		for _, o := range i.Offences {
			found[o.Check] = o.Count
		}
	}
	return found
}

// testTampered changes the tables by hand, each time other rows, and expects to be told of each.
func testTampered(t *testing.T, dir string) {
	a := &app{stdout: t.Output(), stderr: t.Output()}
	session, end, err := a.openTables(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	v := verifierOn(session, dir, slog.New(slog.DiscardHandler))
	v.Topic, v.Samples = nil, 100
	clean, err := v.Run(t.Context())
	if err != nil || !clean.Held {
		t.Fatalf("before: %v, %v", err, offences(clean))
	}
	last, err := v.Query(t.Context(), "select unix_seconds(max(window_start)), max_by(pair, (window_start, pair)) from gold_price_ma_5m")
	if err != nil {
		t.Fatal(err)
	}
	average := fmt.Sprintf("update gold_price_ma_5m set avg_price = avg_price + 0.000000000000000001 where window_start = timestamp_seconds(%v) and pair = '%v'", last.Values[0]...)
	for _, statement := range append(tampering, average) {
		if err := session.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	r, err := v.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{
		"doubled offsets": 1, "gaps in offsets": 1, "missing at the ends": 1,
		"events that are twice in silver_prices": 1, "events that are not in silver_prices": 1,
		"rows of silver_prices that their Bronze record does not give": 4, // two without a record, one changed, one moved
		"dead letters that are in silver_prices too":                   1,
		"dead letters that are twice in dead_letter":                   1,
		"dead letters that the checks do not refuse":                   1,
		"windows that are twice in gold_price_ma_5m":                   1,
	}
	found := offences(r)
	for _, check := range slices.Sorted(maps.Keys(want)) {
		if found[check] != want[check] {
			t.Errorf("%s: %d found, want %d", check, found[check], want[check])
		}
	}
	for _, i := range r.Invariants {
		for _, o := range i.Offences {
			if o.Late != 0 || o.Why == "" || o.Remedy == "" || len(o.Samples) == 0 {
				t.Errorf("%+v", o)
			}
			if o.Check == "windows of gold_price_ma_5m that are not what silver_prices gives" {
				expectWrongAverages(t, o, last.Values[0][1], "TIE-USD")
			}
		}
	}
	var unheld []string
	for _, i := range r.Invariants {
		if !i.Held {
			unheld = append(unheld, i.ID)
		}
	}
	if diff := cmp.Diff([]string{"I1", "I2", "I3"}, unheld); diff != "" {
		t.Error(diff)
	}
}

// expectWrongAverages expects of each pair a window of which nothing but the average is wrong.
func expectWrongAverages(t *testing.T, o verify.Offence, pairs ...any) {
	t.Helper()
	for _, pair := range pairs {
		if !slices.ContainsFunc(o.Samples, func(s map[string]any) bool { return s["pair"] == pair && s["what"] == "avg_price" }) {
			t.Errorf("no window of %v whose average alone is wrong: %v", pair, o.Samples)
		}
	}
}

// tampering is what somebody might do to the tables.
var tampering = []string{
	"insert into bronze_prices select * from bronze_prices where offset = 20",
	"delete from bronze_prices where offset = 30", // a gap, and a row of Silver without a record
	"delete from bronze_prices where offset = 0",  // the same at the end
	"delete from silver_prices where kafka_offset = 40",
	"insert into silver_prices select * from silver_prices where kafka_offset = 50",
	"update silver_prices set price = price + 0.000000000000000001 where kafka_offset = 60",
	"update silver_prices set kafka_offset = 71 where kafka_offset = 70",
	"insert into dead_letter select topic, partition, offset, kafka_timestamp, key, value, 'text', array('bad_price'), ingested_at, ingest_date from bronze_prices where offset = 80",
	"insert into dead_letter select * from dead_letter order by offset limit 1",
	"update gold_price_ma_5m set avg_price = 1 where pair = 'TIE-USD'", // not HALF_UP
	"insert into gold_price_ma_5m select * from gold_price_ma_5m order by window_start, pair limit 1",
}
