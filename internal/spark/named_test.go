package spark

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNamed(t *testing.T) {
	pair := func(key, value any) Struct { return Struct{{"key", key}, {"value", value}} }
	rows := Rows{Columns: []string{"id", "metrics", "properties", "columns", "none"}, Values: [][]any{{
		int64(7), Struct{{"files", Struct{{"min", int64(1)}}}}, []any{pair("a", "1"), pair("b", nil)}, []any{"x", "y"}, []any{},
	}}}
	want := []map[string]any{{
		"id": int64(7), "metrics": map[string]any{"files": map[string]any{"min": int64(1)}}, "properties": map[string]string{"a": "1", "b": ""},
		"columns": []any{"x", "y"}, "none": []any{},
	}}
	if diff := cmp.Diff(want, rows.Named()); diff != "" {
		t.Error(diff)
	}
}
