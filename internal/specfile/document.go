// Package specfile reads YAML files that people write, such as jobs and targets: each value with its
// place in the file, held against a JSON schema, every mistake reported at once as file:line:col: message.
package specfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// A spec is a few kilobytes; what is far larger is not one.
const (
	// MaxBytes is the size above which a file is refused.
	MaxBytes = 1 << 20
	maxDepth = 32
)

// Document is a parsed YAML file.
type Document struct {
	File string
	Tree any // the file as JSON has it: maps, slices, strings, numbers; nil where it could not be read
	Errs Errors

	root   *yaml.Node
	places map[string]place // by JSON pointer, such as /sink/table
}

// place is where a value's key is, or the value itself if it has no key.
type place struct {
	file      string
	line, col int
}

// Read parses one file. If it reports an error of form, Tree is nil; a repeated key is reported too, and
// its first value stands.
func Read(file string, text []byte) *Document {
	d := &Document{File: file, places: map[string]place{"": {file, 1, 1}}}
	root, err := parseYAML(text)
	if err != nil {
		d.Errs = append(d.Errs, Error{file, err.Line, err.Col, err.Message})
		return d
	}
	d.root = root
	if tree, ok := d.walk("", root, 0); ok {
		d.Tree = tree
	}
	return d
}

// parseYAML returns the only document's content.
func parseYAML(text []byte) (*yaml.Node, *Error) {
	if len(text) > MaxBytes {
		return nil, &Error{Message: fmt.Sprintf("the file has more than %d bytes", MaxBytes)}
	}
	if bad := InvalidUTF8(text); bad != nil {
		return nil, bad
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, next yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) || err == nil && emptyDocument(&doc) {
		return nil, &Error{Line: 1, Col: 1, Message: "the file is empty; it should begin with apiVersion: lakectl/v1"}
	}
	if err != nil {
		return nil, syntaxError(err, text)
	}
	switch err := dec.Decode(&next); {
	case errors.Is(err, io.EOF):
		return doc.Content[0], nil
	case err != nil:
		return nil, syntaxError(err, text)
	default:
		return nil, &Error{Line: max(next.Line, 1), Col: max(next.Column, 1), Message: "a second YAML document begins here; a file holds one"}
	}
}

// emptyDocument tells whether there is nothing but comments or ---.
func emptyDocument(doc *yaml.Node) bool {
	return len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" && doc.Content[0].Value == ""
}

var (
	yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)
	// The errors of yaml.v3's parser, unlike its scanner's, count lines from 0.
	yamlParserError = regexp.MustCompile(`^did not find expected (<document start>|',' or|'-' indicator|key$|node content)`)
)

// syntaxError says where yaml.v3 stopped, as a line. The most frequent mistake, a tab, is looked
// for here: yaml.v3 reports it on other lines and in other words.
func syntaxError(err error, text []byte) *Error {
	for i, line := range strings.Split(string(text), "\n") {
		if col := strings.IndexByte(line, '\t'); col >= 0 && strings.TrimSpace(line[:col]) == "" {
			return &Error{Line: i + 1, Col: col + 1, Message: "a tab in the indentation; YAML takes spaces only"}
		}
	}
	found := yamlError.FindStringSubmatch(strings.SplitN(err.Error(), "\n", 2)[0])
	if found == nil {
		return &Error{Line: 1, Col: 1, Message: err.Error()}
	}
	line, _ := strconv.Atoi(found[1])
	if yamlParserError.MatchString(found[2]) {
		line++
	}
	return &Error{Line: max(line, 1), Col: 1, Message: "not YAML: " + found[2]}
}

// InvalidUTF8 returns where text stops being UTF-8, or nil.
func InvalidUTF8(text []byte) *Error {
	for at := 0; at < len(text); {
		r, n := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && n == 1 {
			line, col := Position(text, at)
			return &Error{Line: line, Col: col, Message: "not UTF-8"}
		}
		at += n
	}
	return nil
}

// Position returns the line and column, in characters, of a byte offset.
func Position(text []byte, at int) (line, col int) {
	before := text[:at]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

func (d *Document) fail(at *yaml.Node, format string, args ...any) {
	d.Errs = append(d.Errs, Error{d.File, at.Line, at.Column, fmt.Sprintf(format, args...)})
}

// Decode puts the file's values into a struct with yaml tags.
func (d *Document) Decode(into any) error { return d.root.Decode(into) }

// walk returns n as plain values and notes the places of its children; ok is false if the file uses
// a part of YAML that a spec has no use for.
func (d *Document) walk(path string, n *yaml.Node, depth int) (value any, ok bool) {
	switch {
	case depth > maxDepth:
		d.fail(n, "nested more than %d deep", maxDepth)
		return nil, false
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		d.fail(n, "anchors and aliases are not taken; write the value out")
		return nil, false
	}
	switch n.Kind {
	case yaml.MappingNode:
		return d.walkMapping(path, n, depth)
	case yaml.SequenceNode:
		return d.walkSequence(path, n, depth)
	default:
		return d.scalar(n)
	}
}

func (d *Document) walkMapping(path string, n *yaml.Node, depth int) (any, bool) {
	values, sound := map[string]any{}, true
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.Anchor != "" || key.Tag == "!!merge" {
			d.fail(key, "a key must be a plain word")
			sound = false
			continue
		}
		at := Child(path, key.Value)
		if first, repeated := d.places[at]; repeated {
			d.fail(key, "key %q is already on line %d", key.Value, first.line)
			continue
		}
		d.places[at] = place{d.File, key.Line, key.Column}
		value, ok := d.walk(at, n.Content[i+1], depth+1)
		values[key.Value], sound = value, sound && ok
	}
	return values, sound
}

func (d *Document) walkSequence(path string, n *yaml.Node, depth int) (any, bool) {
	values, sound := make([]any, len(n.Content)), true
	for i, item := range n.Content {
		at := Child(path, strconv.Itoa(i))
		d.places[at] = place{d.File, item.Line, item.Column}
		value, ok := d.walk(at, item, depth+1)
		values[i], sound = value, sound && ok
	}
	return values, sound
}

// scalar returns what JSON has too; anything else, such as a date, stays text.
func (d *Document) scalar(n *yaml.Node) (any, bool) {
	switch n.Tag {
	case "!!str", "!!timestamp":
		return n.Value, true
	case "!!null", "!!bool", "!!int", "!!float":
	default:
		d.fail(n, "the tag %s is not taken", n.Tag)
		return nil, false
	}
	var value any
	if err := n.Decode(&value); err != nil {
		d.fail(n, "%q is not a %s", n.Value, strings.TrimPrefix(n.Tag, "!!"))
		return nil, false
	}
	if f, isFloat := value.(float64); isFloat && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return n.Value, true
	}
	return value, true
}

// At returns an error at a JSON pointer. If the path itself is not in the file, it is at what would hold it.
func (d *Document) At(path, format string, args ...any) Error {
	where, found := d.places[path]
	for !found {
		path = path[:max(strings.LastIndexByte(path, '/'), 0)]
		where, found = d.places[path]
	}
	return Error{where.file, where.line, where.col, fmt.Sprintf(format, args...)}
}

// Child returns the JSON pointer of a key below path.
func Child(path, key string) string {
	return path + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

// Text returns the string at a path of keys, or "".
func (d *Document) Text(keys ...string) string {
	value := d.Tree
	for _, key := range keys {
		m, _ := value.(map[string]any)
		value = m[key]
	}
	s, _ := value.(string)
	return s
}
