package deploy

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	var raw map[string]any
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		t.Fatal(err)
	}
	fields, err := canonical(raw)
	if err != nil {
		t.Fatal(err)
	}
	return fields
}

func shown(found []difference) []string {
	lines := []string{}
	for _, d := range found {
		lines = append(lines, d.path()+": "+short(d.old)+" → "+short(d.new))
	}
	return lines
}

func TestDifferences(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"nothing":                  {`{"a": {"b": [1]}}`, `{"a": {"b": [1]}}`, []string{}},
		"a field":                  {`{"a": {"b": 1}, "c": 1}`, `{"a": {"b": 2}, "d": "x"}`, []string{"a.b: 1 → 2", "c: 1 → none", `d: none → "x"`}},
		"what is left out is zero": {`{"a": 0, "b": "", "c": false, "d": {}, "e": [], "f": {"g": null}}`, `{}`, []string{}},
		"numbers as text":          {`{"id": "12", "x": 1.0}`, `{"id": 12, "x": 1}`, []string{}},
		"lists go by their key": {
			`{"tasks": [{"task_key": "b", "x": 1}, {"task_key": "a", "x": 1}]}`, `{"tasks": [{"task_key": "a", "x": 2}, {"task_key": "c"}]}`,
			[]string{"tasks[a].x: 1 → 2", `tasks[b]: {"task_key":"b","x":1} → none`, `tasks[c]: none → {"task_key":"c"}`},
		},
		"order means nothing":     {`{"on_failure": ["a", "b"]}`, `{"on_failure": ["b", "a"]}`, []string{}},
		"but in arguments":        {`{"parameters": ["a", "b"]}`, `{"parameters": ["b", "a"]}`, []string{`parameters: ["a","b"] → ["b","a"]`}},
		"lists without a key":     {`{"x": [{"a": 1}, {"a": 2}]}`, `{"x": [{"a": 1}, {"a": 3}]}`, []string{"x[1].a: 2 → 3"}},
		"another form":            {`{"x": {"a": 1}}`, `{"x": [1]}`, []string{`x: {"a":1} → [1]`}},
		"text with a point":       {`{"conf": {"spark.x": "1"}}`, `{"conf": {"spark.x": "2"}}`, []string{`conf[spark.x]: "1" → "2"`}},
		"who has which privilege": {`{"acl": [{"group_name": "a", "l": "R"}]}`, `{"acl": [{"user_name": "a", "l": "R"}]}`, []string{`acl[a].group_name: "a" → none`, `acl[a].user_name: none → "a"`}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, shown(differences(object(t, c.old), object(t, c.new)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDeviations: what a server adds is nobody's change; what it lacks, or has more of ours, is.
func TestDeviations(t *testing.T) {
	sent := object(t, `{"name": "x", "tags": {"a": "1"}, "timeout_seconds": 0, "queue": {"enabled": true},
		"tasks": [{"task_key": "a", "new_cluster": {"num_workers": 2, "apply_policy_default_values": true}}]}`)
	same := object(t, `{"name": "x", "tags": {"a": "1"}, "format": "MULTI_TASK", "queue": {"enabled": true}, "email_notifications": {},
		"tasks": [{"task_key": "a", "run_if": "ALL_SUCCESS", "new_cluster": {"num_workers": 2, "spark_env_vars": {"P": "x"}}}]}`)
	if found := deviations(Job, same, sent); len(found) > 0 {
		t.Errorf("phantoms: %v", shown(found))
	}
	changed := object(t, `{"name": "x", "tags": {"a": "1", "b": "2"}, "timeout_seconds": 60,
		"tasks": [{"task_key": "a", "new_cluster": {"num_workers": 3}}, {"task_key": "b"}]}`)
	want := []string{
		"queue.enabled: none → true", `tags.b: "2" → none`, "tasks[a].new_cluster.num_workers: 3 → 2",
		`tasks[b]: {"task_key":"b"} → none`, "timeout_seconds: 60 → 0",
	}
	if diff := cmp.Diff(want, shown(deviations(Job, changed, sent))); diff != "" {
		t.Error(diff)
	}
}

func TestDigest(t *testing.T) {
	a := Digest([]byte("# Databricks notebook source\nx = 1  \n\n\ny = 2"))
	if b := Digest([]byte("# Databricks notebook source\r\nx = 1\ny = 2\n")); a != b {
		t.Error("space that a workspace does not keep makes a difference")
	}
	if b := Digest([]byte("# Databricks notebook source\nx = 1\n  y = 2")); a == b {
		t.Error("an indent makes none")
	}
}

// put applies a difference to a value.
func put(v any, d difference, at []place) any {
	if len(at) == 0 {
		return d.new
	}
	switch p := at[0]; {
	case !p.item:
		o, _ := v.(map[string]any)
		if o = maps.Clone(o); o == nil {
			o = map[string]any{}
		}
		if o[p.name] = put(o[p.name], d, at[1:]); o[p.name] == nil {
			delete(o, p.name)
		}
		return o
	default:
		items, _ := v.([]any)
		items = slices.Clone(items)
		key := keyOf(items)
		i := slices.IndexFunc(items, func(one any) bool { return key != nil && key(one) == p.name })
		switch {
		case i < 0:
			items = append(items, put(nil, d, at[1:]))
		case len(at) == 1 && d.new == nil:
			items = slices.Delete(items, i, i+1)
		default:
			items[i] = put(items[i], d, at[1:])
		}
		return items
	}
}

// FuzzDifferences: what is applied to the old makes the new; nothing differs from itself, and from what JSON
// makes of it.
func FuzzDifferences(f *testing.F) {
	for _, seed := range [][2]string{
		{`{}`, `{"a": 1}`},
		{`{"tasks": [{"task_key": "a", "x": {"y": [1, 2]}}]}`, `{"tasks": [{"task_key": "b"}, {"task_key": "a", "x": {"y": [2]}}]}`},
		{`{"a": {"b": null}, "c": 0}`, `{"a": "", "c": [{}]}`},
		{`{"x": [{"name": "a"}, {"name": "a"}]}`, `{"x": [[1], {"name": ""}]}`},
		{`{"n": 10, "s": "10"}`, `{"n": "10.0", "s": 1e1}`},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		var rawOne, rawTwo map[string]any
		if json.Unmarshal(one, &rawOne) != nil || json.Unmarshal(two, &rawTwo) != nil {
			t.Skip()
		}
		a, err := canonical(rawOne)
		if err != nil {
			t.Skip()
		}
		b, err := canonical(rawTwo)
		if err != nil {
			t.Skip()
		}
		if found := differences(b, b); len(found) > 0 {
			t.Fatalf("it differs from itself: %v", shown(found))
		}
		if found := deviations(Alert, b, b); len(found) > 0 {
			t.Fatalf("it deviates from itself: %v", shown(found))
		}
		found := differences(a, b)
		if slices.ContainsFunc(found, func(d difference) bool { return positional(a, b, d) }) {
			t.Skip() // lists without a key are compared item by item, for people
		}
		var patched any = a
		for _, d := range found {
			patched = put(patched, d, d.at)
		}
		made, _ := patched.(map[string]any)
		if left := differences(made, b); len(left) > 0 {
			t.Fatalf("%s\nby %v\nmakes %s, still different: %v", one, shown(found), short(made), shown(left))
		}
	})
}

// positional reports whether a list on the way to a difference has no key.
func positional(a, b map[string]any, d difference) bool {
	for i, p := range d.at {
		if !p.item {
			continue
		}
		x, _ := look(any(a), d.at[:i]).([]any)
		y, _ := look(any(b), d.at[:i]).([]any)
		if keyOf(x, y) == nil || keyOf(x) == nil && len(x) > 0 {
			return true
		}
		for _, one := range x {
			if keyOf(x)(one) != keyOf(x, y)(one) {
				return true
			}
		}
	}
	return false
}
