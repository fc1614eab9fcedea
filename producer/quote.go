// Package producer turns prices into Kafka messages: a Source gives them, the Publisher delivers them.
//
// A Source is an exchange, a simulation (NewSimulated) or a file (NewReplay). The Publisher delivers
// every message it accepted at least once and in order per key, through broker restarts; it waits
// rather than drops. Prices are decimal text from end to end, never floats. The package knows nothing
// of the rest of lakectl.
package producer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// timeFormat is how an event writes times: RFC 3339 in UTC, always with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z"

// Quote is one price of one pair as a source gave it.
type Quote struct {
	Pair   string // BASE-QUOTE, for example BTC-USD
	Source string // the true origin, for example binance
	Price  string // decimal text, in the quote currency

	// Volume24h is what was traded in 24 hours, decimal text in the quote currency; "" if unknown.
	Volume24h string

	QuotedAt    time.Time // the source's own time
	CollectedAt time.Time // when we took the quote: the event time
}

// EventID identifies a quote by what the source said: the first 32 hex digits of the SHA-256 over
// source, pair, quoted_at (as in the event) and price, each written as a netstring ("7:BTC-USD,").
// A cached answer and a resend have the same id.
func (q Quote) EventID() string { return q.eventID(formatTime(q.QuotedAt)) }

func (q Quote) eventID(quotedAt string) string {
	text := make([]byte, 0, 128)
	for _, field := range [...]string{q.Source, q.Pair, quotedAt, q.Price} {
		text = strconv.AppendInt(text, int64(len(field)), 10)
		text = append(text, ':')
		text = append(text, field...)
		text = append(text, ',')
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// Message returns the quote as the event of the contract. The numbers' text is passed on exactly,
// a wrong one too: the checks of the Silver table judge it. It fails on text that JSON can't carry
// unchanged (not UTF-8), on a missing pair or source, and on a year that RFC 3339 can't write.
func (q Quote) Message() (Message, error) {
	if err := q.check(); err != nil {
		return Message{}, fmt.Errorf("making the event of %q from %q: %w", q.Pair, q.Source, err)
	}
	quotedAt, collectedAt := formatTime(q.QuotedAt), formatTime(q.CollectedAt)
	id := q.eventID(quotedAt)

	value := make([]byte, 0, 256)
	value = appendField(value, `{"event_id":`, id)
	value = appendField(value, `,"pair":`, q.Pair)
	value = appendField(value, `,"source":`, q.Source)
	value = appendField(value, `,"price":`, q.Price)
	if q.Volume24h == "" {
		value = append(value, `,"volume_24h":null`...)
	} else {
		value = appendField(value, `,"volume_24h":`, q.Volume24h)
	}
	value = appendField(value, `,"quoted_at":`, quotedAt)
	value = appendField(value, `,"collected_at":`, collectedAt)
	value = append(value, '}')

	return Message{
		Key:       []byte(q.Pair),
		Value:     value,
		Headers:   cloudEventHeaders(id, q.Source, collectedAt),
		Timestamp: q.CollectedAt,
	}, nil
}

func (q Quote) check() error {
	if q.Pair == "" || q.Source == "" {
		return errors.New("pair and source must not be empty")
	}
	for _, field := range [...]string{q.Pair, q.Source, q.Price, q.Volume24h} {
		if !utf8.ValidString(field) {
			return fmt.Errorf("%q is not UTF-8", field)
		}
	}
	for _, t := range [...]time.Time{q.QuotedAt, q.CollectedAt} {
		if year := t.UTC().Year(); year < 1 || year > 9999 {
			return fmt.Errorf("year %d is not between 1 and 9999", year)
		}
	}
	return nil
}

func formatTime(t time.Time) string { return t.UTC().Format(timeFormat) }

// appendField appends an object's member; name comes with its punctuation.
func appendField(to []byte, name, text string) []byte {
	to = append(to, name...)
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c > '~' {
			return appendQuoted(to, text)
		}
	}
	to = append(to, '"')
	to = append(to, text...)
	return append(to, '"')
}

// appendQuoted is the slow road, for text with something to escape.
func appendQuoted(to []byte, text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil { // encoding/json never fails on a string
		panic(err)
	}
	return append(to, quoted...)
}
