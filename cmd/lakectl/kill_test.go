package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/chaos"
	"github.com/cryptostream/lakectl/internal/local/localtest"
)

// How often TestKills kills the producer, each fifth time Kafka too, and the seed of its moments.
const (
	killsVariable = "LAKECTL_KILLS"
	seedVariable  = "LAKECTL_KILLS_SEED"
)

// TestKills kills `lakectl produce` with SIGKILL at random moments, and now and then Kafka, and compares
// what Kafka and Silver have in the end with what the spool had taken: the test reads the spool's files
// itself, after each kill. `make kills` runs the long form.
func TestKills(t *testing.T) {
	kills := setting(t, killsVariable, 5)
	seed := setting(t, seedVariable, time.Now().UnixNano())
	t.Logf("%d kills, seed %d", kills, seed)
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	kafka := localtest.SecureKafka(t)
	dir := t.TempDir()
	args := []string{"produce", "--brokers", kafka.Open, "--source", "simulated", "--rate", "400", "--spool",
		"--data-dir", dir, "--metrics-addr", "off", "-o", "json", "--topic-partitions", "2"}

	taken, kafkaKills := chaos.Spooled{}, int64(0)
	more := func() bool {
		before := len(taken)
		readSpool(t, taken, dir)
		return len(taken) > before
	}
	for n := int64(1); n <= kills; n++ {
		p := startProducer(t, args...)
		p.await("publishing")
		time.Sleep(time.Duration(random.Int64N(int64(2 * time.Second)))) // a random moment is the point
		if n%5 == 2 {
			kafka.Kill()
			kafkaKills++
			time.Sleep(time.Duration(random.Int64N(int64(time.Second))))
			p.kill()
			readSpool(t, taken, dir)
			p = startProducer(t, args...) // without a Kafka
			p.await("publishing")
			await(t, "quotes in the spool", more)
			kafka.Start()
			time.Sleep(time.Duration(random.Int64N(int64(time.Second))))
		}
		p.kill()
		readSpool(t, taken, dir)
	}
	p := startProducer(t, args...)
	p.await("publishing")
	await(t, "the spool to take more", more)
	status := p.stop()
	if status.Spooled != 0 || !status.KafkaUp {
		t.Errorf("at the end: %+v", status)
	}
	readSpool(t, taken, dir)
	doubles, missing := compareWithKafka(t, kafka.Open, taken)
	t.Logf("%d kills of the producer, %d of Kafka: %d quotes taken, %d missing, %d sent twice", kills+kafkaKills, kafkaKills, len(taken), missing, doubles)
	if missing != 0 {
		t.Errorf("%d quotes are missing", missing)
	}
	if most := (kills + kafkaKills + 1) * 1024; doubles > most {
		t.Errorf("%d quotes were sent twice, more than can have been in flight", doubles)
	}
	compareWithSilver(t, kafka.Open, taken)
}

// setting is a number from the environment.
func setting(t *testing.T, variable string, otherwise int64) int64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// compareWithKafka expects every value that was taken, as often or oftener, and nothing else, and those
// of a pair in order.
func compareWithKafka(t *testing.T, address string, taken chaos.Spooled) (doubles, missing int64) {
	t.Helper()
	for n := range uint64(len(taken)) {
		if _, ok := taken[n+1]; !ok {
			t.Fatalf("the spool has %d messages, but not number %d", len(taken), n+1)
		}
	}
	count, last := map[string]int64{}, map[string]string{}
	for _, value := range taken {
		count[value]--
	}
	seen := map[string]bool{}
	for record := range topicRecords(t, address) {
		value := string(record.Value)
		if _, ok := count[value]; !ok {
			t.Fatalf("Kafka has a quote that was never taken: %s", value)
		}
		count[value]++
		if seen[value] {
			continue
		}
		seen[value] = true
		var event struct {
			Pair        string
			CollectedAt string `json:"collected_at"`
		}
		if err := json.Unmarshal(record.Value, &event); err != nil {
			t.Fatalf("%q: %v", record.Value, err)
		}
		if event.CollectedAt < last[event.Pair] {
			t.Errorf("%s: a quote of %s follows one of %s", event.Pair, event.CollectedAt, last[event.Pair])
		}
		last[event.Pair] = event.CollectedAt
	}
	for _, n := range count {
		doubles += max(0, n)
		missing += max(0, -n)
	}
	return doubles, missing
}

// compareWithSilver runs the queries over the topic and expects each event that was taken once in Silver,
// however often it was sent.
func compareWithSilver(t *testing.T, address string, taken chaos.Spooled) {
	t.Helper()
	events := map[string]bool{}
	for _, value := range taken {
		var event struct {
			ID string `json:"event_id"`
		}
		if err := json.Unmarshal([]byte(value), &event); err != nil {
			t.Fatalf("%q: %v", value, err)
		}
		events[event.ID] = true
	}
	dir := t.TempDir()
	startRun(t, dir, "--brokers", address, "--source", noSource)
	must(t, "stop", "--data-dir", dir)
	got := tables(t, dir)(`select count(*), count(distinct event_id), (select count(*) from dead_letter) from silver_prices`)
	if diff := cmp.Diff([][]any{{int64(len(events)), int64(len(events)), int64(0)}}, got); diff != "" {
		t.Errorf("rows and events in Silver, dead letters: %s", diff)
	}
	t.Logf("%d events, each once in Silver", len(events))
}

// topicRecords gives all records of the topic, those of a partition in order.
func topicRecords(t *testing.T, address string) func(func(*sarama.ConsumerMessage) bool) {
	client, err := sarama.NewClient([]string{address}, sarama.NewConfig())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = consumer.Close() })
	partitions, err := client.Partitions(topic)
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(*sarama.ConsumerMessage) bool) {
		for _, partition := range partitions {
			end, err := client.GetOffset(topic, partition, sarama.OffsetNewest)
			if err != nil {
				t.Fatal(err)
			}
			if end == 0 {
				continue
			}
			part, err := consumer.ConsumePartition(topic, partition, sarama.OffsetOldest)
			if err != nil {
				t.Fatal(err)
			}
			for record := range part.Messages() {
				if !yield(record) || record.Offset == end-1 {
					break
				}
			}
			_ = part.Close()
		}
	}
}

func readSpool(t *testing.T, taken chaos.Spooled, dir string) {
	t.Helper()
	if err := taken.Read(dir); err != nil {
		t.Fatal(err)
	}
}

// producerProcess is a `lakectl produce` in a process of its own.
type producerProcess struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout bytes.Buffer
	lines  *bufio.Reader // of stderr
	all    bytes.Buffer  // what of it was read
}

func startProducer(t *testing.T, args ...string) *producerProcess {
	t.Helper()
	p := &producerProcess{t: t, cmd: lakectl(t, args...)}
	p.cmd.Stdout = &p.stdout
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewReader(io.TeeReader(stderr, &p.all))
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// await reads stderr up to a line with the text, and returns that line.
func (p *producerProcess) await(text string) string {
	p.t.Helper()
	for {
		line, err := p.lines.ReadString('\n')
		if strings.Contains(line, text) {
			return line
		}
		if err != nil {
			p.t.Fatalf("lakectl produce did not say %q:\n%s", text, &p.all)
		}
	}
}

func (p *producerProcess) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	_ = p.cmd.Wait()
}

// stop interrupts, expects exit code 0 and returns the summary.
func (p *producerProcess) stop() (status FeedStatus) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		p.t.Fatal(err)
	}
	if err := p.wait(); err != nil {
		p.t.Fatalf("lakectl produce: %v\n%s", err, &p.all)
	}
	if err := json.Unmarshal(p.stdout.Bytes(), &status); err != nil {
		p.t.Fatalf("%v: %s", err, &p.stdout)
	}
	return status
}

// wait reads the rest of stderr and waits for the end.
func (p *producerProcess) wait() error { return p.waitFor(2 * time.Minute) }

// waitFor is wait for what may take so long.
func (p *producerProcess) waitFor(patience time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience, errors.New("it does not end"))
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })()
	_, err := io.Copy(io.Discard, p.lines)
	if err = errors.Join(err, p.cmd.Wait()); err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return err
}
