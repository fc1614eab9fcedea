package exchange

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// longestNumber is in characters; the largest volume in the smallest currency has some forty.
const longestNumber = 100

var (
	plainNumber    = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	exponentNumber = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,2}$`) // two digits bound the text
)

var errNull = errors.New("it is null")

// plain returns a number of an API's answer as plain decimal text: the very characters that came, or,
// where they have an exponent, all digits written out. The number may be a JSON number or a string.
func plain(raw json.RawMessage) (string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", errNull
	}
	text := string(raw)
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return "", fmt.Errorf("it is not text: %w", err)
		}
	}
	switch {
	case len(text) > longestNumber:
		return "", fmt.Errorf("it has %d characters", len(text))
	case plainNumber.MatchString(text):
		return text, nil
	case exponentNumber.MatchString(text):
		number, err := decimal.NewFromString(text)
		if err != nil {
			return "", fmt.Errorf("%q is not a number: %w", text, err)
		}
		return number.String(), nil
	}
	return "", fmt.Errorf("%q is not a number", clip(text))
}

// millis reads a time in milliseconds since 1970, within the years that an event can write.
func millis(raw json.RawMessage) (time.Time, error) {
	text, err := plain(raw)
	if err != nil {
		return time.Time{}, err
	}
	const year10000 = 253_402_300_800_000
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 || n >= year10000 {
		return time.Time{}, fmt.Errorf("%s is no time in milliseconds", text)
	}
	return time.UnixMilli(n).UTC(), nil
}

// clip shortens what a server said to what fits into a line, without control characters.
func clip(text string) string {
	const longest = 160 // bytes
	if len(text) > longest {
		text = text[:longest] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
