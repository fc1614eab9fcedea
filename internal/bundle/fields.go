package bundle

import (
	"encoding/json"
	"fmt"
)

// fields are a value of the SDK as its API is to be told. It panics where the SDK can't write its own types.
func fields(request any) map[string]any {
	text, err := json.Marshal(request)
	var tree map[string]any
	if err == nil {
		err = json.Unmarshal(text, &tree)
	}
	if err != nil {
		panic(fmt.Sprintf("bundle: fields of %T: %v", request, err))
	}
	return tree
}
