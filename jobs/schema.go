package jobs

import (
	_ "embed"

	"github.com/cryptostream/lakectl/internal/specfile"
)

// Schema is the JSON schema of a spec (draft 2020-12), for editors and documentation.
//
//go:embed spec.schema.json
var Schema []byte

var schema = specfile.Schema{
	Name: "spec.schema.json", Text: Schema,
	Words: map[string]string{
		"name":       "a name: small letters, digits and _, not beginning with a digit",
		"text":       "a text that says something",
		"topic":      "a Kafka topic's name",
		"sqlFile":    "the name of a .sql file in the spec's folder",
		"parseFile":  "the name of a file parsed_<rows>.sql in the spec's folder",
		"duration":   "a duration such as 24h or 30s",
		"size":       "a size such as 64m",
		"columnType": "a type of Spark's DDL such as DECIMAL(38,18)",
	},
	Named: []string{"columns", "constraints"},
	OneOf: map[string]string{"source": "kafka and table"},
}.Compile()

// Errors are all the mistakes that Load found, by file and position.
type Errors struct{ specfile.Errors }

// Hint says where the form of a spec is written down.
func (Errors) Hint() string {
	return "jobs/spec.schema.json describes every key; editors complete and check specs with it"
}
