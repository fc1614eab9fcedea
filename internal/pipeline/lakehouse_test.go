package pipeline_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/internal/pipeline"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
	"github.com/cryptostream/lakectl/producer"
)

const topic = "crypto-prices"

// lakehouse is a real Kafka and Spark with what a pipeline on them needs.
type lakehouse struct {
	*localtest.Running
	place ddl.Place
	kafka producer.KafkaConfig
	topic producer.TopicInfo
}

func newLakehouse(t *testing.T) *lakehouse {
	t.Helper()
	stack := localtest.Stack(t)
	l := &lakehouse{
		Running: stack,
		place: ddl.Place{
			Schema: "cryptostream", Warehouse: filepath.Join(stack.DataDir, "warehouse"),
			Checkpoints: filepath.Join(stack.DataDir, "checkpoints"),
		},
		kafka: producer.KafkaConfig{Brokers: []string{stack.Kafka.Addr}, Username: stack.Kafka.Username, Password: stack.Kafka.Password, Mechanism: "PLAIN"},
	}
	var err error
	l.topic, err = producer.EnsureTopic(t.Context(), l.kafka, producer.TopicConfig{Name: topic})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// start starts a pipeline; change may alter its configuration.
func (l *lakehouse) start(t *testing.T, change func(*pipeline.Config)) (*pipeline.Pipeline, error) {
	t.Helper()
	config := pipeline.Config{
		Lakehouse: jobs.Default(), Place: l.place, Trigger: 300 * time.Millisecond,
		Kafka:   l.source("", ""),
		Connect: l.connect,
	}
	if change != nil {
		change(&config)
	}
	return pipeline.Start(t.Context(), config)
}

// source is how Spark reads the topic; a cluster or a topic id says that it is another one.
func (l *lakehouse) source(cluster, topic string) func(context.Context) (pipeline.Kafka, error) {
	return func(context.Context) (pipeline.Kafka, error) {
		return pipeline.Kafka{
			ClusterID: cmp.Or(cluster, l.topic.ClusterID), TopicID: cmp.Or(topic, l.topic.TopicID), Options: map[string]string{
				"kafka.bootstrap.servers": l.Kafka.Addr, "kafka.security.protocol": "SASL_PLAINTEXT", "kafka.sasl.mechanism": "PLAIN",
				"kafka.sasl.jaas.config": fmt.Sprintf(`org.apache.kafka.common.security.plain.PlainLoginModule required username=%q password=%q;`, l.kafka.Username, l.kafka.Password),
			},
		}, nil
	}
}

func (l *lakehouse) connect(ctx context.Context, id string) (*spark.Session, error) {
	return spark.Connect(ctx, spark.Options{Remote: "sc://" + l.Spark.Remote, Token: l.Spark.Token, SessionID: id})
}

// run starts a pipeline, drains it and waits for its end.
func (l *lakehouse) run(t *testing.T) {
	t.Helper()
	p, err := l.start(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (l *lakehouse) publish(t *testing.T, messages ...producer.Message) {
	t.Helper()
	p, err := producer.NewPublisher(l.kafka, producer.PublisherOptions{Topic: topic})
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

func (l *lakehouse) query(t *testing.T, statement string) [][]any {
	t.Helper()
	s, err := l.connect(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := pipeline.Use(t.Context(), s, l.place); err != nil {
		t.Fatal(err)
	}
	rows, err := s.Query(t.Context(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return rows.Values
}

// payload is a line of jobs/testdata/payloads.jsonl: a message value and what the checks say of it.
type payload struct {
	Name    string   `json:"name"`
	Value   []byte   `json:"value"`
	Reasons []string `json:"reasons"`
}

// eventAt is a valid event but for its time.
func eventAt(at time.Time) []byte {
	return fmt.Appendf(nil, `{"event_id":"e1","pair":"BTC-USD","price":"1","collected_at":%q}`, at.UTC().Format(time.RFC3339Nano))
}

func readPayloads(t *testing.T) []payload {
	t.Helper()
	text, err := os.ReadFile("../../jobs/testdata/payloads.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var all []payload
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var p payload
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// TestLakehouse goes through the life of one lakehouse, in this order: each part finds what the parts
// before have left.
func TestLakehouse(t *testing.T) {
	l := newLakehouse(t)
	t.Run("checks", func(t *testing.T) { testChecks(t, l) })
	t.Run("declared types", func(t *testing.T) { testDeclaredTypes(t, l) })
	t.Run("restart", func(t *testing.T) { testRestart(t, l) })
	t.Run("a query that someone stops", func(t *testing.T) { testStoppedQuery(t, l) })
	t.Run("bad SQL", func(t *testing.T) { testBadSQL(t, l) })
	t.Run("a new column", func(t *testing.T) { testNewColumn(t, l) })
	t.Run("another checkpoint", func(t *testing.T) { testOtherCheckpoint(t, l) })
	t.Run("a lost checkpoint", func(t *testing.T) { testLostCheckpoint(t, l) })
}

// testChecks publishes every payload and looks where each one ended.
func testChecks(t *testing.T, l *lakehouse) {
	payloads := append(readPayloads(t),
		payload{"an hour ahead", eventAt(time.Now().Add(time.Hour)), []string{"bad_event_time"}},
		payload{"now", eventAt(time.Now()), nil})
	var messages []producer.Message
	for i, p := range payloads {
		// The file's events share an id; here each is an event of its own.
		value := p.Value // nil is a tombstone, empty is not
		if len(value) > 0 {
			value = bytes.ReplaceAll(value, []byte(`"e1"`), fmt.Appendf(nil, `"e%d"`, i))
		}
		messages = append(messages, producer.Message{Key: []byte("BTC-USD"), Value: value, Timestamp: time.Now()})
	}
	large := fmt.Appendf(nil, `{"event_id":"large","pair":"BTC-USD","price":"1","collected_at":"2026-01-01T00:00:00Z","padding":%q}`, strings.Repeat("x", 900_000))
	l.publish(t, append(messages, producer.Message{Key: []byte("BTC-USD"), Value: large, Timestamp: time.Now()})...)
	l.run(t)

	refused := map[int64][]string{}
	for _, row := range l.query(t, "select offset, reasons from dead_letter") {
		for _, reason := range row[1].([]any) {
			refused[row[0].(int64)] = append(refused[row[0].(int64)], reason.(string))
		}
	}
	valid := map[int64]bool{}
	for _, row := range l.query(t, "select kafka_offset from silver_prices") {
		valid[row[0].(int64)] = true
	}
	for i, p := range payloads {
		slices.Sort(p.Reasons)
		got := slices.Sorted(slices.Values(refused[int64(i)]))
		if len(p.Reasons) == 0 && !valid[int64(i)] || len(p.Reasons) > 0 && valid[int64(i)] || !slices.Equal(got, p.Reasons) {
			t.Errorf("%s: in Silver %v, refused for %v; want %v", p.Name, valid[int64(i)], got, p.Reasons)
		}
	}
	if !valid[int64(len(payloads))] {
		t.Error("a valid event of 900 kB is not in Silver")
	}
	differing := l.query(t, `select count(*) from dead_letter d join bronze_prices b using (topic, partition, offset)
		where not d.value <=> b.value or not d.key <=> b.key`)
	if differing[0][0] != int64(0) {
		t.Errorf("%v dead letters have other bytes than Bronze", differing[0][0])
	}
}

// testDeclaredTypes compares the tables with what their SQL gives: a stream would cast in silence.
func testDeclaredTypes(t *testing.T, l *lakehouse) {
	for _, job := range jobs.Default().Jobs {
		var declared, actual []string
		for _, c := range job.Table.Columns {
			declared = append(declared, c.Name)
		}
		for _, row := range l.query(t, "describe table "+job.Table.Name) {
			if name := row[0].(string); name == "" || strings.HasPrefix(name, "#") {
				break
			}
			actual = append(actual, row[0].(string))
			if comment, _ := row[2].(string); comment == "" {
				t.Errorf("%s.%v has no comment", job.Table.Name, row[0])
			}
		}
		if diff := gocmp.Diff(declared, actual); diff != "" {
			t.Errorf("%s: %s", job.Table.Name, diff)
		}
	}
	for _, view := range jobs.Default().Views {
		l.query(t, "select * from "+view.Name)
	}
}

// testRestart publishes an event twice, in two runs, and expects two Bronze rows and one of Silver.
func testRestart(t *testing.T, l *lakehouse) {
	m, err := producer.Quote{Pair: "ETH-USD", Source: "test", Price: "1.5", QuotedAt: time.Now(), CollectedAt: time.Now()}.Message()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		l.publish(t, m)
		l.run(t)
	}
	got := l.query(t, `select (select count(*) from bronze_prices where key = 'ETH-USD'),
		(select count(*) from silver_prices where pair = 'ETH-USD'),
		(select count(*) - count(distinct offset) from bronze_prices),
		(select max(offset) + 1 - count(*) from bronze_prices)`)
	if diff := gocmp.Diff([]any{int64(2), int64(1), int64(0), int64(0)}, got[0]); diff != "" {
		t.Error(diff)
	}
}

func testStoppedQuery(t *testing.T, l *lakehouse) {
	events := make(chan pipeline.Event, 100)
	p, err := l.start(t, func(c *pipeline.Config) { c.Report = func(e pipeline.Event) { events <- e } })
	if err != nil {
		t.Fatal(err)
	}
	other, err := l.connect(t.Context(), p.SessionID())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	running, err := other.Streams().Active(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range running {
		if q.Name == "silver_prices" {
			if err := q.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for restarted := false; ; {
		e := <-events
		restarted = restarted || e.Kind == pipeline.Restarting && e.Job == "silver_prices"
		if restarted && e.Kind == pipeline.Started && e.Job == "silver_prices" {
			break
		}
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func testBadSQL(t *testing.T, l *lakehouse) {
	_, err := l.start(t, func(c *pipeline.Config) {
		steps := slices.Clone(c.Lakehouse.Jobs[0].Steps)
		steps[len(steps)-1].SQL = "select nothing from kafka_records"
		c.Lakehouse.Jobs[0].Steps = steps
	})
	var e *spark.Error
	if !errors.As(err, &e) || !strings.HasPrefix(e.Class, "UNRESOLVED_COLUMN") || exit.Hint(err) == "" {
		t.Errorf("got %v, hint %q", err, exit.Hint(err))
	}
}

func testNewColumn(t *testing.T, l *lakehouse) {
	p, err := l.start(t, func(c *pipeline.Config) {
		job := &c.Lakehouse.Jobs[1]
		job.Table.Columns = append(job.Table.Columns, jobs.Column{Name: "added", Type: "STRING", Comment: "new"})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	l.query(t, "select added from silver_prices")
	_, err = l.start(t, func(c *pipeline.Config) { c.Lakehouse.Jobs[1].Table.Columns[0].Type = "BIGINT" })
	if exit.Code(err) != exit.Refused {
		t.Errorf("another type of a column: %v", err)
	}
}

func testOtherCheckpoint(t *testing.T, l *lakehouse) {
	for name, change := range map[string]func(*pipeline.Config){
		"deduplicate": func(c *pipeline.Config) { c.Lakehouse.Jobs[1].Deduplicate = []string{"pair"} },
		"topic":       func(c *pipeline.Config) { c.Kafka = l.source("", "another") },
		"cluster":     func(c *pipeline.Config) { c.Kafka = l.source("another", "") },
	} {
		_, err := l.start(t, change)
		if exit.Code(err) != exit.Refused || !strings.Contains(err.Error(), name) || exit.Hint(err) == "" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func testLostCheckpoint(t *testing.T, l *lakehouse) {
	checkpoint := l.place.Checkpoint("silver_prices")
	if err := os.Rename(checkpoint, checkpoint+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.start(t, nil); exit.Code(err) != exit.Refused {
		t.Errorf("got %v", err)
	}
	if err := os.Rename(checkpoint+".away", checkpoint); err != nil {
		t.Fatal(err)
	}
}
