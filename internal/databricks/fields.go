package databricks

import (
	"encoding/json"
	"fmt"
)

// typed makes one of the SDK's requests of fields. Fields that are zero are sent all the same: the SDK's
// types remember which were there.
func typed[T any](fields map[string]any) (T, error) {
	var request T
	text, err := json.Marshal(fields)
	if err == nil {
		err = json.Unmarshal(text, &request)
	}
	if err != nil {
		return request, fmt.Errorf("fields of %T: %w", request, err)
	}
	return request, nil
}

// plain makes fields of one of the SDK's answers.
func plain(answer any) (map[string]any, error) {
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("fields of %T: %w", answer, err)
	}
	var fields map[string]any
	return fields, json.Unmarshal(text, &fields)
}

func text(fields map[string]any, name string) string {
	s, _ := fields[name].(string)
	return s
}
