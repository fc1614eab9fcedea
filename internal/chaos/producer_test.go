package chaos_test

import (
	"encoding/json"
	"fmt"
	"syscall"
	"testing"

	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/producer"
)

// topic is where the producer publishes.
const topic = "crypto-prices"

// TestProducer has batches and their acknowledgements go astray between the producer and a Kafka. Those that the
// producer survives leave each record in the topic once; a kill may leave some twice, which Bronze has then, and
// Silver not.
func TestProducer(t *testing.T) {
	n := times(t, 5, 0)
	kafka := localtest.SecureKafka(t)
	wire := newKafkaWire(t, kafka.Front, kafka.Behind)
	l := newLake(t, "--brokers", kafka.Open)
	produce := l.produceArgs(kafka.Front)

	p := l.begin(produce...)
	for range n {
		l.springs(wire.set(lost))
	}
	for range n {
		trap := wire.set(resent)
		l.springs(trap)
		if trap.copied != 0 {
			t.Errorf("Kafka answered the copy of a batch with error %d", trap.copied)
		}
	}
	p.signal(syscall.SIGINT)
	if r := p.end(); r.code != 0 {
		t.Fatalf("exit code %d:\n%s", r.code, r.stderr)
	}
	if got := topicEnd(t, kafka.Open); got != int64(len(l.taken)) {
		t.Errorf("the topic has %d records, and %d were taken", got, len(l.taken))
	}

	for _, f := range []fault{unsent, held} {
		for range n {
			p = l.begin(produce...)
			l.springs(wire.set(f))
			p.kill()
		}
	}
	l.start()
	l.flow(20)
	o := l.check()
	twice := l.bronzeTwice()
	if twice == 0 {
		t.Error("no record is in Bronze twice: no kill hit what it was to hit")
	}
	report(t, string(lost), n, "each record once in the topic; %s", o)
	report(t, string(resent), n, "each record once in the topic; %s", o)
	report(t, string(unsent), n, "%s", o)
	report(t, string(held), n, "%d records twice in Bronze; %s", twice, o)
}

// produceArgs are the arguments of a producer alone, on the lake's exchange.
func (l *lake) produceArgs(brokers string) []string {
	return []string{"produce", "--brokers", brokers, "--source", "binance", "--binance-url", l.url, "--interval", poll.String(), "--metrics-addr", "off"}
}

// springs waits for a trap.
func (l *lake) springs(trap *trap) {
	l.t.Helper()
	l.await(string(trap.fault), func() bool {
		select {
		case <-trap.sprung:
			return true
		default:
			return false
		}
	})
}

// topicEnd is how many records were ever written to the topic.
func topicEnd(t *testing.T, brokers string) (n int64) {
	t.Helper()
	ends, err := producer.EndOffsets(t.Context(), producer.KafkaConfig{Brokers: []string{brokers}}, topic)
	if err != nil {
		t.Fatal(err)
	}
	for _, end := range ends {
		n += end
	}
	return n
}

// number asks for one.
func (l *lake) number(sql string) int64 {
	l.t.Helper()
	var rows []struct{ N json.Number }
	text := l.must("query", "-o", "json", sql)
	if err := json.Unmarshal([]byte(text), &rows); err != nil || len(rows) != 1 {
		l.t.Fatalf("%v: %s", err, text)
	}
	n, err := rows[0].N.Int64()
	if err != nil {
		l.t.Fatal(fmt.Errorf("%s: %w", text, err))
	}
	return n
}

// bronzeTwice is how many records Bronze has a second time, as the producer sent them.
func (l *lake) bronzeTwice() int64 {
	l.t.Helper()
	return l.number("select count(*) - count(distinct value) as n from bronze_prices")
}
