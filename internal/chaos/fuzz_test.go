package chaos_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/producer"
)

// fuzz are the payloads that the checks are tested with, each as an event of its own, every oddity as every field, and n
// events that were changed at random; keys, headers and times are anything.
func (l *lake) fuzz(n int) (messages []producer.Message) {
	l.t.Helper()
	for i, value := range l.payloads() {
		if len(value) > 0 {
			value = bytes.ReplaceAll(value, []byte(`"e1"`), fmt.Appendf(nil, `"payload-%d"`, i))
		}
		messages = append(messages, producer.Message{Value: value})
	}
	// Late for Gold, and far from the edge of Silver's watermark if a day is lost.
	base := time.Now().Add(-90 * time.Minute)
	for _, odd := range oddities {
		for _, field := range fields {
			messages = append(messages, producer.Message{Value: with(l.made(base).Value, field, odd)},
				producer.Message{Value: with(with(l.made(base).Value, "quoted_at", "null"), field, odd)})
		}
	}
	for range n {
		value := l.made(base.Add(time.Duration(l.random.Int64N(int64(time.Minute))))).Value
		for range 1 + l.random.IntN(2) {
			value = l.mutated(value)
		}
		messages = append(messages, producer.Message{Value: value})
	}
	for _, size := range []int{100_000, 990_000} {
		for _, field := range []string{"event_id", "pair", "source", "price", "collected_at", "unknown"} {
			messages = append(messages, producer.Message{Value: with(l.made(base).Value, field, `"`+strings.Repeat("7", size)+`"`)})
		}
		messages = append(messages, producer.Message{Value: l.bytes(size)},
			producer.Message{Value: with(l.made(base).Value, "volume_24h", strings.Repeat("[", size/2)+strings.Repeat("]", size/2))},
			producer.Message{Value: with(l.made(base).Value, strings.Repeat("n", size), "1")})
	}
	for i := range messages {
		messages[i].Key, messages[i].Headers, messages[i].Timestamp = l.key(), l.headers(), time.Now().Add(-time.Duration(l.random.Int64N(int64(5*365*24*time.Hour))))
	}
	return messages
}

func (l *lake) payloads() (values [][]byte) {
	l.t.Helper()
	text, err := os.ReadFile("../../jobs/testdata/payloads.jsonl")
	if err != nil {
		l.t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var p struct{ Value []byte }
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			l.t.Fatal(err)
		}
		values = append(values, p.Value)
	}
	return values
}

func (l *lake) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(l.random.Uint32())
	}
	return b
}

func (l *lake) key() []byte {
	return [][]byte{nil, {}, []byte("BTC-USDT"), l.bytes(8), {0}, bytes.Repeat([]byte("k"), 3000)}[l.random.IntN(6)]
}

func (l *lake) headers() []producer.Header {
	h := func(key string, value []byte) producer.Header { return producer.Header{Key: key, Value: value} }
	return [][]producer.Header{
		nil,
		{h("", nil), h("", []byte{})},
		{h("ce_id", l.bytes(16)), h("ce_id", []byte("again")), h("größe\x00", []byte{0})},
		{h("large", l.bytes(5000))},
	}[l.random.IntN(4)]
}

// oddities are what may stand where a value does, or anywhere.
var oddities = []string{
	"null", "true", "0", "-0", "1", "-1", "1.5", "00", "1e400", "1E-400", "-1e5", "0.1000000000000000000000", "123456789012345678901234567890.5",
	"999999999999.999999999999999999", "1000000000000", "NaN", "Infinity", "0x1F", "1_0", ".5", "5.", "+1", strings.Repeat("9", 400), strings.Repeat("9", 5000),
	`""`, `" "`, `"1"`, `"1e3"`, `"0.000000000000000001"`, `"99999999999999999999.9"`, `"100000000000000000000"`, `"\u0000"`, `"\ud800"`, `"\ud83d\ude00"`, `"\u00zz"`, `"a\`,
	"[]", "{}", "[1", `{"a":1,"a":2}`, `{"event_id":"x"}`, strings.Repeat("[", 500) + strings.Repeat("]", 500), strings.Repeat(`{"a":`, 2000),
	`"0000-01-01T00:00:00Z"`, `"0000-01-01T00:00:00+14:00"`, `"0001-01-01T00:00:00Z"`, `"1582-10-10T00:00:00Z"`, `"1969-12-31T23:59:59.999999Z"`, `"9999-12-31T23:59:59-18:00"`,
	`"2026-06-30T23:59:60Z"`, `"2025-02-29T00:00:00Z"`, `"2026-01-01t00:00:00.123456789z"`, `"2026-01-01T00:00:00+18:00"`, `"2026-01-01T00:00:00+18:01"`, `"2026-01-01T00:00:00-23:59"`,
	"\x00", "\xff", "\xc0\x80", "\xed\xa0\x80", "\xef\xbb\xbf", "\u2028", "\u00a0", "/*x*/", "'", "}", "]}", `}{`, `,`, "\n", "\r\n", "\x1a",
}

var fields = []string{"event_id", "pair", "source", "price", "volume_24h", "quoted_at", "collected_at", "unknown"}

// mutated is a value with one change.
func (l *lake) mutated(value []byte) []byte {
	if len(value) == 0 {
		return value
	}
	value = bytes.Clone(value)
	at, odd := l.random.IntN(len(value)), oddities[l.random.IntN(len(oddities))]
	field := fields[l.random.IntN(len(fields))]
	switch l.random.IntN(8) {
	case 0:
		for range 1 + l.random.IntN(4) {
			value[l.random.IntN(len(value))] ^= 1 << l.random.IntN(8)
		}
	case 1:
		value = value[:at]
	case 2: // inserted
		value = append(value[:at:at], append([]byte(odd), value[at:]...)...)
	case 3: // cut out
		value = append(value[:at:at], value[min(len(value), at+1+l.random.IntN(10)):]...)
	case 4: // a part of it twice
		value = append(value[:at:at], value[at/2:]...)
	case 5, 6:
		value = with(value, field, odd)
	case 7: // a key twice
		value = append(bytes.TrimSuffix(value, []byte("}")), fmt.Sprintf(`,%q:%s}`, field, odd)...)
	}
	return value
}

// with is an event in which a field has another value, or a field more.
func with(value []byte, field, token string) []byte {
	start := bytes.Index(value, []byte(`"`+field+`":"`))
	if start < 0 {
		return append(bytes.TrimSuffix(value, []byte("}")), fmt.Sprintf(`,%q:%s}`, field, token)...)
	}
	start += len(field) + 3
	end := bytes.IndexByte(value[start+1:], '"')
	if end < 0 {
		return value
	}
	return append(value[:start:start], append([]byte(token), value[start+1+end+1:]...)...)
}
