package deploy

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// canonical returns fields as they are once they have been JSON: objects, lists, text, booleans and
// json.Number.
func canonical(fields map[string]any) (map[string]any, error) {
	text, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	c := map[string]any{}
	return c, d.Decode(&c)
}

const (
	// dashboardField is text that is compared as the JSON document that it is.
	dashboardField = "serialized_dashboard"
	// digestField stands for a content.
	digestField = "content_sha256"
)

// recorded is what the state keeps of fields that were sent, and what is compared: contents as their digest.
func recorded(fields map[string]any) (map[string]any, error) {
	c, err := canonical(fields)
	if err != nil {
		return nil, err
	}
	if content, ok := c["content"].(string); ok {
		source, err := base64.StdEncoding.DecodeString(content)
		if err != nil {
			return nil, fmt.Errorf("content is not base64: %w", err)
		}
		delete(c, "content")
		c[digestField] = Digest(source)
	}
	if text, ok := c[dashboardField].(string); ok {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var document any
		if d.Decode(&document) == nil {
			c[dashboardField] = document
		}
	}
	return c, nil
}

// Digest is the SHA-256 of a notebook's source without blank lines and space at the ends of lines, which a
// workspace does not give back as it got them.
func Digest(source []byte) string {
	h := sha256.New()
	for line := range bytes.Lines(source) {
		if line = bytes.TrimRight(line, " \t\r\n"); len(line) > 0 {
			h.Write(append(line, '\n'))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// blank values are what an API leaves out, and what leaving them out means.
func blank(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case json.Number:
		return v == "0"
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, one := range v {
			if !blank(one) {
				return false
			}
		}
		return true
	}
	return false
}

// same compares what is neither object nor list. Numbers that may be large come as text too.
func same(a, b any) bool {
	if a == b || blank(a) && blank(b) {
		return true
	}
	x, isNumber := number(a)
	y, isToo := number(b)
	return isNumber && isToo && x.Cmp(y) == 0
}

var plainNumber = regexp.MustCompile(`^-?[0-9]{1,40}(\.[0-9]{1,40})?$`)

func number(v any) (*big.Rat, bool) {
	var text string
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	if !plainNumber.MatchString(text) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}
