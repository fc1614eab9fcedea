package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/local/localtest"
)

// get asks a telemetry server; code 0 is no answer.
func get(t *testing.T, url string) (code int, body string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(text)
}

// url waits for the line that names the telemetry server.
func (p *producerProcess) url() string {
	p.t.Helper()
	_, address, _ := strings.Cut(strings.TrimSpace(p.await("metrics on ")), "metrics on ")
	return strings.TrimSuffix(address, "/metrics")
}

// awaitProbe waits for an answer with a code and a text.
func awaitProbe(t *testing.T, url string, code int, text string) string {
	t.Helper()
	last := ""
	await(t, fmt.Sprintf("%s to answer %d %s", url, code, text), func() bool {
		got, body := get(t, url)
		last = body
		return got == code && strings.Contains(body, text)
	})
	return last
}

// TestProduceInAnOutage starts without a Kafka, is interrupted, and sends all when Kafka is there.
func TestProduceInAnOutage(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a real Kafka")
	}
	kafka := localtest.SecureKafka(t)
	kafka.Kill()
	dir := t.TempDir()
	args := []string{"produce", "--brokers", kafka.Open, "--source", "simulated", "--rate", "100", "--spool",
		"--data-dir", dir, "--metrics-addr", "127.0.0.1:0", "-o", "json"}
	p := startProducer(t, args...)
	url := p.url()
	awaitProbe(t, url+"/healthz", http.StatusOK, `"ok": true`)
	body := awaitProbe(t, url+"/readyz", http.StatusServiceUnavailable, "no answer from Kafka")
	var answer probe
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.OK || len(answer.Checks) != 3 || answer.Checks[0].OK || !answer.Checks[1].OK || !answer.Checks[2].OK {
		t.Errorf("readyz: %s", body)
	}
	awaitProbe(t, url+"/metrics", http.StatusOK, "lakectl_producer_kafka_up 0")

	other := startProducer(t, append(args[:len(args):len(args)], "--metrics-addr", "off")...)
	if err := other.wait(); other.cmd.ProcessState.ExitCode() != 3 || !strings.Contains(other.all.String(), fmt.Sprintf("in use by process %d", p.cmd.Process.Pid)) {
		t.Errorf("two producers on one spool: %v\n%s", err, &other.all)
	}
	start := time.Now()
	first := p.stop()
	if first.Spooled == 0 || first.Spooled != first.Taken || first.Acked != 0 || time.Since(start) > 10*time.Second {
		t.Errorf("after %s: %+v", time.Since(start), first)
	}
	if text := p.all.String(); strings.Count(text, "kafka does not answer yet") != 1 || !strings.Contains(text, fmt.Sprintf("%d wait in the spool for the next start", first.Spooled)) {
		t.Errorf("stderr:\n%s", text)
	}

	kafka.Start()
	p = startProducer(t, args...)
	url = p.url()
	awaitProbe(t, url+"/readyz", http.StatusOK, `"ok": true`)
	awaitProbe(t, url+"/metrics", http.StatusOK, `lakectl_producer_quotes_total{pair="BTC-USD",source="simulated"}`)
	last := p.stop()
	if last.Spooled != 0 || last.Acked != first.Spooled+last.Taken {
		t.Errorf("first %+v, then %+v", first, last)
	}
	if code, _ := get(t, url+"/healthz"); code != 0 {
		t.Error("the telemetry server is still there")
	}
	records := int64(0)
	for range topicRecords(t, kafka.Open) {
		records++
	}
	if records != last.Acked {
		t.Errorf("%d records, %d acknowledged", records, last.Acked)
	}
}

// TestProduceRefused tries what ends at once.
func TestProduceRefused(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	p := startProducer(t, "produce", "--brokers", "127.0.0.1:1", "--source", "simulated", "--metrics-addr", taken.Addr().String())
	_ = p.wait()
	if text := p.all.String(); p.cmd.ProcessState.ExitCode() != 1 || !strings.Contains(text, "address already in use") || !strings.Contains(text, "hint: end what listens there") {
		t.Errorf("port taken:\n%s", text)
	}
	if testing.Short() {
		return
	}
	kafka := localtest.SecureKafka(t)
	t.Setenv(passwordVariable, "wrong")
	p = startProducer(t, "produce", "--brokers", kafka.SCRAM, "--kafka-username", kafka.Username, "--kafka-mechanism", "SCRAM-SHA-512",
		"--kafka-ca", kafka.CA, "--source", "simulated", "--metrics-addr", "off")
	_ = p.wait()
	if text := p.all.String(); p.cmd.ProcessState.ExitCode() != 1 || !strings.Contains(text, "refused the login") || !strings.Contains(text, "hint: check the Kafka user name and password") {
		t.Errorf("wrong password:\n%s", text)
	}
}

// TestFullSpool fills a small spool while Kafka is away: the producer lives, is not ready and says why.
func TestFullSpool(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	p := startProducer(t, "produce", "--brokers", "127.0.0.1:1", "--source", "simulated", "--rate", "20000", "--spool", "--spool-max", "1048576",
		"--data-dir", dir, "--metrics-addr", "127.0.0.1:0", "-o", "json")
	url := p.url()
	awaitProbe(t, url+"/readyz", http.StatusServiceUnavailable, "the spool is full")
	awaitProbe(t, url+"/healthz", http.StatusOK, `"ok": true`)
	awaitProbe(t, url+"/metrics", http.StatusOK, "lakectl_producer_spool_blocked 1")
	status := p.stop()
	if status.Spooled != status.Taken || status.Taken < 1000 {
		t.Errorf("status: %+v", status)
	}
	if text := p.all.String(); strings.Count(text, "the spool is full") != 1 {
		t.Errorf("stderr:\n%s", text)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("data dir: %v, %v", info.Mode(), err)
	}
	p = startProducer(t, "produce", "--brokers", "127.0.0.1:1", "--source", "replay", "--file", "../../producer/data/btc-usd-1m-2022-01.csv.gz", "--data-dir", dir, "--metrics-addr", "off")
	_ = p.wait()
	if text := p.all.String(); p.cmd.ProcessState.ExitCode() != 3 || !strings.Contains(text, "holds simulated prices") {
		t.Errorf("another kind of prices:\n%s", text)
	}
}
