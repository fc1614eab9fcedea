package bundle

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/deploy"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/fakeworkspace"
	"github.com/cryptostream/lakectl/internal/target"
	"github.com/cryptostream/lakectl/jobs"
)

const jane = "Jane.Doe@example.com"

// creation is how each kind is made: the path, and of the answer the field with its id.
var creation = map[deploy.Kind]struct{ method, path, id string }{
	deploy.Folder:      {"POST", "/api/2.0/workspace/mkdirs", ""},
	deploy.Notebook:    {"POST", "/api/2.0/workspace/import", ""},
	deploy.Schema:      {"POST", "/api/2.1/unity-catalog/schemas", ""},
	deploy.Volume:      {"POST", "/api/2.1/unity-catalog/volumes", ""},
	deploy.Grants:      {"PATCH", "/api/2.1/unity-catalog/permissions/{securable_type}/{full_name}", ""},
	deploy.SecretScope: {"POST", "/api/2.0/secrets/scopes/create", ""},
	deploy.Secret:      {"POST", "/api/2.0/secrets/put", ""},
	deploy.SecretACL:   {"POST", "/api/2.0/secrets/acls/put", ""},
	deploy.Warehouse:   {"POST", "/api/2.0/sql/warehouses", "id"},
	deploy.Job:         {"POST", "/api/2.2/jobs/create", "job_id"},
	deploy.Dashboard:   {"POST", "/api/2.0/lakeview/dashboards", "dashboard_id"},
	deploy.Alert:       {"POST", "/api/2.0/alerts", "id"},
	deploy.Permissions: {"PATCH", "/api/2.0/permissions/{request_object_type}/{request_object_id}", ""},
}

// serve makes a workspace that Jane deploys to, with whom the targets of these tests name.
func serve(t *testing.T) *httptest.Server {
	t.Helper()
	w := fakeworkspace.New(fakeworkspace.Options{})
	w.AddUser(jane, "dapi-jane", "admins", "analysts")
	w.AddUser("joe@example.com", "dapi-joe")
	w.AddAccountGroup("analysts")
	w.AddPrincipal("6a1f2a3c-0000-4000-8000-000000000001", "s")
	w.AddPrincipal("6a1f2a3c-0000-4000-8000-000000000002", "s")
	w.AddCatalog("workspace")
	w.AddCluster("shared")
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	return server
}

func call(t *testing.T, server *httptest.Server, method, path string, body map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer dapi-jane")
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	decoder := json.NewDecoder(response.Body)
	decoder.UseNumber()
	var answer map[string]any
	if err := decoder.Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("%s %s: %s %v %v\n%s", method, path, response.Status, answer, err, text)
	}
	return answer
}

// create makes a resource from its fields, as an adapter does.
func create(t *testing.T, server *httptest.Server, r deploy.Resource, ids map[string]string) {
	t.Helper()
	how, known := creation[r.Kind]
	if !known {
		t.Fatalf("%s is of kind %s", r.Key, r.Kind)
	}
	body := map[string]any{}
	for name, value := range r.Fields {
		text, isText := value.(string)
		if key, isID := strings.CutPrefix(text, "${"); isID {
			text = ids[strings.TrimSuffix(key, ".id}")]
			value = text
		}
		if isText && strings.Contains(how.path, "{"+name+"}") {
			how.path = strings.ReplaceAll(how.path, "{"+name+"}", text)
			continue
		}
		body[name] = value
	}
	switch r.Kind {
	case deploy.Secret:
		body["string_value"] = "value of " + r.Variable
	case deploy.Job:
		for _, task := range body["tasks"].([]any) {
			if task := task.(map[string]any); task["existing_cluster_id"] != nil { // here it is another one
				clusters := call(t, server, "GET", "/api/2.1/clusters/list", nil)["clusters"].([]any)
				task["existing_cluster_id"] = clusters[0].(map[string]any)["cluster_id"]
			}
		}
		clusters, _ := body["job_clusters"].([]any)
		for _, c := range clusters {
			if spec := c.(map[string]any)["new_cluster"].(map[string]any); spec["node_type_id"] == deploy.NodeType {
				spec["node_type_id"] = "i3.xlarge"
			}
		}
	}
	answer := call(t, server, how.method, how.path, body)
	switch id := answer[how.id].(type) {
	case string:
		ids[r.Key] = id
	case json.Number:
		ids[r.Key] = id.String()
	}
	if r.Kind == deploy.Folder {
		status := call(t, server, "GET", "/api/2.0/workspace/get-status?path="+r.Name, nil)
		ids[r.Key] = status["object_id"].(json.Number).String()
	}
}

const (
	serverless = "compute: {serverless: true, spark_version: null, workers: null}"
	hourly     = `streaming: {shape: scheduled, trigger: null, schedule: {cron: "0 0 * * * ?", timezone: UTC}}`
)

// variants are changes of the production target, each with one option.
var variants = map[string]string{
	"node":             "compute: {node_type: m5d.large}",
	"single-node":      "compute: {workers: 0, conf: {spark.sql.shuffle.partitions: '4'}}",
	"existing-cluster": "compute: {existing_cluster: 1234-567890-abcde123, spark_version: null, workers: null}",
	"serverless":       serverless + "\n  " + hourly,
	"on-a-cluster":     hourly,
	"git":              "git: {url: https://example.com/lake.git, provider: gitHub, branch: main, folder: notebooks}",
	"told":             "streaming: {max_backlog: 10m}\n  notify: {on_failure: [ops@example.com]}",
	"own-warehouse":    "warehouse: {id: 0123456789abcdef, name: null}",
	"small-warehouse":  "warehouse: {name: small, size: null, auto_stop: null, serverless: null, max_clusters: null}",
	"as-joe":           "run_as: {user: joe@example.com}",
	"bare":             "volume: null\n  warehouse: null\n  maintenance: null\n  tags: null",
	"manual":           "streaming: {shape: manual, trigger: null}",
}

func variant(t *testing.T, name string) target.Target {
	t.Helper()
	return resolve(t, name, "extends: databricks\ndescription: A test\ndatabricks:\n  "+variants[name], nil)
}

// TestFake makes every resource of every kind of target in a workspace that refuses fields and values that
// the SDK's types don't have, and jobs that the API does not take.
func TestFake(t *testing.T) {
	targets := []target.Target{resolve(t, "databricks", "", nil), resolve(t, "dev", "", nil), resolve(t, "free", "", nil), resolve(t, "full", full, nil)}
	for name := range variants {
		targets = append(targets, variant(t, name))
	}
	for _, to := range targets {
		t.Run(to.Name, func(t *testing.T) {
			all := resources(t, to)
			if err := Check(to, all, Known{}).Err(); err != nil {
				t.Error(err)
			}
			server, ids := serve(t), map[string]string{}
			for _, r := range all {
				if r.Existing != "" { // somebody else's, whose id here is another one
					r.Fields = map[string]any{"name": "theirs", "cluster_size": "2X-Small"}
				}
				create(t, server, r, ids)
			}
		})
	}
}

// TestStreamingJob shows what an option makes of the streaming job.
func TestStreamingJob(t *testing.T) {
	for _, name := range []string{"single-node", "existing-cluster", "serverless", "git", "told"} {
		golden(t, "job-"+name+".json", find(t, resources(t, variant(t, name)), KeyStreaming))
	}
}

// TestGuards checks that the facts of all checkpoints stand somewhere, whatever the shape, and in one place.
func TestGuards(t *testing.T) {
	var want map[string]string
	for _, name := range []string{"node", "on-a-cluster", "serverless", "manual", "git"} {
		all := map[string]string{}
		for _, r := range resources(t, variant(t, name)) {
			for fact, value := range r.Guards {
				if _, twice := all[fact]; twice {
					t.Errorf("%s: %s stands twice", name, fact)
				}
				all[fact] = value
			}
			if (len(r.Guards) > 0) != (r.Key == KeyStreaming && name == "git" || r.Kind == deploy.Notebook && r.Key != notebookKey(maintenanceNotebook)) {
				t.Errorf("%s: %s has %d guards", name, r.Key, len(r.Guards))
			}
		}
		if want == nil {
			want = all
		}
		if diff := cmp.Diff(want, all); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if want["silver_prices deduplicate"] != "event_id" || want["silver_prices checkpoint"] == "" {
		t.Errorf("%v", want)
	}
}

// TestGuardsOfTheSource checks that another topic, or files instead of it, is another source.
func TestGuardsOfTheSource(t *testing.T) {
	bronze := notebookKey(layers[0].notebook)
	for _, c := range []struct{ key, value, want string }{
		{"kafka.topic", "other", "kafka other"},
		{"kafka", "{brokers: null, mechanism: null, security: PLAINTEXT, files: /Volumes/main/cryptostream/lakectl/in}", "files /Volumes/main/cryptostream/lakectl/in"},
	} {
		to := resolve(t, "databricks", "", map[string]string{c.key: c.value})
		if got := find(t, resources(t, to), bronze).Guards["bronze_prices source"]; got != c.want {
			t.Errorf("%s: %q, want %q", c.key, got, c.want)
		}
	}
}

func TestNoWorkspace(t *testing.T) {
	_, err := Resources(target.Target{Name: "k8s"}, jobs.Default())
	if exit.Code(err) != exit.Usage || exit.Hint(err) == "" {
		t.Errorf("%v", err)
	}
}
