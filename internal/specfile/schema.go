package specfile

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Schema is a JSON schema (draft 2020-12) with words for what it asks for.
type Schema struct {
	Name string // the file's, such as spec.schema.json
	Text []byte
	// Words says what the patterns ask for, by the name of the definition or key they are under.
	Words map[string]string
	// Named are the definitions whose keys are names of the reader's own; such a key must be Words["name"].
	Named []string
	// OneOf says in words what a value must choose between, by the last word of its place in the schema.
	OneOf map[string]string

	compiled func() *jsonschema.Schema
}

// Compile prepares the schema for Validate. It panics, at the first Validate, if the text is not a
// schema: it is embedded, and a test would have noticed.
func (s Schema) Compile() *Schema {
	s.compiled = sync.OnceValue(func() *jsonschema.Schema {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(s.Text))
		if err != nil {
			panic(fmt.Sprintf("%s: %v", s.Name, err))
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource(s.Name, doc); err != nil {
			panic(fmt.Sprintf("%s: %v", s.Name, err))
		}
		return c.MustCompile(s.Name)
	})
	return &s
}

// Validate holds the document against the schema and returns every mistake.
func (s *Schema) Validate(d *Document) Errors {
	err := s.compiled().Validate(d.Tree)
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	return s.errors(d, invalid)
}

// errors returns the leaves of a validation error at their places in the file.
func (s *Schema) errors(d *Document, e *jsonschema.ValidationError) (errs Errors) {
	path := ""
	for _, token := range e.InstanceLocation {
		path = Child(path, token)
	}
	add := func(path, format string, args ...any) { errs = append(errs, d.At(path, format, args...)) }
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, key := range slices.Sorted(slices.Values(k.Properties)) {
			if slices.Contains(s.Named, location(e)) {
				add(Child(path, key), "%q must be %s", key, s.Words["name"])
				continue
			}
			add(Child(path, key), "unknown key %q", key)
		}
	case *kind.Required:
		for _, key := range k.Missing {
			add(path, "missing key %q", key)
		}
	case *kind.DependentRequired:
		add(Child(path, k.Prop), "%s needs %s beside it", k.Prop, strings.Join(k.Missing, ", "))
	case *kind.OneOf:
		add(path, "%s takes exactly one of %s", key(e), s.OneOf[location(e)])
	case *kind.Pattern:
		add(path, "%s: %q must be %s", key(e), k.Got, s.wanted(e, k))
	case *kind.Type:
		add(path, "%s must be %s, not %s", key(e), strings.Join(k.Want, " or "), k.Got)
	default:
		if len(e.Causes) == 0 {
			add(path, "%s: %s", key(e), e.ErrorKind.LocalizedString(english))
		}
		for _, cause := range e.Causes {
			errs = append(errs, s.errors(d, cause)...)
		}
	}
	return errs
}

var english = message.NewPrinter(language.English)

// key names the value that an error is about.
func key(e *jsonschema.ValidationError) string {
	if len(e.InstanceLocation) == 0 {
		return "the file"
	}
	return strings.Join(e.InstanceLocation, ".")
}

// location is the last word of where in the schema the broken rule is.
func location(e *jsonschema.ValidationError) string { return path.Base(e.SchemaURL) }

func (s *Schema) wanted(e *jsonschema.ValidationError, k *kind.Pattern) string {
	if words := s.Words[location(e)]; words != "" {
		return words
	}
	return "as " + k.Want
}
