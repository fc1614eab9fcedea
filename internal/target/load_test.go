package target

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/exit"
)

// variables are Jane's, who has a broker.
func variables() Variables {
	env := map[string]string{"LAKECTL_KAFKA_BROKERS": "b1:9092, b2:9092"}
	return Variables{User: "Jane.Doe@example.com", Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
}

func own(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name+".yaml"] = &fstest.MapFile{Data: []byte("apiVersion: lakectl/v1\nkind: Target\n" + text)}
	}
	return fsys
}

func resolve(t *testing.T, files map[string]string, name string) (Target, error) {
	t.Helper()
	set, err := Load(own(files))
	if err != nil {
		return Target{}, err
	}
	return set.Resolve(name, variables())
}

func TestShipped(t *testing.T) {
	set, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"databricks", "dev", "free"}, set.Names()); diff != "" {
		t.Error(diff)
	}
	for _, name := range set.Names() {
		if _, err := set.Resolve(name, variables()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	dev, _ := set.Resolve("dev", variables())
	if dev.Schema != "cryptostream_jane_doe" || dev.Checkpoints != "/Volumes/main/cryptostream_jane_doe/lakectl/checkpoints" {
		t.Errorf("dev has no schema and checkpoints of its own: %s, %s", dev.Schema, dev.Checkpoints)
	}
	if d := dev.Databricks; !d.Streaming.Paused || !d.Maintenance.Paused || d.Prefix != "[dev jane_doe] " || d.Folder != "/Workspace/Users/Jane.Doe@example.com/.lakectl/dev" {
		t.Errorf("dev: %+v", d)
	}
	if diff := cmp.Diff([]string{"b1:9092", "b2:9092"}, dev.Kafka.Brokers); diff != "" {
		t.Error(diff)
	}
	if free, _ := set.Resolve("free", variables()); free.Databricks.Streaming.Shape != ShapeManual || !free.Databricks.Compute.Serverless {
		t.Errorf("free: %+v", free.Databricks)
	}
}

func TestExtend(t *testing.T) {
	files := map[string]string{
		"databricks": "name: databricks\nextends: databricks\ncatalog: prices\n",
		"staging":    "name: staging\nextends: dev\ndescription: S\ndatabricks:\n  streaming: {trigger: 30s}\n  tags: {team: a}\n",
	}
	staging, err := resolve(t, files, "staging")
	if err != nil {
		t.Fatal(err)
	}
	if staging.Catalog != "prices" || time.Duration(staging.Databricks.Streaming.Trigger) != 30*time.Second || !staging.Databricks.Streaming.Paused {
		t.Errorf("%+v", staging)
	}
	if diff := cmp.Diff(map[string]string{"project": "cryptostream", "target": "staging", "team": "a"}, staging.Databricks.Tags); diff != "" {
		t.Error(diff)
	}
	// What one target changes is not changed for the one it extends.
	if production, err := resolve(t, files, "databricks"); err != nil || len(production.Databricks.Tags) != 2 {
		t.Errorf("%+v, %v", production.Databricks, err)
	}
}

func TestSet(t *testing.T) {
	set, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := variables()
	v.Set = map[string]string{"kafka.topic": "other", "databricks.compute.workers": "3", "databricks.notify.on_failure": "[a@b.c]"}
	got, err := set.Resolve("databricks", v)
	if err != nil || got.Kafka.Topic != "other" || got.Databricks.Compute.Workers != 3 || len(got.Databricks.Notify.OnFailure) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	v.Set = map[string]string{"kafka.topik": "other"}
	if _, err := set.Resolve("databricks", v); err == nil || !strings.Contains(err.Error(), `unknown key "topik"`) {
		t.Error(err)
	}
}

// TestTakeAway checks that a target can do without what the one it extends has.
func TestTakeAway(t *testing.T) {
	got, err := resolve(t, map[string]string{"hourly": `
name: hourly
extends: databricks
databricks:
  compute: {serverless: true, spark_version: null, workers: null}
  streaming: {shape: scheduled, trigger: null, schedule: {cron: "0 0 * * * ?", timezone: UTC}}
  maintenance: null
`}, "hourly")
	if err != nil {
		t.Fatal(err)
	}
	if d := got.Databricks; d.Maintenance != nil || d.Compute.SparkVersion != "" || d.Streaming.Trigger != 0 || !d.Compute.Serverless || d.Warehouse == nil {
		t.Errorf("%+v", d)
	}
}

func TestRemoteTarget(t *testing.T) {
	got, err := resolve(t, map[string]string{"k8s": `
name: k8s
description: A cluster of ours
schema: cryptostream
warehouse: s3a://lake/tables
checkpoints: s3a://lake/checkpoints
kafka: {brokers: ["kafka:9092"], topic: crypto-prices, security: SASL_SSL, mechanism: SCRAM-SHA-512}
spark: {remote: "sc://spark:15002/;use_ssl=true", conf: {spark.sql.shuffle.partitions: "8"}}
`}, "k8s")
	if err != nil {
		t.Fatal(err)
	}
	if p := got.Place(); p.Table("t") != "`cryptostream`.`t`" || p.Path("t") != "s3a://lake/tables/t" || p.LocalCheckpoints() {
		t.Errorf("%+v", p)
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":           {"name: x\nextends: dev\nkafka: {topik: a}\n", `x.yaml:5:9: unknown key "topik"`},
		"several at once":       {"name: y\nextends: dev\nschema: a b\n", "x.yaml:5:1: schema: \"a b\" must be a name without slashes, dots and spaces"},
		"another name":          {"name: y\nextends: dev\n", "x.yaml:3:1: the file is called x.yaml, so the name must be x"},
		"no such variable":      {"name: x\nextends: dev\nschema: ${usr}\n", "x.yaml:5:1: there is no variable ${usr}"},
		"variable of env":       {"name: x\nextends: dev\nschema: ${env.NOT_THERE}\n", "x.yaml:5:1: the environment variable NOT_THERE is not set"},
		"continuous serverless": {"name: x\nextends: free\ndatabricks: {streaming: {shape: continuous, trigger: 1s}}\n", "serverless compute runs no continuous queries"},
		"continuous, schedule":  {"name: x\nextends: dev\ndatabricks: {streaming: {schedule: {cron: \"0 0 * * * ?\", timezone: UTC}}}\n", "a continuous job has no schedule"},
		"cron of five fields":   {"name: x\nextends: dev\ndatabricks: {maintenance: {schedule: {cron: \"0 3 * * *\", timezone: UTC}}}\n", "is not a Quartz expression: it has six or seven fields"},
		"two days":              {"name: x\nextends: dev\ndatabricks: {maintenance: {schedule: {cron: \"0 0 3 * * *\", timezone: UTC}}}\n", "exactly one of day of month and day of week must be ?"},
		"time zone":             {"name: x\nextends: dev\ndatabricks: {maintenance: {schedule: {cron: \"0 0 3 * * ?\", timezone: Mars}}}\n", "\"Mars\" is not an IANA time zone"},
		"checkpoints elsewhere": {"name: x\nextends: dev\ncheckpoints: /Volumes/main/cryptostream/lakectl/checkpoints\n", "the checkpoints are not in the volume"},
		"broker":                {"name: x\nextends: dev\nkafka: {brokers: [kafka]}\n", "\"kafka\" is not host:port"},
		"both sources":          {"name: x\nextends: dev\nkafka: {files: /Volumes/a/b/c}\n", "kafka takes exactly one of brokers and files"},
		"no secrets":            {"name: x\nextends: dev\ndatabricks: {secrets: {scope: \"\"}}\n", "SASL_SSL needs a secret scope"},
		"a token":               {"name: x\nextends: dev\nspark: {remote: \"sc://h:1/;token=abc\"}\n", "a token does not belong into a file"},
		"two identities":        {"name: x\nextends: dev\ndatabricks: {run_as: {user: a, service_principal: b}}\n", "takes exactly one of user and service_principal"},
		"circle":                {"name: x\nextends: y\n", "x.yaml:4:1: a circle: y extends x extends y"},
		"nobody to tell":        {"name: x\nextends: dev\ndatabricks: {streaming: {max_backlog: 10m}}\n", "max_backlog tells those in notify.on_failure"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := resolve(t, map[string]string{"x": c.text, "y": "name: y\nextends: x\n"}, map[bool]string{true: "y", false: "x"}[name == "circle"])
			var errs Errors
			if !errors.As(err, &errs) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v\nwant %s", err, c.want)
			}
			if strings.Contains(err.Error(), "abc") || exit.Hint(err) == "" || exit.Code(err) != exit.Usage {
				t.Errorf("hint %q, code %d: %v", exit.Hint(err), exit.Code(err), err)
			}
		})
	}
}

func TestUnknown(t *testing.T) {
	_, err := resolve(t, nil, "databrick")
	if err == nil || exit.Code(err) != exit.Usage || !strings.Contains(exit.Hint(err), "did you mean databricks?") {
		t.Errorf("%v: %s", err, exit.Hint(err))
	}
}
