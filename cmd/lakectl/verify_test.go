package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/reconcile"
	"github.com/cryptostream/lakectl/internal/verify"
	"github.com/cryptostream/lakectl/producer"

	"github.com/cryptostream/lakectl/internal/local/localtest"
)

// TestVerify looks at a lakehouse under load, lets events come too late and brings them in while it runs.
func TestVerify(t *testing.T) {
	localtest.Long(t)
	dir := t.TempDir()
	startRun(t, dir, "--source", "simulated", "--rate", "20", "--trigger", "2s", "--reconcile-every", "0")
	query := tables(t, dir)
	await(t, "a closed window", func() bool { return query("select count(*) > 0 from gold_price_ma_5m")[0][0] == true })
	if r, code := verified(t, dir); code != 0 || !r.Held || r.Invariants[0].LookedAt[0].N == 0 {
		t.Errorf("beside running queries: exit %d, %+v", code, r)
	}

	t.Run("by hand", func(t *testing.T) { testReconcileByHand(t, dir, query) })
	t.Run("on a schedule", func(t *testing.T) { testReconcileOnSchedule(t, dir, query) })
	must(t, "stop", "--data-dir", dir)
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
	l := &lakehouse{mending: newOneAtATime(), lakehouseOptions: lakehouseOptions{
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
	await(t, "a reconcile", func() bool { return len(steps) > 0 })
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
