package jobs

import (
	"bytes"
	_ "embed"
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

// Schema is the JSON schema of a spec (draft 2020-12), for editors and documentation.
//
//go:embed spec.schema.json
var Schema []byte

// compiledSchema panics if the embedded schema is broken, which a test would have noticed.
var compiledSchema = sync.OnceValue(func() *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	if err != nil {
		panic(fmt.Sprintf("jobs: spec.schema.json: %v", err))
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("spec.schema.json", doc); err != nil {
		panic(fmt.Sprintf("jobs: spec.schema.json: %v", err))
	}
	return c.MustCompile("spec.schema.json")
})

// patterns says in words what the named patterns of the schema ask for.
var patterns = map[string]string{
	"name":       "a name: small letters, digits and _, not beginning with a digit",
	"text":       "a text that says something",
	"topic":      "a Kafka topic's name",
	"sqlFile":    "the name of a .sql file in the spec's folder",
	"parseFile":  "the name of a file parsed_<rows>.sql in the spec's folder",
	"duration":   "a duration such as 24h or 30s",
	"size":       "a size such as 64m",
	"columnType": "a type of Spark's DDL such as DECIMAL(38,18)",
}

// named are the parts of the schema whose keys are names of the reader's own.
var named = map[string]bool{"columns": true, "constraints": true}

// validate holds the document against the schema and returns every mistake.
func validate(d *document) Errors {
	err := compiledSchema().Validate(d.tree)
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	return schemaErrors(d, invalid)
}

// schemaErrors returns the leaves of a validation error at their places in the file.
func schemaErrors(d *document, e *jsonschema.ValidationError) (errs Errors) {
	path := ""
	for _, token := range e.InstanceLocation {
		path = child(path, token)
	}
	add := func(path, format string, args ...any) { errs = append(errs, d.at(path, format, args...)) }
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, key := range slices.Sorted(slices.Values(k.Properties)) {
			if named[location(e)] {
				add(child(path, key), "%q must be %s", key, patterns["name"])
				continue
			}
			add(child(path, key), "unknown key %q", key)
		}
	case *kind.Required:
		for _, key := range k.Missing {
			add(path, "missing key %q", key)
		}
	case *kind.DependentRequired:
		add(child(path, k.Prop), "%s needs %s beside it", k.Prop, strings.Join(k.Missing, ", "))
	case *kind.OneOf:
		add(path, "%s takes exactly one of kafka and table", key(e))
	case *kind.Pattern:
		add(path, "%s: %q must be %s", key(e), k.Got, wanted(e, k))
	case *kind.Type:
		add(path, "%s must be %s, not %s", key(e), strings.Join(k.Want, " or "), k.Got)
	default:
		if len(e.Causes) == 0 {
			add(path, "%s: %s", key(e), e.ErrorKind.LocalizedString(english))
		}
		for _, cause := range e.Causes {
			errs = append(errs, schemaErrors(d, cause)...)
		}
	}
	return errs
}

var english = message.NewPrinter(language.English)

// key names the value that an error is about.
func key(e *jsonschema.ValidationError) string {
	if len(e.InstanceLocation) == 0 {
		return "the spec"
	}
	return strings.Join(e.InstanceLocation, ".")
}

// location is the last word of where in the schema the broken rule is.
func location(e *jsonschema.ValidationError) string { return path.Base(e.SchemaURL) }

func wanted(e *jsonschema.ValidationError, k *kind.Pattern) string {
	if words := patterns[location(e)]; words != "" {
		return words
	}
	return "as " + k.Want
}
