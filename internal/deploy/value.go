package deploy

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
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

var reference = regexp.MustCompile(`\$\{([^{}]+)\.id\}`)

// resolve replaces references by ids; what has none yet stays.
func resolve(v any, id func(key string) string) any {
	switch v := v.(type) {
	case string:
		return reference.ReplaceAllStringFunc(v, func(ref string) string {
			if found := id(reference.FindStringSubmatch(ref)[1]); found != "" {
				return found
			}
			return ref
		})
	case map[string]any:
		c := make(map[string]any, len(v))
		for name, one := range v {
			c[name] = resolve(one, id)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, one := range v {
			c[i] = resolve(one, id)
		}
		return c
	}
	return v
}

// references returns the keys that a value refers to.
func references(v any) []string {
	keys := map[string]bool{}
	resolve(v, func(key string) string {
		keys[key] = true
		return ""
	})
	return slices.Sorted(maps.Keys(keys))
}

// Mark is what ours carry of the kinds that are Marked: fit for a tag of every cloud, 63 characters at most.
func mark(lineage, key string) string {
	m := lineage + "_" + strings.NewReplacer(".", "-", "_", "-").Replace(key)
	return m[:min(len(m), 63)]
}

// MarkTag is the tag with the mark.
const MarkTag = "lakectl"

// marked returns a resource's fields with its mark.
func marked(kind Kind, fields map[string]any, mark string) map[string]any {
	c := maps.Clone(fields)
	if c == nil {
		c = map[string]any{}
	}
	switch kind {
	case Job:
		tags, _ := c["tags"].(map[string]any)
		if tags = maps.Clone(tags); tags == nil {
			tags = map[string]any{}
		}
		tags[MarkTag] = mark
		c["tags"] = tags
	case Warehouse:
		tags, _ := c["tags"].(map[string]any)
		custom, _ := tags["custom_tags"].([]any)
		c["tags"] = map[string]any{"custom_tags": append(slices.Clone(custom), map[string]any{"key": MarkTag, "value": mark})}
	}
	return c
}
