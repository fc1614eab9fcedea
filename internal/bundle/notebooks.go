package bundle

import (
	"encoding/base64"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/databricks/databricks-sdk-go/service/workspace"

	"github.com/cryptostream/lakectl/internal/deploy"
	"github.com/cryptostream/lakectl/internal/notebook"
	"github.com/cryptostream/lakectl/internal/target"
	"github.com/cryptostream/lakectl/jobs"
)

// layers are the notebooks of the streaming queries, in the order in which data passes them.
var layers = []struct{ layer, notebook string }{
	{"bronze", "01_Bronze_Ingestion"},
	{"silver", "02_Silver_Transformation"},
	{"gold", "03_Gold_Analytics"},
}

const maintenanceNotebook = "04_Maintenance"

func notebookKey(name string) string { return "notebook." + name }

func (b builder) folder() []deploy.Resource {
	return []deploy.Resource{{
		Key: KeyFolder, Kind: deploy.Folder, Name: b.Folder, Fields: fields(workspace.Mkdirs{Path: b.Folder}),
	}}
}

// notebooks are uploaded with the target's values as what their widgets show: who runs one by hand runs it
// as the job does.
func (b builder) notebooks() []deploy.Resource {
	if b.Git != nil {
		return nil
	}
	var all []deploy.Resource
	files := notebook.Files(b.lakehouse, Parameters(b.target))
	for _, file := range sorted(files) {
		name, isNotebook := strings.CutSuffix(file, ".py")
		if !isNotebook {
			continue
		}
		at := path.Join(b.Folder, name)
		all = append(all, deploy.Resource{
			Key: notebookKey(name), Kind: deploy.Notebook, Name: at,
			Fields: fields(workspace.Import{
				Path: at, Language: workspace.LanguagePython, Format: workspace.ImportFormatSource,
				Content: base64.StdEncoding.EncodeToString(files[file]),
			}),
			DependsOn: []string{KeyFolder},
			Guards:    b.notebookGuards(name),
		})
	}
	return all
}

// Parameters are the notebooks' parameters on a target.
func Parameters(t target.Target) notebook.Parameters {
	p := notebook.Parameters{
		Catalog: t.Catalog, Schema: t.Schema, CheckpointRoot: t.Checkpoints, Trigger: notebook.AvailableNow,
		Brokers: strings.Join(t.Kafka.Brokers, ","), Topic: t.Kafka.Topic,
		KafkaProtocol: t.Kafka.Security, KafkaMechanism: t.Kafka.Mechanism, SourcePath: t.Kafka.Files,
	}
	if p.KafkaMechanism == "" {
		p.KafkaMechanism = "PLAIN" // a list to choose from takes no empty choice; it is not looked at
	}
	if d := t.Databricks; d != nil {
		p.SecretScope = d.Secrets.Scope
		if d.Streaming.Shape == target.ShapeContinuous {
			p.Trigger = interval(time.Duration(d.Streaming.Trigger))
		}
	}
	return p
}

// interval is a duration as Spark's triggers take it.
func interval(d time.Duration) string {
	if d%time.Second == 0 {
		return strconv.Itoa(int(d/time.Second)) + " seconds"
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + " milliseconds"
}

// places are the parameters of every notebook.
func places(p notebook.Parameters) map[string]string {
	return map[string]string{"catalog": p.Catalog, "schema": p.Schema}
}

// care are those of the notebook that brings in late rows, compacts and vacuums.
func care(p notebook.Parameters) map[string]string {
	m := places(p)
	m["checkpoint_root"], m["lookback_days"] = p.CheckpointRoot, notebook.LookbackDays
	return m
}

// streams are those of the notebooks with streaming queries.
func streams(p notebook.Parameters) map[string]string {
	m := places(p)
	m["checkpoint_root"], m["trigger"] = p.CheckpointRoot, p.Trigger
	return m
}

// topics are those of the notebook that reads the topic.
func topics(p notebook.Parameters) map[string]string {
	m := streams(p)
	m["brokers"], m["topic"], m["source_path"] = p.Brokers, p.Topic, p.SourcePath
	m["kafka_security_protocol"], m["kafka_mechanism"], m["secret_scope"] = p.KafkaProtocol, p.KafkaMechanism, p.SecretScope
	return m
}

func (b builder) jobsOf(layer string) (found []jobs.Job) {
	for _, job := range b.lakehouse.Jobs {
		if job.Layer == layer {
			found = append(found, job)
		}
	}
	return found
}
