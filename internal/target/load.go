package target

import (
	_ "embed"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/cryptostream/lakectl/infra"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/specfile"
)

// Schema is the JSON schema of a target (draft 2020-12), for editors and documentation.
//
//go:embed target.schema.json
var Schema []byte

var schema = specfile.Schema{
	Name: "target.schema.json", Text: Schema,
	Words: map[string]string{
		"name":     "a name: small letters, digits, - and _, beginning with a letter",
		"object":   "a name without slashes, dots and spaces",
		"duration": "a duration such as 10s",
		"broker":   "host:port",
		"location": "a URI such as s3a://bucket/lake, or a volume's path such as /Volumes/main/crypto/lakectl",
		"folder":   "a folder of the workspace, beginning with /Workspace/",
		"remote":   "sc://host:port/;key=value, without a token",
	},
	Named: []string{"conf", "tags", "values"},
	OneOf: map[string]string{"identity": "user and service_principal", "permission": "group, user and service_principal", "git": "branch, tag and commit"},
}.Compile()

// Errors are all the mistakes in a target, by file and position.
type Errors struct{ specfile.Errors }

// Hint says where the form of a target is written down.
func (Errors) Hint() string {
	return "docs/databricks.md has an example of a target; internal/target/target.schema.json describes every key"
}

// Variables are what ${…} in a target stands for, besides ${target}, ${catalog} and ${schema}.
type Variables struct {
	// User is who deploys, as the workspace names them: jane.doe@example.com. ${user_name} is that, ${user}
	// the part before the @ made fit for a schema's name: jane_doe.
	User string
	// Env answers ${env.NAME}.
	Env func(name string) (string, bool)
	// Set are keys that the command line says differently, such as kafka.topic.
	Set map[string]string
}

// Set is the targets that can be named.
type Set struct {
	documents map[string]*specfile.Document
}

// Load reads the targets that the binary carries and those in own, NAME.yaml at its root; own may be nil.
// A target of the user's replaces one of the binary's that has its name, unless it extends that.
func Load(own fs.FS) (*Set, error) {
	s := &Set{documents: map[string]*specfile.Document{}}
	shipped, err := fs.Sub(infra.Targets, "targets")
	if err != nil {
		return nil, err
	}
	if err := s.read(shipped); err != nil {
		return nil, err
	}
	if own == nil {
		return s, nil
	}
	return s, s.read(own)
}

func (s *Set) read(fsys fs.FS) error {
	files, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return fmt.Errorf("read targets: %w", err)
	}
	var errs specfile.Errors
	found := map[string]*specfile.Document{}
	for _, file := range files {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			return fmt.Errorf("read target %s: %w", file, err)
		}
		d := specfile.Read(file, text)
		errs = append(errs, d.Errs...)
		found[strings.TrimSuffix(path.Base(file), ".yaml")] = d
	}
	if len(errs) > 0 {
		return Errors{errs.Sorted()}
	}
	for name, d := range found {
		// One that extends its own name is about the one that was read before.
		if base := s.documents[name]; base != nil && d.Text("extends") == name {
			d = specfile.Merge(base, d)
			d.Remove("extends", base.Text("extends"))
		}
		s.documents[name] = d
	}
	return nil
}

// Names returns the targets' names, sorted.
func (s *Set) Names() []string { return slices.Sorted(maps.Keys(s.documents)) }

// Resolve returns the target of that name. Mistakes in it are reported all at once, as Errors.
func (s *Set) Resolve(name string, v Variables) (Target, error) {
	d, err := s.extended(name, nil)
	if err != nil {
		return Target{}, err
	}
	for key, text := range v.Set {
		if err := d.Set(key, text); err != nil {
			return Target{}, exit.New(exit.Usage, fmt.Errorf("--set %s: %w", key, err), "")
		}
	}
	values := v.values(name, d)
	d.Expand(values)
	errs := d.Errs
	if len(errs) == 0 {
		errs = schema.Validate(d)
	}
	if len(errs) > 0 {
		return Target{}, Errors{errs.Sorted()}
	}
	var t Target
	d.Remove("apiVersion", "")
	d.Remove("kind", "")
	d.Remove("extends", "")
	if err := d.DecodeTree(&t); err != nil {
		return Target{}, err
	}
	t.File = d.File
	t.Kafka.Brokers = slices.Collect(each(t.Kafka.Brokers))
	if errs := t.check(d, name); len(errs) > 0 {
		return Target{}, Errors{errs.Sorted()}
	}
	return t, nil
}

// each splits lists such as a variable may hold: "b1:9092,b2:9092".
func each(lists []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, list := range lists {
			for one := range strings.SplitSeq(list, ",") {
				if !yield(strings.TrimSpace(one)) {
					return
				}
			}
		}
	}
}

// extended returns a target merged into those that it extends.
func (s *Set) extended(name string, above []string) (*specfile.Document, error) {
	d, found := s.documents[name]
	if !found {
		return nil, s.unknown(name)
	}
	base := d.Text("extends")
	if base == "" {
		own := *d // the caller changes it
		return &own, nil
	}
	if above = append(above, name); slices.Contains(above, base) {
		return nil, Errors{specfile.Errors{d.At("/extends", "a circle: %s", strings.Join(append(above, base), " extends "))}}
	}
	from, err := s.extended(base, above)
	if err != nil {
		return nil, err
	}
	return specfile.Merge(from, d), nil
}

func (s *Set) unknown(name string) error {
	hint := "there are " + strings.Join(s.Names(), ", ") + "; a file NAME.yaml in the targets' folder makes another"
	if near := nearest(name, s.Names()); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return exit.New(exit.Usage, fmt.Errorf("there is no target %q", name), hint)
}

// values answers the variables of a target. ${catalog} and ${schema} may themselves have variables.
func (v Variables) values(name string, d *specfile.Document) func(string) (string, error) {
	var value func(string, bool) (string, error)
	value = func(variable string, nested bool) (string, error) {
		switch variable {
		case "target":
			return name, nil
		case "user_name":
			return v.User, nil
		case "user":
			return shortName(v.User), nil
		}
		if env, isEnv := strings.CutPrefix(variable, "env."); isEnv {
			if text, found := v.Env(env); found && text != "" {
				return text, nil
			}
			return "", fmt.Errorf("the environment variable %s is not set", env)
		}
		if (variable == "catalog" || variable == "schema") && !nested {
			return specfile.Expand(d.Text(variable), func(inner string) (string, error) { return value(inner, true) })
		}
		return "", fmt.Errorf("there is no variable ${%s}; there are ${target}, ${catalog}, ${schema}, ${user}, ${user_name} and ${env.NAME}", variable)
	}
	return func(variable string) (string, error) { return value(variable, false) }
}

// shortName is the part of a user's name before the @, fit for the name of a schema.
func shortName(user string) string {
	name, _, _ := strings.Cut(user, "@")
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, name)
}
