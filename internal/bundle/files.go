package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	sdk "github.com/databricks/databricks-sdk-go/service/jobs"

	"github.com/cryptostream/lakectl/internal/notebook"
	"github.com/cryptostream/lakectl/internal/target"
	"github.com/cryptostream/lakectl/jobs"
)

// What stands in exported files for what only the reader knows.
const (
	exampleBroker = "broker.example.com:9092"
	exampleNode   = "i3.xlarge" // AWS
)

// Files returns the job definitions and the bundle, by their paths beside the notebooks: bodies for the Jobs
// API's create call, one for each shape, and databricks.yml.
func Files(lakehouse *jobs.Lakehouse) (map[string][]byte, error) {
	production, err := exampleTarget()
	if err != nil {
		return nil, err
	}
	b := builder{production, production.Databricks, lakehouse}
	scheduled := scheduledFrom(production, lakehouse)
	files := map[string][]byte{
		"jobs/streaming-continuous.json": jobFile(b.continuous()),
		"jobs/streaming-scheduled.json":  jobFile(scheduled.scheduled()),
		"jobs/maintenance.json":          jobFile(b.maintenanceJob()),
	}
	files["databricks.yml"], err = bundleFile(production, lakehouse)
	return files, err
}

// exampleTarget is the shipped production target.
func exampleTarget() (target.Target, error) {
	shipped, err := target.Load(nil)
	if err != nil {
		return target.Target{}, err
	}
	t, err := shipped.Resolve("databricks", target.Variables{Env: func(string) (string, bool) { return exampleBroker, true }})
	if err != nil {
		return t, fmt.Errorf("the shipped target: %w", err)
	}
	t.Databricks.Compute.NodeType = exampleNode
	return t, nil
}

// scheduledFrom is the target with a job by the clock on serverless compute instead.
func scheduledFrom(t target.Target, lakehouse *jobs.Lakehouse) builder {
	d := *t.Databricks
	d.Compute = target.Compute{Serverless: true}
	d.Streaming = target.Streaming{
		Shape: target.ShapeScheduled, Schedule: target.Schedule{Cron: "0 0/15 * * * ?", Timezone: "UTC"},
		Retries: 1, Timeout: target.Duration(time.Hour),
	}
	t.Databricks = &d
	return builder{t, &d, lakehouse}
}

// jobFile is a job as the body of a create call. JSON has no comments: what made it is in the description.
func jobFile(request sdk.CreateJob) []byte {
	request.Description = notebook.Mark + " from jobs/ and infra/targets/databricks.yaml. " +
		"Put in what is yours before you use it: brokers, a node type of your cloud, catalog, folder."
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(fields(request)); err != nil {
		panic("bundle: a job as JSON: " + err.Error()) // it was JSON before
	}
	return b.Bytes()
}

// bundleTarget is the target in a bundle's variables, and its notebooks beside the bundle's file.
func bundleTarget(t target.Target) target.Target {
	d := *t.Databricks
	t.Catalog = "${var.catalog}"
	t.Schema = "${resources.schemas.cryptostream.name}" // in development it gets a prefix
	t.Checkpoints = "/Volumes/${var.catalog}/${resources.schemas.cryptostream.name}/${resources.volumes.lakectl.name}/checkpoints"
	t.Kafka.Brokers = []string{"${var.brokers}"}
	t.Kafka.Topic, t.Kafka.Security, t.Kafka.Mechanism = "${var.topic}", "${var.kafka_security_protocol}", "${var.kafka_mechanism}"
	d.Secrets.Scope = "${resources.secret_scopes.lakectl.name}"
	d.Compute.NodeType = "${var.node_type}"
	d.Folder = "."
	if d.Warehouse != nil {
		w := *d.Warehouse
		w.Name = "lakectl-${bundle.target}"
		d.Warehouse = &w
	}
	d.Tags = map[string]string{"project": "cryptostream", "target": "${bundle.target}"}
	t.Databricks = &d
	return t
}
