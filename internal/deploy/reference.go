package deploy

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

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

// uses reports whether a text is somewhere in fields.
func uses(v any, text string) bool {
	switch v := v.(type) {
	case string:
		return v == text
	case map[string]any:
		for _, one := range v {
			if uses(one, text) {
				return true
			}
		}
	case []any:
		for _, one := range v {
			if uses(one, text) {
				return true
			}
		}
	}
	return false
}

// replace puts another text in the place of one.
func replace(v any, old, with string) any {
	switch v := v.(type) {
	case string:
		if v == old {
			return with
		}
	case map[string]any:
		c := make(map[string]any, len(v))
		for name, one := range v {
			c[name] = replace(one, old, with)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, one := range v {
			c[i] = replace(one, old, with)
		}
		return c
	}
	return v
}
