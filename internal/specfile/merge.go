package specfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Merge returns base with what over says differently: mappings are merged key by key, any other value,
// a list too, is replaced, and null takes a key of base away. A value keeps its place in the file that it is
// from. Neither document changes.
func Merge(base, over *Document) *Document {
	m := &Document{File: over.File, Errs: slices.Concat(base.Errs, over.Errs), places: maps.Clone(base.places)}
	m.places[""] = over.places[""]
	m.Tree = m.merge("", base.Tree, over.Tree, over)
	return m
}

func (d *Document) merge(path string, base, value any, over *Document) any {
	from, isMap := base.(map[string]any)
	changes, both := value.(map[string]any)
	if where, found := over.places[path]; found && path != "" {
		d.places[path] = where
	}
	if !isMap || !both {
		maps.DeleteFunc(d.places, func(at string, _ place) bool { return strings.HasPrefix(at, path+"/") })
		for at, where := range over.places {
			if strings.HasPrefix(at, path+"/") {
				d.places[at] = where
			}
		}
		return value
	}
	merged := maps.Clone(from)
	for key, change := range changes {
		if change == nil {
			delete(merged, key)
			continue
		}
		merged[key] = d.merge(Child(path, key), merged[key], change, over)
	}
	return merged
}

var reference = regexp.MustCompile(`\$\{([^}]*)\}`)

// Expand replaces each ${name} in the document's strings by what value says. An error of value is
// reported at the string's place, and the string stays as it is.
func (d *Document) Expand(value func(name string) (string, error)) {
	d.Tree = d.expand("", d.Tree, value)
}

func (d *Document) expand(path string, node any, value func(string) (string, error)) any {
	switch n := node.(type) {
	case map[string]any:
		expanded := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(n)) {
			expanded[key] = d.expand(Child(path, key), n[key], value)
		}
		return expanded
	case []any:
		expanded := make([]any, len(n))
		for i := range n {
			expanded[i] = d.expand(Child(path, strconv.Itoa(i)), n[i], value)
		}
		return expanded
	case string:
		text, err := Expand(n, value)
		if err != nil {
			d.Errs = append(d.Errs, d.At(path, "%v", err))
		}
		return text
	}
	return node
}

// Expand replaces each ${name} in a text by what value says, and returns value's first error.
func Expand(text string, value func(name string) (string, error)) (string, error) {
	var failed error
	expanded := reference.ReplaceAllStringFunc(text, func(found string) string {
		replacement, err := value(found[2 : len(found)-1])
		if err != nil {
			if failed == nil {
				failed = err
			}
			return found
		}
		return replacement
	})
	return expanded, failed
}

// Set puts a value, written as in YAML, at a path of keys with dots between. The mapping that is to hold it
// must be there.
func (d *Document) Set(path, text string) error {
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return fmt.Errorf("%q is not a value: %w", text, err)
	}
	keys := strings.Split(path, ".")
	tree := map[string]any{keys[len(keys)-1]: value}
	for i := len(keys) - 2; i >= 0; i-- {
		tree = map[string]any{keys[i]: tree}
	}
	*d = *Merge(d, &Document{File: d.File, Tree: tree, places: map[string]place{"": d.places[""]}})
	return nil
}

// Remove takes a top-level key away, or gives it another text where that is not "".
func (d *Document) Remove(key, instead string) {
	tree := maps.Clone(d.Tree.(map[string]any))
	if tree[key] = instead; instead == "" {
		delete(tree, key)
	}
	d.Tree = tree
}

// DecodeTree puts the document's values, as merged and expanded, into a struct with json tags. A key that
// the struct lacks is an error.
func (d *Document) DecodeTree(into any) error {
	text, err := json.Marshal(d.Tree)
	if err != nil {
		return fmt.Errorf("%s: %w", d.File, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", d.File, err)
	}
	return nil
}
