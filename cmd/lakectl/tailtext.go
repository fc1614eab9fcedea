package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cryptostream/lakectl/producer"
)

// recordLine is a message as one line of text; the widths fit what the topic usually has.
const recordLine = "%-9s  %-9s  %-24s  %-9s  %s  %s"

// recordTime is RFC 3339 in UTC, always with milliseconds.
const recordTime = "2006-01-02T15:04:05.000Z"

func writeRecordHeading(out io.Writer) {
	fmt.Fprintf(out, recordLine+"\n", "PARTITION", "OFFSET", "TIMESTAMP", "KEY", "VALUE", "HEADERS")
}

func writeRecord(out io.Writer, r producer.Record) error {
	key, value := "-", "(tombstone)"
	if r.Key != nil {
		key = printable(r.Key)
	}
	if r.Value != nil {
		value = printable(r.Value)
	}
	headers := make([]string, len(r.Headers))
	for i, h := range r.Headers {
		headers[i] = printable([]byte(h.Key)) + "=" + printable(h.Value)
	}
	line := fmt.Sprintf(recordLine, fmt.Sprint(r.Partition), fmt.Sprint(r.Offset), r.Timestamp.Format(recordTime),
		key, value, strings.Join(headers, " "))
	_, err := fmt.Fprintln(out, strings.TrimRight(line, " "))
	return err
}

// printable is text that a terminal shows as it is: control and format characters, which could move
// the cursor or turn the text around, and bytes that are not UTF-8 are escaped.
func printable(text []byte) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		default:
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
		text = text[size:]
	}
	return b.String()
}

// RecordLine is one line of `tail -o json`. Where bytes are not UTF-8, the text is null and the
// base64 is there.
type RecordLine struct {
	Topic       string         `json:"topic"`
	Partition   int32          `json:"partition"`
	Offset      int64          `json:"offset"`
	Timestamp   string         `json:"timestamp"` // RFC 3339, UTC, milliseconds
	Key         *string        `json:"key"`       // null: none
	KeyBase64   []byte         `json:"key_base64,omitempty"`
	Headers     []RecordHeader `json:"headers"`
	Value       *string        `json:"value"` // null: a tombstone
	ValueBase64 []byte         `json:"value_base64,omitempty"`
}

// RecordHeader is a header in a RecordLine; keys may repeat.
type RecordHeader struct {
	Key         string  `json:"key"`
	Value       *string `json:"value"`
	ValueBase64 []byte  `json:"value_base64,omitempty"`
}

func writeRecordJSON(out io.Writer, r producer.Record) error {
	line := RecordLine{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Timestamp: r.Timestamp.Format(recordTime), Headers: []RecordHeader{}}
	line.Key, line.KeyBase64 = textOrBytes(r.Key)
	line.Value, line.ValueBase64 = textOrBytes(r.Value)
	for _, h := range r.Headers {
		header := RecordHeader{Key: h.Key}
		header.Value, header.ValueBase64 = textOrBytes(h.Value)
		line.Headers = append(line.Headers, header)
	}
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	return e.Encode(line)
}

func textOrBytes(b []byte) (*string, []byte) {
	if b == nil {
		return nil, nil
	}
	if !utf8.Valid(b) {
		return nil, b
	}
	text := string(b)
	return &text, nil
}
