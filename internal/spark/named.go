package spark

// Named returns the rows by the names of their columns: a STRUCT as a map of the same kind, and a MAP of texts as
// map[string]string.
func (r Rows) Named() []map[string]any {
	rows := make([]map[string]any, len(r.Values))
	for i, values := range r.Values {
		rows[i] = map[string]any{}
		for j, column := range r.Columns {
			rows[i][column] = named(values[j])
		}
	}
	return rows
}

func named(value any) any {
	switch v := value.(type) {
	case Struct:
		fields := map[string]any{}
		for _, f := range v {
			fields[f.Name] = named(f.Value)
		}
		return fields
	case []any:
		if texts, ok := textMap(v); ok {
			return texts
		}
	}
	return value
}

// textMap turns the pairs of a MAP into a map, and says no to any other array.
func textMap(pairs []any) (map[string]string, bool) {
	texts := map[string]string{}
	for _, p := range pairs {
		pair, ok := p.(Struct)
		if !ok || len(pair) != 2 || pair[0].Name != "key" || pair[1].Name != "value" {
			return nil, false
		}
		key, ok := pair[0].Value.(string)
		if !ok {
			return nil, false
		}
		texts[key], _ = pair[1].Value.(string)
	}
	return texts, len(texts) > 0
}
