package bundle

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/databricks/databricks-sdk-go/service/catalog"
	sdk "github.com/databricks/databricks-sdk-go/service/jobs"
	"gopkg.in/yaml.v3"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/notebook"
	"github.com/cryptostream/lakectl/internal/target"
	"github.com/cryptostream/lakectl/jobs"
)

const bundleHeader = `# ` + notebook.Mark + ` from jobs/ and infra/targets/databricks.yaml. Change those, not this.
#
# For teams that deploy by bundles; lakectl deploy needs none of it. Give a variable with --var, or in
# BUNDLE_VAR_brokers.
#   databricks bundle validate --var brokers=broker.example.com:9092
#   databricks bundle deploy -t dev --var brokers=broker.example.com:9092
#   databricks bundle summary -t dev      # has the name of the secret scope
#   databricks secrets put-secret SCOPE kafka-username      # and kafka-password: no bundle has their values
#   databricks bundle run -t dev streaming
`

// variable is one of the bundle's.
type variable struct {
	Description string `yaml:"description"`
	Default     string `yaml:"default,omitempty"` // "" must be given
}

// bundleFile is databricks.yml: the same jobs, in a bundle's variables.
func bundleFile(t target.Target, lakehouse *jobs.Lakehouse) ([]byte, error) {
	in := bundleTarget(t)
	b := builder{in, in.Databricks, lakehouse}
	board, alerts, err := b.bundleReports()
	if err != nil {
		return nil, fmt.Errorf("databricks.yml: %w", err)
	}
	file := mapping(
		"bundle", mapping("name", "cryptostream"),
		// A file outside of the paths can't be named; one of a dashboard that is uploaded is another dashboard.
		"sync", mapping("paths", []any{".", "../infra/dashboards"}, "exclude", []any{"**/*.lvdash.json"}),
		"variables", mapping(
			"catalog", variable{"Unity Catalog's catalog, which must exist", t.Catalog},
			"schema", variable{"Holds the tables and views; in development it gets a prefix", t.Schema},
			"brokers", variable{"Kafka's brokers as the cluster reaches them: host:port, with commas between several", ""},
			"topic", variable{"The topic that the producer writes", t.Kafka.Topic},
			"kafka_security_protocol", variable{"PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL", t.Kafka.Security},
			"kafka_mechanism", variable{"PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", t.Kafka.Mechanism},
			"node_type", variable{"A machine of your cloud with 4 cores, such as i3.xlarge, Standard_D4ds_v5 or n2-highmem-4", exampleNode},
		),
		"resources", mapping(
			"schemas", mapping("cryptostream", fields(catalog.CreateSchema{CatalogName: in.Catalog, Name: "${var.schema}", Comment: ddl.SchemaComment})),
			"volumes", mapping("lakectl", b.volume()[0].Fields),
			"secret_scopes", mapping("lakectl", map[string]any{"name": "lakectl-${bundle.target}"}),
			"sql_warehouses", mapping("lakectl", b.warehouse()[0].Fields),
			"jobs", mapping("streaming", bundleJob(b.continuous(), "CryptoStream streaming"), "maintenance", bundleJob(b.maintenanceJob(), "CryptoStream maintenance")),
			"dashboards", board,
			"alerts", alerts,
		),
		"targets", mapping(
			"dev", mapping("mode", "development", "default", true, "resources", map[string]any{
				"secret_scopes": map[string]any{"lakectl": map[string]any{"name": "lakectl-dev-${workspace.current_user.short_name}"}},
			}),
			"prod", mapping("mode", "production", "workspace", map[string]any{"root_path": "/Workspace/Shared/.bundle/${bundle.name}/${bundle.target}"}),
		),
	)
	var text bytes.Buffer
	text.WriteString(bundleHeader)
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(file); err != nil {
		return nil, fmt.Errorf("databricks.yml: %w", err)
	}
	return text.Bytes(), nil
}

// bundleJob is a job as a bundle has it: notebooks beside the file, and the mode of the bundle's target says
// whether it is paused.
func bundleJob(request sdk.CreateJob, name string) map[string]any {
	request.Name, request.Description = name, ""
	if request.Continuous != nil {
		request.Continuous.PauseStatus = ""
	}
	if request.Schedule != nil {
		request.Schedule.PauseStatus = ""
	}
	for _, task := range request.Tasks {
		task.NotebookTask.NotebookPath = "./" + task.NotebookTask.NotebookPath + ".py"
		task.NotebookTask.Source = ""
	}
	return fields(request)
}

// mapping is a mapping in this order, of keys and values by turns. Within the values, what people read first
// comes first.
func mapping(pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i < len(pairs); i += 2 {
		n.Content = append(n.Content, node(pairs[i]), node(pairs[i+1]))
	}
	return n
}

// first are the keys that tell what a mapping is about.
var first = []string{"name", "task_key", "job_cluster_key", "key", "depends_on"}

func node(value any) *yaml.Node {
	switch v := value.(type) {
	case *yaml.Node:
		return v
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, one := range v {
			n.Content = append(n.Content, node(one))
		}
		return n
	case map[string]any:
		var pairs []any
		keys := sorted(v)
		slices.SortStableFunc(keys, func(a, b string) int { return rank(a) - rank(b) })
		for _, key := range keys {
			pairs = append(pairs, key, v[key])
		}
		return mapping(pairs...)
	}
	n := &yaml.Node{}
	if err := n.Encode(value); err != nil {
		panic(fmt.Sprintf("bundle: %v as YAML: %v", value, err)) // texts, numbers and booleans only
	}
	return n
}

func rank(key string) int {
	if i := slices.Index(first, key); i >= 0 {
		return i
	}
	return len(first)
}
