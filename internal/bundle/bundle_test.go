package bundle

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/deploy"
	"github.com/cryptostream/lakectl/internal/target"
	"github.com/cryptostream/lakectl/jobs"
)

var update = flag.Bool("update", false, "write the expected files anew")

// resolve returns a shipped target, or one of own, as Jane deploys it.
func resolve(t *testing.T, name string, own string, set map[string]string) target.Target {
	t.Helper()
	files := fstest.MapFS{}
	if own != "" {
		files[name+".yaml"] = &fstest.MapFile{Data: []byte("apiVersion: lakectl/v1\nkind: Target\nname: " + name + "\n" + own)}
	}
	targets, err := target.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"LAKECTL_KAFKA_BROKERS": "b1.kafka.example.com:9092,b2.kafka.example.com:9092"}
	resolved, err := targets.Resolve(name, target.Variables{
		User: "Jane.Doe@example.com", Set: set,
		Env: func(name string) (string, bool) { v, found := env[name]; return v, found },
	})
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

func resources(t *testing.T, to target.Target) []deploy.Resource {
	t.Helper()
	all, err := Resources(to, jobs.Default())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// golden compares with a file of testdata. What a notebook or a dashboard contains is no part of it.
func golden(t *testing.T, name string, got any) {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(got); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-update writes it anew):\n%s", file, diff)
	}
}

func withoutContent(all []deploy.Resource) []deploy.Resource {
	for _, r := range all {
		if r.Kind == deploy.Notebook {
			r.Fields["content"] = "…"
		}
		if r.Kind == deploy.Dashboard {
			r.Fields["serialized_dashboard"] = "…"
		}
	}
	return all
}

// full is a target with every option of a scheduled job; what it extends has those of a continuous one.
const full = `
extends: databricks
description: Everything
kafka: {security: SASL_SSL, mechanism: SCRAM-SHA-512}
databricks:
  prefix: "team "
  compute: {policy: P1, workers: 2, conf: {spark.sql.shuffle.partitions: "8"}}
  streaming: {shape: scheduled, trigger: null, schedule: {cron: "0 0/15 * * * ?", timezone: Europe/Berlin}, retries: 2, timeout: 1h, max_backlog: 30m}
  notify: {on_failure: [ops@example.com]}
  run_as: {service_principal: 6a1f2a3c-0000-4000-8000-000000000001}
  permissions:
    - {group: analysts, level: VIEW}
    - {user: joe@example.com, level: RUN}
    - {service_principal: 6a1f2a3c-0000-4000-8000-000000000002, level: MANAGE}
  grants: [{principal: analysts, privileges: [SELECT, USE_SCHEMA]}]
`

func TestResources(t *testing.T) {
	for _, c := range []struct{ name, own string }{{"databricks", ""}, {"dev", ""}, {"free", ""}, {"full", full}} {
		t.Run(c.name, func(t *testing.T) {
			golden(t, c.name+".json", withoutContent(resources(t, resolve(t, c.name, c.own, nil))))
		})
	}
}

// TestOrder checks that each resource comes after what it depends on, and that no key is there twice.
func TestOrder(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range resources(t, resolve(t, "full", full, nil)) {
		if seen[r.Key] {
			t.Errorf("%s is there twice", r.Key)
		}
		for _, on := range r.DependsOn {
			if !seen[on] {
				t.Errorf("%s comes before %s", r.Key, on)
			}
		}
		seen[r.Key] = true
	}
}
