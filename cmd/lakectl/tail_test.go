package main

import (
	"bufio"
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/producer"
)

// TestTail shows what a real Kafka has, and what arrives while it looks.
func TestTail(t *testing.T) {
	k := localtest.Kafka(t)
	kafka := producer.KafkaConfig{Brokers: []string{k.Addr}, Username: k.Username, Password: k.Password, Mechanism: "PLAIN"}
	if _, err := producer.EnsureTopic(t.Context(), kafka, producer.TopicConfig{Name: topic}); err != nil {
		t.Fatal(err)
	}
	publish := func(messages ...producer.Message) {
		t.Helper()
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
	at := time.Date(2026, 11, 23, 18, 50, 1, 456_000_000, time.UTC)
	publish(
		producer.Message{Key: []byte("BTC-USD"), Value: []byte(`{"price":"1"}`), Timestamp: at, Headers: []producer.Header{{Key: "ce_id", Value: []byte("132c")}, {Key: "content-type", Value: []byte("application/json")}}},
		producer.Message{Key: []byte("ETH-USD"), Timestamp: at},
		producer.Message{Value: []byte("\x1b[2J\n\xff\u202e<é>"), Timestamp: at},
	)

	// A lakehouse that runs here, as far as tail can see: a locked data dir with a run.json.
	dir := t.TempDir()
	lock, err := local.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	run := local.RunFile{Kafka: local.KafkaRun{Addr: k.Addr, Username: k.Username, Password: k.Password}}
	if err := run.Write(dir); err != nil {
		t.Fatal(err)
	}

	wantText := strings.Join([]string{
		`PARTITION  OFFSET     TIMESTAMP                 KEY        VALUE  HEADERS`,
		`0          0          2026-11-23T18:50:01.456Z  BTC-USD    {"price":"1"}  ce_id=132c content-type=application/json`,
		`0          1          2026-11-23T18:50:01.456Z  ETH-USD    (tombstone)`,
		`0          2          2026-11-23T18:50:01.456Z  -          \u{1b}[2J\n\xff\u{202e}<é>`, ""}, "\n")
	if diff := cmp.Diff(wantText, must(t, "tail", "--data-dir", dir, "--no-follow")); diff != "" {
		t.Error(diff)
	}
	wantJSON := strings.Join([]string{
		`{"topic":"crypto-prices","partition":0,"offset":1,"timestamp":"2026-11-23T18:50:01.456Z","key":"ETH-USD","headers":[],"value":null}`,
		`{"topic":"crypto-prices","partition":0,"offset":2,"timestamp":"2026-11-23T18:50:01.456Z","key":null,"headers":[],"value":null,"value_base64":"G1sySgr/4oCuPMOpPg=="}`, ""}, "\n")
	if diff := cmp.Diff(wantJSON, must(t, "tail", "--data-dir", dir, "--from", "1", "--limit", "2", "-o", "json")); diff != "" {
		t.Error(diff)
	}
	if got := must(t, "tail", "--data-dir", dir, "--key", "BTC-USD", "--from", "beginning", "--no-follow", "-o", "json"); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"headers":[{"key":"ce_id","value":"132c"},`) {
		t.Errorf("one key: %s", got)
	}

	following := lakectl(t, "tail", "--brokers", k.Addr, "--kafka-username", k.Username, "--from", "2")
	following.Env = append(following.Env, "LAKECTL_KAFKA_PASSWORD="+k.Password)
	var stderr bytes.Buffer
	following.Stderr = &stderr
	out, err := following.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := following.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for _, want := range []string{"PARTITION", "0          2 ", "0          3 "} {
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), want) {
			t.Fatalf("%q instead of %q\n%s", lines.Text(), want, &stderr)
		}
		if strings.Contains(want, "2") {
			publish(producer.Message{Key: []byte("BTC-USD"), Value: []byte("late")})
		}
	}
	if err := following.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if lines.Scan() {
		t.Errorf("one line too many: %s", lines.Text())
	}
	if err := following.Wait(); err != nil || stderr.Len() > 0 {
		t.Errorf("after Ctrl-C: %v\n%s", err, &stderr)
	}
}
