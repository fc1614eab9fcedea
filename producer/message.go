package producer

import (
	"context"
	"time"
)

// Message is one Kafka record before it has an offset.
type Message struct {
	Key   []byte // the pair, UTF-8; nil if it could not be read
	Value []byte // nil is a tombstone, empty is a value of no bytes

	Headers []Header

	// Timestamp is collected_at, the zero time if it could not be read. The publisher
	// replaces what Kafka would not take: see Publisher.Publish.
	Timestamp time.Time

	// Line is where a replay read it, 1-based; 0 from any other source.
	Line int64

	spooled uint64    // its sequence number in the spool; 0 if it does not come from one
	taken   time.Time // when the spool took it; zero if it does not come from one
}

// Header is one header of a Message; keys may repeat.
type Header struct {
	Key   string
	Value []byte
}

// Source gives messages until its data ends (Run returns nil), ctx ends (ctx's error) or it fails.
// It calls emit from one goroutine, waits while emit blocks, and stops with emit's error.
type Source interface {
	// Name is the source as an event names it: "binance", "simulated", "replay".
	Name() string
	Run(ctx context.Context, emit func(context.Context, Message) error) error
}

// CloudEvents 1.0 in binary content mode: the attributes are headers, the value is the data.
// Messages share these bytes; nobody changes a header's value.
var (
	eventType   = []byte("crypto.price.tick.v1")
	specVersion = []byte("1.0")

	// contentTypeHeader is on every message, on a broken replayed line too.
	contentTypeHeader = Header{"content-type", []byte("application/json")}
)

// cloudEventHeaders returns the headers of an event. collectedAt is the event's own text,
// left out where it is "".
func cloudEventHeaders(id, source, collectedAt string) []Header {
	headers := make([]Header, 0, 6) // made for every message
	headers = append(headers,
		Header{"ce_specversion", specVersion},
		Header{"ce_id", []byte(id)},
		Header{"ce_type", eventType},
		Header{"ce_source", []byte(source)},
	)
	if collectedAt != "" {
		headers = append(headers, Header{"ce_time", []byte(collectedAt)})
	}
	return append(headers, contentTypeHeader)
}
