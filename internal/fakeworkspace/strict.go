package fakeworkspace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// read holds a body against the SDK's type of the request: fields that it does not have, values of another
// type and values that an enum does not have are refused. The body comes back as it is written and as the
// type.
func read[T any](c *call) (object, T, *Error) {
	var typed T
	var any any
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil, typed, malformed("Could not parse request object: the body is empty")
	}
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.UseNumber()
	if err := d.Decode(&any); err != nil {
		return nil, typed, malformed("Could not parse request object: %s", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, typed, malformed("Could not parse request object: text after its end")
	}
	if failed := conform(any, reflect.TypeFor[T](), ""); failed != nil {
		return nil, typed, failed
	}
	if err := json.Unmarshal(c.body, &typed); err != nil {
		return nil, typed, malformed("Could not parse request object: %s", err)
	}
	return any.(object), typed, nil
}

// conform tells what of a JSON value the type does not have.
func conform(value any, t reflect.Type, at string) *Error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if value == nil || t.Kind() == reflect.Interface {
		return nil
	}
	switch v := value.(type) {
	case object:
		return conformObject(v, t, at)
	case []any:
		if t.Kind() != reflect.Slice {
			return mistyped(at, t, "an array")
		}
		for i, item := range v {
			if failed := conform(item, t.Elem(), fmt.Sprintf("%s[%d]", at, i)); failed != nil {
				return failed
			}
		}
	case string:
		return conformText(v, t, at)
	case json.Number:
		// int64 may come as text too, so numbers are what is left.
		if k := t.Kind(); k != reflect.Int && k != reflect.Int64 && k != reflect.Float64 && k != reflect.Int32 {
			return mistyped(at, t, "a number")
		}
	case bool:
		if t.Kind() != reflect.Bool {
			return mistyped(at, t, "a boolean")
		}
	}
	return nil
}

func conformObject(o object, t reflect.Type, at string) *Error {
	if t.Kind() == reflect.Map {
		for name, item := range o {
			if failed := conform(item, t.Elem(), join(at, name)); failed != nil {
				return failed
			}
		}
		return nil
	}
	if t.Kind() != reflect.Struct {
		return mistyped(at, t, "an object")
	}
	fields := fieldsOf(t)
	names := make([]string, 0, len(o))
	for name := range o {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		field, ok := fields[name]
		if !ok {
			return malformed("Could not parse request object: unknown field %q", join(at, name))
		}
		if failed := conform(o[name], field.Type, join(at, name)); failed != nil {
			return failed
		}
	}
	for field := range t.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if _, given := o[name]; !given && fields[name].Name != "" && options != "omitempty" {
			return invalid("Missing required field: %s", join(at, name))
		}
	}
	return nil
}

// conformText asks an enum, which has a Set, whether it has the value.
func conformText(text string, t reflect.Type, at string) *Error {
	if enum, ok := reflect.New(t).Interface().(interface{ Set(string) error }); ok {
		if err := enum.Set(text); err != nil {
			return invalid("%s: %s", at, err)
		}
		return nil
	}
	if k := t.Kind(); k != reflect.String && t.PkgPath() == "" {
		return mistyped(at, t, "a string")
	}
	return nil
}

func mistyped(at string, t reflect.Type, is string) *Error {
	return malformed("Could not parse request object: %s must be of type %s, not %s", at, t, is)
}

// fieldsOf are a struct's fields by their names in JSON.
func fieldsOf(t reflect.Type) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for field := range t.Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" && name != "-" {
			fields[name] = field
		}
	}
	return fields
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

// list is a field that is an array of objects; nil if it is missing.
func list(o object, name string) []object {
	items, _ := o[name].([]any)
	all := make([]object, 0, len(items))
	for _, item := range items {
		if one, ok := item.(object); ok {
			all = append(all, one)
		}
	}
	return all
}

// text is a field that is text; "" if it is missing.
func text(o object, name string) string {
	s, _ := o[name].(string)
	return s
}

// fallback sets a field that is missing.
func fallback(o object, name string, value any) {
	if old, ok := o[name]; !ok || old == nil {
		o[name] = value
	}
}
