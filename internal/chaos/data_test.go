package chaos_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/producer"
)

// TestData publishes beside the producer what no sound one sends, and expects each record in one place and every query
// running.
func TestData(t *testing.T) {
	few, payloads := times(t, 200, 0), times(t, 5000, 0)
	l := newLake(t)
	l.start()
	l.flow(10)

	late := l.late(few)
	l.publish("late", late...)
	l.publish("late, twice", slices.Concat(late, late)...)
	l.publish("out of order within a day", l.shuffled(5*few)...)
	twice := l.recent(few)
	l.publish("once", twice...)
	l.publish("twice in a batch", slices.Concat(twice, twice)...)
	l.publishRivals(samePlace, withPrices(l.recent(few), "1.5", "2.5")...)
	l.publish("clock steps", l.clockSteps(few)...)
	l.publishRivals("fuzz", l.fuzz(payloads)...) // some oddities are the same event_id
	l.awaitSent()
	l.publish("in another batch", twice...)
	l.publish("another price in another batch", withPrices(twice, "3.5")...)
	l.healthyQueries()
	l.killServer(spark)
	l.flow(10)
	l.publish("after a kill of Spark", twice...)
	l.publish("late, after a kill of Spark", late...)
	l.stop()
	if n := l.verify(); n < int64(len(late)*2/3) {
		t.Errorf("%d are late, want at least the %d that are a day late", n, len(late)*2/3)
	}
	l.start()
	l.flow(10)
	l.publish("after a restart", twice...)
	l.publish("late, after a reconcile", late...)
	l.awaitSent()
	l.healthyQueries()
	o := l.check()
	report(t, "late events", 3*few, "%s", o)
	report(t, "events out of order within a day", 5*few, "each once, Gold right after the reconcile")
	report(t, "exact duplicates, in a batch, over batches and over restarts", few, "each once")
	report(t, "another price under the same event_id", 2*few, "over batches the first stays; %s", l.rivals())
	report(t, "clock steps of the producer", 4*few, "an hour ahead is refused, years back are late")
	report(t, "broken payloads", payloads, "each in one place, no query failed")
}

// healthyQueries expects that no query had to be restarted.
func (l *lake) healthyQueries() {
	l.t.Helper()
	for _, q := range l.status().Queries {
		if q.Restarts > 0 || q.LastError != "" {
			l.t.Errorf("%s was restarted %d times: %s", q.Name, q.Restarts, q.LastError)
		}
	}
}

// made is an event that is valid, collected at a time, and like no other.
func (l *lake) made(at time.Time) producer.Message {
	pairs := []string{"BTC-USDT", "ETH-USDT", "AAA-BBB"}
	return eventOf(fmt.Sprintf("%016x%016x", l.random.Uint64(), l.random.Uint64()), pairs[l.random.IntN(len(pairs))],
		fmt.Sprintf("%d.%06d", 1+l.random.IntN(100_000), l.random.IntN(1_000_000)), at)
}

func eventOf(id, pair, price string, at time.Time) producer.Message {
	at = at.UTC().Truncate(time.Millisecond)
	text := at.Format(time.RFC3339Nano)
	return producer.Message{Key: []byte(pair), Timestamp: at, Value: fmt.Appendf(nil,
		`{"event_id":%q,"pair":%q,"source":"binance","price":%q,"volume_24h":"12.5","quoted_at":%q,"collected_at":%q}`, id, pair, price, text, text),
		Headers: []producer.Header{{Key: "ce_id", Value: []byte(id)}, {Key: "content-type", Value: []byte("application/json")}}}
}

// late are n events that are minutes late, n that are 25 h late and n that are 40 h late.
func (l *lake) late(n int) (messages []producer.Message) {
	for range n {
		for _, age := range []time.Duration{4 * time.Minute, 25 * time.Hour, 40 * time.Hour} {
			messages = append(messages, l.made(time.Now().Add(-age)))
		}
	}
	return messages
}

// shuffled are n events of the last 20 hours in no order.
func (l *lake) shuffled(n int) (messages []producer.Message) {
	for range n {
		messages = append(messages, l.made(time.Now().Add(-time.Duration(l.random.Int64N(int64(20*time.Hour))))))
	}
	return messages
}

// recent are n events of now.
func (l *lake) recent(n int) (messages []producer.Message) {
	for range n {
		messages = append(messages, l.made(time.Now()))
	}
	return messages
}

// withPrices are the events once with each price, side by side.
func withPrices(messages []producer.Message, prices ...string) (all []producer.Message) {
	for _, m := range messages {
		e, _ := read(m.Value, time.Now(), time.Now())
		for _, price := range prices {
			all = append(all, eventOf(e.ID, e.Pair, price, e.At))
		}
	}
	return all
}

const samePlace = "another price in the same batch"

// rivals says which of two events with one id was kept.
func (l *lake) rivals() string {
	l.t.Helper()
	first, all := 0, 0
	seen := map[string]bool{}
	for _, s := range l.sent {
		if s.name != samePlace || seen[s.event.ID] {
			continue
		}
		seen[s.event.ID] = true
		all++
		if row := l.kept[s.event.ID]; len(row) == 1 && row[0].position == s.position {
			first++
		}
	}
	return fmt.Sprintf("within a batch the first of %d in %d cases", all, first)
}
