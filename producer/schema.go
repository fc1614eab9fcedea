package producer

import _ "embed"

// EventSchema is the JSON schema (draft 2020-12) of a message's value, as Quote.Message makes it.
//
//go:embed event.schema.json
var EventSchema []byte
