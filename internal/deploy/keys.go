package deploy

// naturalKeys are the fields that name an object in its list, the first that all have.
var naturalKeys = [][]string{
	{"task_key"}, {"job_cluster_key"}, {"environment_key"}, {"metric"}, {"principal"},
	{"group_name", "user_name", "service_principal_name"}, {"key"}, {"name"}, {"id"},
}

// keyOf finds the natural key of lists of objects; nil if they have none.
func keyOf(lists ...[]any) func(any) string {
	for _, names := range naturalKeys {
		key := func(v any) string {
			o, _ := v.(map[string]any)
			for _, name := range names {
				if k, ok := o[name].(string); ok && k != "" {
					return k
				}
			}
			return ""
		}
		if some, all := unique(lists, key); some && all {
			return key
		}
	}
	return nil
}

func unique(lists [][]any, key func(any) string) (some, all bool) {
	for _, l := range lists {
		seen := map[string]bool{}
		for _, v := range l {
			k := key(v)
			if k == "" || seen[k] {
				return true, false
			}
			seen[k], some = true, true
		}
	}
	return some, true
}

func byKey(items []any, key func(any) string) map[string]any {
	m := make(map[string]any, len(items))
	for _, v := range items {
		m[key(v)] = v
	}
	return m
}
