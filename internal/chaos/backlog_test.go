package chaos_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/producer"
)

// backlog is made of the numbers below n, so that SQL can say what each event must be. One pair has nine in ten, in
// order; those of ten others come backwards in time, those of the rarest in a partition of its own. Every fiftieth comes
// again a thousand later.
type backlog struct {
	n     int64
	began time.Time
	pairs []string // ten
	rare  string
}

const (
	often = "BTC-USDT"
	step  = 108 * time.Millisecond // 2,000,000 of them are 60 hours
)

// TestBacklog has two million events wait in three partitions before anything reads them, and kills Spark in the middle.
func TestBacklog(t *testing.T) {
	n := times(t, 2_000_000, 0)
	kafka := localtest.SecureKafka(t)
	l := newLake(t)
	l.args = []string{"--brokers", kafka.Open, "--source", "none", "--no-dashboard", "--reconcile-every", "0", "--spark-heap", "2048"}
	b := newBacklog(t, int64(n))
	records := b.publish(t, kafka.Open)
	if rarest := slices.Min(records); rarest == 0 || rarest > int64(n)/100 {
		t.Errorf("records by partition: %v, want one that is nearly empty", records)
	}

	began := time.Now()
	l.start()
	l.awaitFor(30*time.Minute, "a part of the backlog in Silver", func() bool { return l.status().rows("silver_prices") > 0 })
	pid := l.run().Spark.PID
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	l.await("another Spark", func() bool { return spark(l.run()) != pid })
	l.awaitFor(time.Hour, "the end of catching up", func() bool {
		s := l.status()
		// What a query that reads a table is behind, in bytes, is known while it reads only: the drain finds what is left.
		return s.Healthy && !slices.ContainsFunc(s.Queries, func(q query) bool { return q.State != "running" || q.Mode != "live" || q.Lag > 0 })
	})
	l.stop()
	took := time.Since(began).Round(time.Second)
	late := l.verify()
	l.races()
	if got := l.counted(b.statement()); got != (counts{Rows: b.n, Events: b.n}) {
		t.Errorf("in Silver: %+v, want each of %d events once and right", got, b.n)
	}
	report(t, "a skewed backlog, Spark killed in its middle", n, "records by partition %v, in Silver and Gold, drained, after %s; verify held, %d late before a reconcile", records, took, late)
}

func newBacklog(t *testing.T, n int64) backlog {
	t.Helper()
	b := backlog{n: n, began: time.Now().UTC().Truncate(time.Hour).Add(-time.Duration(n) * step)}
	taken := partitionOf(t, often)
	others, rare := (taken+1)%3, (taken+2)%3
	for i := 0; len(b.pairs) < 10 || b.rare == ""; i++ {
		switch pair := fmt.Sprintf("P%d-USDT", i); partitionOf(t, pair) {
		case others:
			if len(b.pairs) < 10 {
				b.pairs = append(b.pairs, pair)
			}
		case rare:
			b.rare = pair
		}
	}
	return b
}

// partitionOf is where a key goes to, of three.
func partitionOf(t *testing.T, key string) int32 {
	t.Helper()
	p, err := sarama.NewHashPartitioner(topic).Partition(&sarama.ProducerMessage{Key: sarama.StringEncoder(key)}, 3)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (b backlog) event(i int64) producer.Message {
	pair, at := often, b.began.Add(time.Duration(i)*step)
	if i%10 == 0 {
		pair, at = b.pairs[i/10%10], b.began.Add(time.Duration(b.n-i)*step)
	}
	if i%1000 == 0 {
		pair = b.rare
	}
	return producer.Message{Key: []byte(pair), Timestamp: at, Value: fmt.Appendf(nil,
		`{"event_id":"backlog-%d","pair":%q,"source":"binance","price":"%d.%03d","collected_at":%q}`, i, pair, i%5000+1, i%1000, at.Format(time.RFC3339Nano))}
}

// publish returns how many records each partition has.
func (b backlog) publish(t *testing.T, broker string) []int64 {
	t.Helper()
	config := producer.KafkaConfig{Brokers: []string{broker}}
	if _, err := producer.EnsureTopic(t.Context(), config, producer.TopicConfig{Name: topic, Partitions: 3}); err != nil {
		t.Fatal(err)
	}
	records := make([]int64, 3)
	p, err := producer.NewPublisher(config, producer.PublisherOptions{Topic: topic, OnAck: func(_ producer.Message, partition int32, _ int64) { records[partition]++ }})
	if err != nil {
		t.Fatal(err)
	}
	for i := range b.n + 1000 {
		if i < b.n {
			if err := p.Publish(t.Context(), b.event(i)); err != nil {
				t.Fatal(err)
			}
		}
		if again := i - 1000; again >= 0 && again%50 == 0 {
			if err := p.Publish(t.Context(), b.event(again)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return records
}

// counts are rows, different events, and rows that are not what their number says.
type counts struct{ Rows, Events, Wrong int64 }

// statement counts what is in Silver.
func (b backlog) statement() string {
	pairs, _ := json.Marshal(b.pairs)
	return fmt.Sprintf(`select count(*) as rows, count(distinct i) as events, count_if(
	    pair <> case when i %% 1000 = 0 then '%s' when i %% 10 = 0 then element_at(from_json('%s', 'array<string>'), cast(i div 10 %% 10 as int) + 1) else '%s' end
	    or price <> cast(i %% 5000 + 1 as decimal(38, 18)) + cast(i %% 1000 as decimal(38, 18)) / 1000
	    or event_time <> timestamp_millis(%d + %d * if(i %% 10 = 0, %d - i, i))) as wrong
	  from (select *, cast(substr(event_id, 9) as bigint) as i from silver_prices)`, b.rare, pairs, often, b.began.UnixMilli(), step.Milliseconds(), b.n)
}

// counted runs a query of one row of counts.
func (l *lake) counted(statement string) counts {
	l.t.Helper()
	var rows []counts
	if err := json.Unmarshal([]byte(l.must("query", "-o", "json", statement)), &rows); err != nil || len(rows) != 1 {
		l.t.Fatalf("%s: %v, %v", statement, rows, err)
	}
	return rows[0]
}
