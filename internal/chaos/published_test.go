package chaos_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/cryptostream/lakectl/producer"
)

// sent is a record that was published by hand, beside the producer of the run.
type sent struct {
	name string // of the fault
	producer.Message
	position
	event   event
	verdict verdict
	rival   bool // another record with its id may be in the same batch: which one is kept is not promised
}

// position is where a record is in the topic.
type position struct {
	Partition int32 `json:"kafka_partition"`
	Offset    int64 `json:"kafka_offset"`
}

// publish publishes straight into the topic of the run that is there and returns when Kafka has all of it.
func (l *lake) publish(name string, messages ...producer.Message) []sent {
	l.t.Helper()
	began := time.Now()
	run := l.run()
	kafka := producer.KafkaConfig{Brokers: []string{run.Kafka.Addr}, Username: run.Kafka.Username, Password: run.Kafka.Password, Mechanism: "PLAIN"}
	var all []sent
	p, err := producer.NewPublisher(kafka, producer.PublisherOptions{Topic: topic, OnAck: func(m producer.Message, partition int32, offset int64) {
		all = append(all, sent{name: name, Message: m, position: position{partition, offset}})
	}})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, m := range messages {
		if err := p.Publish(l.t.Context(), m); err != nil {
			l.t.Fatal(err)
		}
	}
	if err := p.Close(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	for i := range all {
		all[i].event, all[i].verdict = read(all[i].Value, began, time.Now())
	}
	l.sent = append(l.sent, all...)
	return all
}

// publishRivals is publish of records of which some have the same id and differ.
func (l *lake) publishRivals(name string, messages ...producer.Message) {
	l.t.Helper()
	before := len(l.sent)
	l.publish(name, messages...)
	for i := before; i < len(l.sent); i++ {
		l.sent[i].rival = true
	}
}

// awaitSent waits until Silver has a row of a record behind all that was published by hand: the producer's quotes go on.
func (l *lake) awaitSent() {
	l.t.Helper()
	last := l.sent[len(l.sent)-1].position
	statement := fmt.Sprintf("select count(*) as n from silver_prices where kafka_partition = %d and kafka_offset > %d", last.Partition, last.Offset)
	l.await("what was published by hand in Silver", func() bool { return l.count(statement) > 0 })
}

// count runs a query of one number called n.
func (l *lake) count(statement string) int64 {
	l.t.Helper()
	var rows []struct{ N int64 }
	if err := json.Unmarshal([]byte(l.must("query", "-o", "json", statement)), &rows); err != nil || len(rows) != 1 {
		l.t.Fatalf("%s: %v, %v", statement, rows, err)
	}
	return rows[0].N
}

// addSent adds to the events that Silver must have those that were published by hand: of an id the first one.
func (l *lake) addSent(events map[string][]event) {
	for _, s := range l.sent {
		if before := events[s.event.ID]; s.verdict == valid && (len(before) == 0 || s.rival) {
			events[s.event.ID] = append(before, s.event)
		}
	}
}

// unsure reports that rows of Silver are of records of which nobody but Spark can say whether they are valid.
func (l *lake) unsure(rows []event) bool {
	return !slices.ContainsFunc(rows, func(row event) bool {
		return !slices.ContainsFunc(l.sent, func(s sent) bool { return s.position == row.position && s.verdict == unsure })
	})
}

// landed is where a record of the topic has come to.
type landed struct {
	position
	Key, Value   *string // base64, and SHA-256 in hexadecimal
	Headers      []producer.Header
	Copies       int // in Bronze
	Silver, Dead int
	Reasons      []string
}

// checkSent expects each record that was published by hand in Bronze once, byte for byte, and then either in Silver or
// among the dead letters, or dropped since Silver has its event from another record.
func (l *lake) checkSent(silver map[string][]event) {
	l.t.Helper()
	if len(l.sent) == 0 {
		return
	}
	var rows []landed
	text := l.must("query", "-o", "json", `
		with good as (select kafka_partition, kafka_offset, count(*) as silver from silver_prices group by all),
		  bad as (select partition as kafka_partition, offset as kafka_offset, count(*) as dead, any_value(reasons) as reasons from dead_letter group by all)
		select kafka_partition, kafka_offset, any_value(lower(hex(key))) as key, any_value(sha2(value, 256)) as value, any_value(headers) as headers, count(*) as copies,
		  coalesce(any_value(silver), 0) as silver, coalesce(any_value(dead), 0) as dead, any_value(reasons) as reasons
		from (select *, partition as kafka_partition, offset as kafka_offset from bronze_prices)
		  left join good using (kafka_partition, kafka_offset) left join bad using (kafka_partition, kafka_offset)
		group by kafka_partition, kafka_offset`)
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		l.t.Fatal(err)
	}
	at := map[position]landed{}
	for _, row := range rows {
		at[row.position] = row
	}
	ends := map[string]int{}
	for _, s := range l.sent {
		end, err := s.ended(at[s.position], silver)
		if err != nil {
			l.t.Errorf("%s, offset %d: %v: %.300q (verdict %d)", s.name, s.Offset, err, s.Value, s.verdict)
		}
		ends[end]++
	}
	l.t.Logf("%d records published by hand: %v", len(l.sent), ends)
}

// ended says where a record has come to: "silver", "dead" or "duplicate".
func (s sent) ended(l landed, silver map[string][]event) (string, error) {
	switch {
	case l.Copies != 1:
		return "", fmt.Errorf("%d times in Bronze", l.Copies)
	case !s.sameBytes(l):
		return "", fmt.Errorf("other bytes in Bronze: key %q is %.100s, headers %.200q", s.Key, l.key(), l.Headers)
	case l.Silver+l.Dead > 1:
		return "", fmt.Errorf("%d times in Silver, %d times a dead letter", l.Silver, l.Dead)
	case l.Dead == 1 && s.verdict == valid:
		return "dead", fmt.Errorf("refused for %v", l.Reasons)
	case l.Silver == 1 && s.verdict == refused:
		return "silver", fmt.Errorf("in Silver, and should be refused")
	case l.Dead == 1:
		return "dead", nil
	case l.Silver == 1:
		return "silver", nil
	case s.verdict == unsure: // verify knows by which id Silver has it
		return "unsure", nil
	case s.verdict == refused || len(silver[s.event.ID]) == 0:
		return "", fmt.Errorf("neither in Silver nor a dead letter")
	}
	return "duplicate", nil
}

func (l landed) key() string {
	if l.Key == nil {
		return "null"
	}
	return *l.Key
}

func (s sent) sameBytes(l landed) bool {
	var key, value string
	if s.Key != nil {
		key = hex.EncodeToString(s.Key)
	}
	if s.Value != nil {
		sum := sha256.Sum256(s.Value)
		value = hex.EncodeToString(sum[:])
	}
	same := len(s.Headers) == len(l.Headers)
	for i := range s.Headers {
		same = same && s.Headers[i].Key == l.Headers[i].Key && bytes.Equal(s.Headers[i].Value, l.Headers[i].Value) &&
			(s.Headers[i].Value == nil) == (l.Headers[i].Value == nil)
	}
	return same && (s.Key == nil) == (l.Key == nil) && (l.Key == nil || *l.Key == key) &&
		(s.Value == nil) == (l.Value == nil) && (l.Value == nil || *l.Value == value)
}
