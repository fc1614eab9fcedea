package bundle

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/internal/deploy"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/target"
)

func check(t *testing.T, to target.Target, known Known) Problems {
	t.Helper()
	return Check(to, resources(t, to), known)
}

// TestShippedAreFine checks the shipped targets, each beside the others.
func TestShippedAreFine(t *testing.T) {
	var all []target.Target
	for _, name := range []string{"databricks", "dev", "free"} {
		all = append(all, resolve(t, name, "", nil))
	}
	for _, one := range all {
		if found := check(t, one, Known{Others: all, Variable: func(string) bool { return true }}); len(found) > 0 {
			t.Errorf("%s: %v", one.Name, found)
		}
	}
}

func TestCheckTarget(t *testing.T) {
	production := resolve(t, "databricks", "", nil)
	const serverless = "databricks.compute={serverless: true, spark_version: null, workers: null}"
	const scheduled = `databricks.streaming={shape: scheduled, trigger: null, schedule: {cron: "0 0 * * * ?", timezone: UTC}}`
	for name, c := range map[string]struct {
		base string
		set  []string
		want string // of the first problem
		code int    // OK for a warning
	}{
		"the schema of production":      {"dev", []string{"schema=cryptostream"}, "target dev would share its schema with target databricks: main.cryptostream; give one another schema", exit.Refused},
		"in another spelling":           {"dev", []string{"catalog=MAIN", "schema=cryptostream"}, "share its schema", exit.Refused},
		"the checkpoints of production": {"dev", []string{"databricks.volume=", "checkpoints=/Volumes/main/cryptostream/lakectl/checkpoints/dev"}, "share its checkpoints with target databricks", exit.Refused},
		"the folder of production":      {"dev", []string{"databricks.folder=/Workspace/Shared/lakectl/databricks"}, "share its folder", exit.Refused},
		"upper case":                    {"dev", []string{"schema=Dev"}, `schema: "Dev": Unity Catalog keeps names in lower case; write dev`, exit.Failed},
		"a long warehouse":              {"dev", []string{"databricks.warehouse.name=" + strings.Repeat("w", 90)}, "warehouse: the name has 105 characters, more than 99", exit.Failed},
		"an impatient warehouse":        {"dev", []string{"databricks.warehouse.auto_stop=5m"}, "stops by itself after 10 minutes at the earliest, not 5", exit.Failed},
		"a reserved tag":                {"dev", []string{"databricks.tags={name: x}"}, "tag name is one that a cluster gets by itself", exit.Failed},
		"a long tag":                    {"dev", []string{"databricks.tags={team: " + strings.Repeat("x", 256) + "}"}, "tag team has 256 characters, more than 255", exit.Failed},
		"many tags":                     {"dev", []string{"databricks.tags={" + manyTags() + "}"}, "job.streaming: 27 tags, more than 24", exit.Failed},
		"serverless to loopback":        {"dev", []string{serverless, scheduled, "kafka.brokers=[localhost:9092]"}, "serverless compute can't reach the broker localhost:9092", exit.Failed},
		"serverless to a private one":   {"dev", []string{serverless, scheduled, "kafka.brokers=[10.1.2.3:9092]"}, "serverless compute can't reach the broker 10.1.2.3:9092", exit.Failed},
		"serverless to docker":          {"dev", []string{serverless, scheduled, "kafka.brokers=[kafka:9092]"}, "serverless compute can't reach the broker kafka:9092", exit.Failed},
		"a cluster to loopback":         {"dev", []string{"kafka.brokers=['[::1]:9092']"}, "[::1]:9092 is, for a cluster, the cluster itself", exit.OK},
		"a cluster to a private one":    {"dev", []string{"kafka.brokers=[broker.corp.internal:9092]"}, "broker.corp.internal:9092 has no public address", exit.OK},
		"plain text":                    {"dev", []string{"kafka.security=SASL_PLAINTEXT"}, "SASL_PLAINTEXT to the public broker b1.kafka.example.com:9092: anybody on the way reads", exit.OK},
		"a volume of somebody's":        {"dev", []string{"databricks.volume="}, "the checkpoints are in a volume that this target does not make", exit.OK},
		"files in the checkpoints":      {"free", []string{"kafka.files=/Volumes/workspace/cryptostream/lakectl/checkpoints/in"}, "kafka.files and checkpoints are one inside the other", exit.Failed},
		"files elsewhere":               {"free", []string{"kafka.files=/Volumes/workspace/other/in/events"}, "kafka.files is in a volume that this target does not make", exit.OK},
	} {
		t.Run(name, func(t *testing.T) {
			set := map[string]string{}
			for _, s := range c.set {
				key, value, _ := strings.Cut(s, "=")
				set[key] = value
			}
			found := check(t, resolve(t, c.base, "", set), Known{Others: []target.Target{production}})
			if len(found) == 0 || !strings.Contains(found[0].String(), c.want) {
				t.Fatalf("got %v\nwant %s", found, c.want)
			}
			if code := exit.Code(found.Err()); code != c.code {
				t.Errorf("exit code %d, want %d: %v", code, c.code, found)
			}
			if (c.code == exit.OK) != (len(found.Warnings()) == len(found)) {
				t.Errorf("warnings: %v", found)
			}
		})
	}
}

func manyTags() string {
	var b strings.Builder
	for i := range 25 {
		fmt.Fprintf(&b, "t%d: x, ", i)
	}
	return b.String()
}

func TestCheckSecrets(t *testing.T) {
	to := resolve(t, "databricks", "", nil)
	found := check(t, to, Known{Variable: func(name string) bool { return name == "LAKECTL_KAFKA_USERNAME" }})
	if len(found) != 1 || !strings.Contains(found[0].String(), "the environment has no LAKECTL_KAFKA_PASSWORD") {
		t.Error(found)
	}
	if found := check(t, to, Known{}); len(found) > 0 {
		t.Errorf("who asks for secrets misses none: %v", found)
	}
}

// TestCheckJob checks what a job in a changed plan can have, all mistakes at once.
func TestCheckJob(t *testing.T) {
	to := resolve(t, "databricks", "", nil)
	all := resources(t, to)
	job := find(t, all, KeyStreaming)
	tasks := job.Fields["tasks"].([]any)
	job.Fields["schedule"] = map[string]any{"quartz_cron_expression": "0 0 * * * ?", "timezone_id": "UTC"}
	job.Fields["health"] = map[string]any{"rules": []any{map[string]any{"metric": "STREAMING_BACKLOG_SECONDS", "op": "GREATER_THAN", "value": 60}}}
	job.Fields["max_concurrent_runs"] = 2
	job.Fields["tasks"] = append(tasks,
		map[string]any{"task_key": "gold", "job_cluster_key": "other"},
		map[string]any{"task_key": "no key!", "environment_key": "e"},
		map[string]any{"task_key": "a", "max_retries": 1, "depends_on": []any{map[string]any{"task_key": "b"}}},
		map[string]any{"task_key": "b", "depends_on": []any{map[string]any{"task_key": "a"}, map[string]any{"task_key": "c"}}},
		map[string]any{"task_key": "d", "notebook_task": map[string]any{"base_parameters": map[string]any{"trigger": "1 seconds"}}})
	all = append(all, deploy.Resource{Key: KeySchema, Kind: deploy.Schema, DependsOn: []string{"catalog"}})
	text := Check(to, all, Known{}).Err().Error()
	for _, want := range []string{
		"schema: two resources have this key", "schema: it depends on catalog, which is not there",
		"job.streaming: continuous and schedule together", "two tasks are called gold", `"no key!" is no task's key`,
		"task gold runs on the cluster other, which is not there", "task no key! runs in the environment e, which is not there",
		"task b depends on c, which is not there", "the tasks a, b wait for each other",
		"a continuous job has one run at a time", "task a: tasks of a continuous job can't depend on each other", "task a: a continuous job takes no retries",
		"task d: serverless compute takes no trigger but availableNow", "nobody is told when STREAMING_BACKLOG_SECONDS is exceeded",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no word of: %s", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func find(t *testing.T, all []deploy.Resource, key string) deploy.Resource {
	t.Helper()
	for _, r := range all {
		if r.Key == key {
			return r
		}
	}
	t.Fatalf("there is no %s", key)
	return deploy.Resource{}
}

func TestReach(t *testing.T) {
	for host, want := range map[string]reach{
		"localhost": loopback, "127.0.0.2": loopback, "::1": loopback, "0.0.0.0": loopback, "::ffff:127.0.0.1": loopback,
		"10.0.0.1": private, "172.16.9.9": private, "192.168.1.1": private, "fd00::1": private, "169.254.1.1": private, "100.64.0.1": private,
		"kafka": private, "kafka.local": private, "b.corp.internal": private, "kafka.default.svc": private, "kafka.default.svc.cluster.local.": private,
		"172.32.0.1": public, "8.8.8.8": public, "pkc-1.eu-central-1.aws.confluent.cloud": public, "internal.example.com": public,
	} {
		if got := reachOf(host); got != want {
			t.Errorf("%s: %d, want %d", host, got, want)
		}
	}
}
