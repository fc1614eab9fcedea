package deploy

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// place is a step of the way to a field: a field's name, or an item of a list by its key or number.
type place struct {
	name string
	item bool
}

// difference is a field that is not the same on both sides; nil stands for none.
type difference struct {
	at       []place
	old, new any
}

// path is the way to a field as people write it: tasks[bronze].timeout_seconds.
func (d difference) path() string {
	var b strings.Builder
	for i, p := range d.at {
		switch {
		case p.item || strings.Contains(p.name, "."):
			fmt.Fprintf(&b, "[%s]", p.name)
		case i == 0:
			b.WriteString(p.name)
		default:
			b.WriteString("." + p.name)
		}
	}
	return b.String()
}

// compare walks two sets of fields.
type compare struct {
	// partial looks at the fields of new only: the other side has fields of its own.
	partial bool
	// skip leaves out fields by their name.
	skip  func(name string) bool
	found []difference
}

// differences returns what changes from old to new.
func differences(old, new map[string]any) []difference {
	c := compare{skip: func(string) bool { return false }}
	c.objects(nil, old, new)
	return c.found
}

// deviations returns where a workspace's fields are not what they should be, of those that we set.
func deviations(kind Kind, remote, should map[string]any) []difference {
	c := compare{partial: true, skip: kinds[kind].isUnread}
	c.objects(nil, remote, should)
	return c.found
}

func (c *compare) values(at []place, old, new any) {
	switch n := new.(type) {
	case map[string]any:
		if o, ok := old.(map[string]any); ok || blank(old) {
			c.objects(at, o, n)
			return
		}
	case []any:
		if o, ok := old.([]any); ok || blank(old) {
			c.lists(at, o, n)
			return
		}
	default:
		switch o := old.(type) {
		case map[string]any:
			if n == nil && !c.partial {
				c.objects(at, o, nil)
				return
			}
		case []any:
			if n == nil {
				c.lists(at, o, nil)
				return
			}
		default:
			if same(old, new) {
				return
			}
		}
	}
	if blank(old) && blank(new) {
		return
	}
	c.found = append(c.found, difference{slices.Clone(at), old, new})
}

// ours are the objects whose every entry is ours: one more was added by somebody.
func ours(at []place) bool { return len(at) == 1 && at[0].name == "tags" }

func (c *compare) objects(at []place, old, new map[string]any) {
	names := maps.Clone(new)
	if !c.partial || ours(at) {
		names = maps.Clone(old)
		if names == nil {
			names = map[string]any{}
		}
		maps.Copy(names, new)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if c.skip(name) {
			continue
		}
		c.values(append(at, place{name: name}), old[name], new[name])
	}
}

func (c *compare) lists(at []place, old, new []any) {
	key := keyOf(old, new)
	switch {
	case key != nil:
		c.keyed(at, old, new, key)
	case scalars(old) && scalars(new):
		if !slices.EqualFunc(ordered(at, old), ordered(at, new), same) {
			c.found = append(c.found, difference{slices.Clone(at), list(old), list(new)})
		}
	default:
		for i := range max(len(old), len(new)) {
			c.values(append(at, place{fmt.Sprint(i), true}), item(old, i), item(new, i))
		}
	}
}

// keyed compares lists of objects that have a natural key: their order says nothing.
func (c *compare) keyed(at []place, old, new []any, key func(any) string) {
	was, is := byKey(old, key), byKey(new, key)
	all := maps.Clone(was)
	maps.Copy(all, is)
	for _, k := range slices.Sorted(maps.Keys(all)) {
		at := append(at, place{k, true})
		o, n := was[k], is[k]
		if o == nil || n == nil {
			c.found = append(c.found, difference{slices.Clone(at), o, n})
			continue
		}
		c.values(at, o, n)
	}
}

func scalars(items []any) bool {
	return !slices.ContainsFunc(items, func(v any) bool {
		switch v.(type) {
		case map[string]any, []any:
			return true
		}
		return false
	})
}

// ordered returns a list of plain values for comparison: only arguments have an order.
func ordered(at []place, items []any) []any {
	if len(at) > 0 && at[len(at)-1].name == "parameters" {
		return items
	}
	return slices.SortedFunc(slices.Values(items), func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}

func item(items []any, i int) any {
	if i < len(items) {
		return items[i]
	}
	return nil
}

// list is nil for none, so that it is shown as none.
func list(items []any) any {
	if len(items) == 0 {
		return nil
	}
	return items
}

// look returns the value at a difference's place.
func look(v any, at []place) any {
	for _, p := range at {
		switch o := v.(type) {
		case map[string]any:
			v = o[p.name]
		case []any:
			v = lookItem(o, p.name)
		default:
			return nil
		}
	}
	return v
}

func lookItem(items []any, name string) any {
	if key := keyOf(items); key != nil {
		return byKey(items, key)[name]
	}
	for i, v := range items {
		if fmt.Sprint(i) == name {
			return v
		}
	}
	return nil
}

// short is a value on one line of a plan.
func short(v any) string {
	if v == nil {
		return "none"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	const most = 100
	if r := []rune(string(text)); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return string(text)
}
