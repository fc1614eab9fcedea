package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/cryptostream/lakectl/internal/bundle"
	"github.com/cryptostream/lakectl/internal/databricks"
	"github.com/cryptostream/lakectl/internal/deploy"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/fakeworkspace"
	"github.com/cryptostream/lakectl/internal/target"
	"github.com/cryptostream/lakectl/jobs"
)

// The SDK brings a library that starts a goroutine when it is loaded.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

const (
	jane      = "Jane.Doe@example.com"
	token     = "dapi-jane"
	principal = "6a1f2a3c-0000-4000-8000-000000000001"
)

// full is a target that has a resource of every kind that the bundle makes.
const full = `
extends: databricks
description: all kinds
catalog: main
schema: prices
databricks:
  folder: /Workspace/Shared/lakectl/full
  run_as: {service_principal: ` + principal + `}
  permissions: [{group: analysts, level: VIEW}, {user: joe@example.com, level: MANAGE}]
  grants: [{principal: analysts, privileges: [SELECT, USE_SCHEMA]}]
  notify: {on_failure: [ops@example.com, dev@example.com]}
`

// lakehouse is read once: each world wants the same.
var lakehouse = sync.OnceValue(jobs.Default)

// world is a workspace, and what Jane wants it to have.
type world struct {
	*testing.T
	*fakeworkspace.Workspace
	server  *httptest.Server
	wanted  []deploy.Resource
	folder  string
	secrets map[string]string
	events  []deploy.Event
	// before changes an Engine before it is used.
	before func(e *deploy.Engine)
}

func newWorld(t *testing.T, o fakeworkspace.Options) *world {
	t.Helper()
	for _, name := range []string{"DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CONFIG_PROFILE", "DATABRICKS_CLIENT_ID"} {
		t.Setenv(name, "")
	}
	t.Setenv("DATABRICKS_AUTH_TYPE", "pat")
	t.Setenv("DATABRICKS_TOKEN", token)
	t.Setenv("DATABRICKS_CONFIG_FILE", t.TempDir()+"/none")
	w := &world{T: t, Workspace: fakeworkspace.New(o), secrets: map[string]string{
		"LAKECTL_KAFKA_USERNAME": "user-of-kafka", "LAKECTL_KAFKA_PASSWORD": "s3cr3t-of-kafka",
	}}
	w.AddUser(jane, token, "admins", "analysts")
	w.AddUser("joe@example.com", "dapi-joe")
	w.AddAccountGroup("analysts")
	w.AddPrincipal(principal, "s")
	w.server = httptest.NewServer(w.Workspace)
	t.Cleanup(w.server.Close)
	w.target("full", full)
	return w
}

// target says what is wanted.
func (w *world) target(name, text string, set ...string) {
	w.Helper()
	own := fstest.MapFS{name + ".yaml": {Data: []byte("apiVersion: lakectl/v1\nkind: Target\nname: " + name + "\n" + text)}}
	targets, err := target.Load(own)
	if err != nil {
		w.Fatal(err)
	}
	v := target.Variables{User: jane, Set: map[string]string{}, Env: func(name string) (string, bool) {
		return "kafka.example.com:9092", name == "LAKECTL_KAFKA_BROKERS"
	}}
	for _, one := range set {
		key, value, _ := strings.Cut(one, "=")
		v.Set[key] = value
	}
	to, err := targets.Resolve(name, v)
	if err != nil {
		w.Fatal(err)
	}
	if w.wanted, err = bundle.Resources(to, lakehouse()); err != nil {
		w.Fatal(err)
	}
	w.folder = to.Databricks.Folder
}

// few leaves one resource of each kind, and what that needs.
func (w *world) few() {
	w.Helper()
	var kept []deploy.Resource
	left := map[string]bool{}
	for _, r := range slices.Backward(w.wanted) {
		other := r.Key == "job.streaming" || r.Kind == deploy.Notebook && r.Key != "notebook.04_Maintenance"
		if other || slices.ContainsFunc(kept, func(k deploy.Resource) bool { return k.Kind == r.Kind }) || r.Kind == deploy.Permissions && r.Key != "permissions.job.maintenance" {
			continue
		}
		kept = append(kept, r)
		left[r.Key] = true
	}
	for i := range kept {
		kept[i].DependsOn = slices.DeleteFunc(slices.Clone(kept[i].DependsOn), func(key string) bool { return !left[key] })
	}
	if w.wanted = kept; len(kept) != 13 {
		w.Fatalf("%d kinds: %v", len(kept), keys(left))
	}
}

// engine is a new process' Engine.
func (w *world) engine(transport http.RoundTripper) (*deploy.Engine, error) {
	if transport == nil {
		transport = w.server.Client().Transport
	}
	client, err := databricks.Open(w.Context(), databricks.Options{Host: w.server.URL, RetryFor: 3 * time.Second, Transport: transport}, "dev")
	if err != nil {
		return nil, err
	}
	e := &deploy.Engine{
		Workspace: client, Target: "full", Host: w.server.URL, Folder: w.folder, Who: client.User, Machine: "machine",
		NewID: uuid.NewString, Now: time.Now, NodeType: client.NodeType,
		Progress: func(event deploy.Event) { w.events = append(w.events, event) },
		Secret: func(r deploy.Resource) (string, error) {
			if value, ok := w.secrets[r.Variable]; ok {
				return value, nil
			}
			return "", exit.New(exit.Usage, fmt.Errorf("%s has no value", r.Variable), "set it")
		},
	}
	if w.before != nil {
		w.before(e)
	}
	return e, nil
}

func (w *world) plan() (*deploy.Plan, error) {
	e, err := w.engine(nil)
	if err != nil {
		return nil, err
	}
	return e.Plan(w.Context(), w.wanted)
}

// deploy is what the command does.
func (w *world) deploy(ctx context.Context, transport http.RoundTripper, force string) (*deploy.Result, error) {
	e, err := w.engine(transport)
	if err != nil {
		return nil, err
	}
	if err := e.Unlocked(ctx, force); err != nil {
		return nil, err
	}
	plan, err := e.Plan(ctx, w.wanted)
	if err != nil {
		return nil, err
	}
	return e.Apply(ctx, plan, true)
}

func (w *world) destroy(transport http.RoundTripper, data bool, force string) (*deploy.Result, error) {
	e, err := w.engine(transport)
	if err != nil {
		return nil, err
	}
	if err := e.Unlocked(w.Context(), force); err != nil {
		return nil, err
	}
	plan, err := e.PlanDestroy(w.Context(), w.wanted, data)
	if err != nil {
		return nil, err
	}
	return e.Apply(w.Context(), plan, true)
}

func (w *world) mustDeploy() *deploy.Result {
	w.Helper()
	result, err := w.deploy(w.Context(), nil, "")
	if err != nil {
		w.Fatalf("%v (%s)", err, exit.Hint(err))
	}
	return result
}

// quiet fails if a deploy would do something.
func (w *world) quiet() {
	w.Helper()
	w.Forget()
	plan, err := w.plan()
	if err != nil {
		w.Fatal(err)
	}
	if acts := plan.Acts(); len(acts) > 0 {
		w.Errorf("a second deploy would do something:\n%s", text(w.T, plan))
	}
	if writes := w.Writes(); len(writes) > 0 {
		w.Errorf("a plan writes: %v", writes)
	}
}

func text(t *testing.T, plan *deploy.Plan) string {
	t.Helper()
	var b bytes.Buffer
	if err := plan.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// contents is all that a workspace has, without ids and times, so that two can be compared.
func (w *world) contents() map[string]any {
	w.Helper()
	all := map[string]any{"schemas": w.Schemas(), "secrets": w.Secrets("lakectl-full")}
	for at, content := range w.Files() {
		if !strings.HasSuffix(at, "state.json") {
			all[at] = string(content)
		}
	}
	jobs := w.Jobs()
	all["jobs"] = len(jobs)
	for _, job := range jobs {
		scrub(job)
		all[fmt.Sprint("job ", job["name"])] = encode(w.T, job)
	}
	for _, warehouse := range w.Warehouses() {
		for _, name := range []string{"id", "jdbc_url", "odbc_params", "state"} {
			delete(warehouse, name)
		}
		scrub(warehouse)
		all[fmt.Sprint("warehouse ", warehouse["name"])] = encode(w.T, warehouse)
	}
	return all
}

// scrub takes out the lineage, which is another one for each state.
func scrub(o map[string]any) {
	tags, _ := o["tags"].(map[string]any)
	delete(tags, deploy.MarkTag)
	custom, _ := tags["custom_tags"].([]any)
	if tags["custom_tags"] != nil {
		tags["custom_tags"] = slices.DeleteFunc(custom, func(v any) bool { return v.(map[string]any)["key"] == deploy.MarkTag })
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var errKilled = errors.New("killed")

// doomed carries calls until one of them, at which the process dies: before it is sent, or after it was
// carried out.
type doomed struct {
	next  http.RoundTripper
	left  func(r *http.Request) bool // reports whether this is the last call
	after bool

	mu   sync.Mutex
	dead bool
}

func (d *doomed) RoundTrip(r *http.Request) (*http.Response, error) {
	dead, last := d.count(r)
	if dead {
		return nil, errKilled
	}
	if !last {
		return d.next.RoundTrip(r)
	}
	if d.after {
		response, err := d.next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		_ = response.Body.Close()
	}
	return nil, errKilled
}

// count tells whether the process was dead before a call, and whether it dies at it.
func (d *doomed) count(r *http.Request) (dead, last bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.dead {
		d.dead = d.left(r)
		last = d.dead
	}
	return d.dead && !last, last
}

func names(result *deploy.Result) []string {
	var all []string
	for _, s := range result.Steps {
		all = append(all, string(s.Action)+" "+s.Key)
	}
	return all
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
