package chaos_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// verdict is what this package, and not Spark, makes of a message value.
type verdict int

const (
	refused verdict = iota
	valid
	unsure // that it ends in one place is all that can be said
)

var (
	plainDecimal = regexp.MustCompile(`^[0-9]+(\.[0-9]{1,18})?$`)
	rfc3339      = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$`)
	pairForm     = regexp.MustCompile(`^[A-Z0-9]{1,20}-[A-Z0-9]{1,20}$`)
	halfEscape   = regexp.MustCompile(`\\u[dD][89a-fA-F]`)
	longNumber   = regexp.MustCompile(`[0-9]{900}`)
)

// read takes a message value as docs/DESIGN.md describes an event, by Go's own JSON: of a key that is repeated the last
// one counts. It was published between began and ended.
func read(value []byte, began, ended time.Time) (e event, v verdict) {
	var fields map[string]json.RawMessage
	if !utf8.Valid(value) || !bytes.HasPrefix(bytes.TrimLeft(value, " \t\r\n"), []byte("{")) || json.Unmarshal(value, &fields) != nil {
		return e, refused
	}
	r := reader{fields: fields, verdict: valid}
	if beyondJackson(value, fields) {
		r.verdict = unsure
	}
	e.ID = r.text("event_id")
	r.must(e.ID != "" && e.ID[0] != '[' && e.ID[0] != '{')
	e.Pair = r.text("pair")
	r.must(pairForm.MatchString(e.Pair))
	e.Price = r.decimal("price").Decimal
	r.must(e.Price.IsPositive() && e.Price.LessThan(decimal.New(1, 12)))
	if e.Volume = r.decimal("volume_24h"); e.Volume.Valid {
		r.must(e.Volume.Decimal.LessThan(decimal.New(1, 20)))
	} else {
		r.must(r.absent("volume_24h"))
	}
	var ok bool
	e.At, ok = r.time("collected_at")
	r.must(ok && e.At.Before(ended.Add(15*time.Minute)))
	if e.At.After(began.Add(10 * time.Second)) { // by when Bronze took it
		r.doubt()
	}
	if !r.absent("quoted_at") {
		e.Quoted, ok = r.time("quoted_at")
		r.must(ok && !e.Quoted.Before(e.At.Add(-12*time.Hour)))
	}
	return e, r.verdict
}

// beyondJackson reports what Spark's JSON reader may refuse though it is JSON: 1,000 levels, numbers of 1,000 digits,
// names of 50,000 bytes; and half a surrogate, of which Go and Java make different characters.
func beyondJackson(value []byte, fields map[string]json.RawMessage) bool {
	for name := range fields {
		if len(name) > 40_000 {
			return true
		}
	}
	return bytes.Count(value, []byte("["))+bytes.Count(value, []byte("{")) > 900 || longNumber.Match(value) || halfEscape.Match(value)
}

type reader struct {
	fields  map[string]json.RawMessage
	verdict verdict
}

func (r *reader) must(ok bool) {
	if !ok && r.verdict == valid {
		r.verdict = refused
	}
}

func (r *reader) doubt() {
	if r.verdict == valid {
		r.verdict = unsure
	}
}

func (r *reader) absent(field string) bool {
	raw, ok := r.fields[field]
	return !ok || string(raw) == "null"
}

// text is a field as text: a string, or a number as it is written.
func (r *reader) text(field string) (text string) {
	if r.absent(field) {
		return ""
	}
	raw := r.fields[field]
	if raw[0] != '"' {
		if (field == "event_id" || field == "pair") && raw[0] != '[' && raw[0] != '{' { // Spark may write a number otherwise
			r.doubt()
		}
		return string(raw)
	}
	_ = json.Unmarshal(raw, &text)
	return text
}

func (r *reader) decimal(field string) (d decimal.NullDecimal) {
	text := r.text(field)
	if raw := r.fields[field]; len(raw) > 0 && raw[0] != '"' && (strings.HasPrefix(text, "-0") || len(text) > 18) {
		r.doubt() // zero has no sign there, and zeros behind the last digit are no decimals
	}
	if !plainDecimal.MatchString(text) {
		return d
	}
	value, err := decimal.NewFromString(text)
	return decimal.NullDecimal{Decimal: value, Valid: err == nil}
}

// time is to the microsecond, as Spark has it.
func (r *reader) time(field string) (at time.Time, ok bool) {
	text := r.text(field)
	if !rfc3339.MatchString(text) {
		return at, false
	}
	at, err := time.Parse(time.RFC3339Nano, strings.ToUpper(text))
	_, zone := at.Zone()
	return at.Add(-time.Duration(at.Nanosecond() % 1000)).UTC(), err == nil && max(zone, -zone) <= 18*60*60
}
