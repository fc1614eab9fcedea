package exchange_test

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/producer/exchange"
)

func TestPlainNumber(t *testing.T) {
	for _, tc := range []struct{ raw, want string }{
		{`"64231.12000000"`, "64231.12000000"}, {`64231.12`, "64231.12"}, {`0`, "0"}, {`"-1.50"`, "-1.50"},
		{`1e-05`, "0.00001"}, {`1.234E+3`, "1234"}, {`"8.12e-06"`, "0.00000812"}, {`12345678901234567890.123456789012345678`, "12345678901234567890.123456789012345678"},
		{`null`, ""}, {``, ""}, {`""`, ""}, {`"abc"`, ""}, {`true`, ""}, {`{}`, ""}, {`[1]`, ""}, {`"NaN"`, ""}, {`"Infinity"`, ""},
		{`1e999`, ""}, {`"0x10"`, ""}, {`"1_000"`, ""}, {`"1,5"`, ""}, {`" 1"`, ""}, {`"` + strings.Repeat("9", 101) + `"`, ""},
	} {
		got, err := exchange.PlainNumber(json.RawMessage(tc.raw))
		if got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("%s: %q, %v", tc.raw, got, err)
		}
	}
}

// FuzzPlainNumber compares with exact arithmetic: the text that comes out is the number that went in,
// and of the form that the Silver table takes.
func FuzzPlainNumber(f *testing.F) {
	for _, seed := range []string{`"64231.12000000"`, `1e-05`, `-0.0`, `null`, `"1E+30"`, `1.5e-99`, `"\u0031"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := exchange.PlainNumber(raw)
		if err != nil {
			return
		}
		if strings.ContainsAny(got, "eE+ ") || got == "" || len(got) > 250 {
			t.Fatalf("%q became %q", raw, got)
		}
		text := string(raw)
		if raw[0] == '"' {
			if err := json.Unmarshal(raw, &text); err != nil {
				t.Fatal(err)
			}
		}
		want, ok := new(big.Rat).SetString(text)
		is, ok2 := new(big.Rat).SetString(got)
		if !ok || !ok2 || want.Cmp(is) != 0 {
			t.Fatalf("%q became %q", raw, got)
		}
	})
}

// FuzzAnswers has any bytes as an answer of each API: the parsers neither panic nor make up a quote.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`[{"symbol":"BTCUSDT","lastPrice":"1.5","quoteVolume":"2","closeTime":1700000000000}]`))
	f.Add([]byte(`[{"id":"bitcoin","current_price":1.5e-5,"total_volume":null,"last_updated":"2026-11-23T18:50:00.123Z"},null,3]`))
	f.Add([]byte(`{"stream":"btcusdt@miniTicker","data":{"e":"24hrMiniTicker","E":1700000000000,"s":"BTCUSDT","c":"1","q":"2"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, quote := range exchange.Parse(body) {
			if _, err := quote.Message(); err != nil || quote.Pair == "" || quote.Price == "" {
				t.Fatalf("%+v: %v", quote, err)
			}
		}
	})
}
