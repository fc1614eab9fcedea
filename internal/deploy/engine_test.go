package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/deploy"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

// TestInterrupted: a step that has begun is finished and noted, the lock is given back, the next deploy goes on.
func TestInterrupted(t *testing.T) {
	w := newWorld(t, fakeworkspace.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	w.before = func(e *deploy.Engine) {
		e.Progress = func(event deploy.Event) {
			if event.Key == "schema" {
				cancel()
			}
		}
	}
	result, err := w.deploy(ctx, nil, "")
	if !errors.Is(err, context.Canceled) || result.Steps[len(result.Steps)-1].Key != "schema" || len(result.Steps)+len(result.Left) != len(w.wanted) {
		t.Fatalf("%v, %v", err, names(result))
	}
	if w.held() != "" {
		t.Error("the lock is left")
	}
	w.before = nil
	again := w.mustDeploy()
	if len(again.Steps) != len(result.Left) {
		t.Errorf("it does other steps than were left: %v", names(again))
	}
	w.quiet()
}

// TestAtOnce: of several deploys at once one does it, and the others are refused or find nothing to do.
func TestAtOnce(t *testing.T) {
	w := newWorld(t, fakeworkspace.Options{})
	var all sync.WaitGroup
	errs := make([]error, 4)
	w.before = func(e *deploy.Engine) { e.Progress = func(deploy.Event) {} }
	for i := range errs {
		all.Go(func() { _, errs[i] = w.deploy(t.Context(), nil, "") })
	}
	all.Wait()
	done := 0
	for _, err := range errs {
		switch exit.Code(err) {
		case exit.OK:
			done++
		case exit.Refused:
		default:
			t.Error(err)
		}
	}
	if done == 0 || len(w.Jobs()) != 2 {
		t.Errorf("%d did it, and there are %d jobs: %v", done, len(w.Jobs()), errs)
	}
	w.before = nil
	w.quiet()
}

// TestRefusedUnasked: a plan that destroys is not executed without a yes, whoever calls.
func TestRefusedUnasked(t *testing.T) {
	w := newWorld(t, fakeworkspace.Options{})
	w.mustDeploy()
	w.target("full", full, "schema=others", "checkpoints=/Volumes/main/others/lakectl/checkpoints")
	e, err := w.engine(nil)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := e.Plan(t.Context(), w.wanted)
	if err != nil {
		t.Fatal(err)
	}
	w.Forget()
	if _, err := e.Apply(t.Context(), plan, false); exit.Code(err) != exit.Refused || len(w.Writes()) > 0 {
		t.Errorf("%v, %v", err, w.Writes())
	}
	if _, err := e.Apply(t.Context(), plan, true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"main.others"}, w.Schemas()); diff != "" {
		t.Error(diff)
	}
	w.quiet()
}

// TestPermissions: who was let in by hand is shown out, and the owner stays.
func TestPermissions(t *testing.T) {
	w := newWorld(t, fakeworkspace.Options{})
	w.mustDeploy()
	var id int64
	for one, job := range w.Jobs() {
		if strings.Contains(fmt.Sprint(job["name"]), "streaming") {
			id = one
		}
	}
	w.call("PATCH", fmt.Sprintf("/api/2.0/permissions/jobs/%d", id),
		`{"access_control_list": [{"group_name": "users", "permission_level": "CAN_VIEW"}, {"user_name": "joe@example.com", "permission_level": "CAN_VIEW"}]}`)
	plan, err := w.plan()
	if err != nil {
		t.Fatal(err)
	}
	got := text(t, plan)
	for _, want := range []string{"access_control_list[users]", `access_control_list[joe@example.com].permission_level: "CAN_VIEW" → "CAN_MANAGE"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
	w.mustDeploy()
	w.quiet()
}

// call is somebody's change in the workspace.
func (w *world) call(method, path, body string) {
	w.Helper()
	request, err := http.NewRequestWithContext(w.Context(), method, w.server.URL+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := w.server.Client().Do(request)
	if err != nil {
		w.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		w.Fatalf("%s %s: %s", method, path, response.Status)
	}
}

// pages are a dashboard and an alert on a warehouse.
func pages() []deploy.Resource {
	const folder = "/Workspace/Shared/pages"
	return []deploy.Resource{
		{Key: "folder", Kind: deploy.Folder, Name: folder, Fields: map[string]any{"path": folder}},
		{Key: "warehouse", Kind: deploy.Warehouse, Name: "pages", Fields: map[string]any{
			"name": "pages", "cluster_size": "2X-Small", "warehouse_type": "PRO", "auto_stop_mins": 10, "max_num_clusters": 1, "min_num_clusters": 1,
		}},
		{Key: "dashboard", Kind: deploy.Dashboard, Name: "Prices", DependsOn: []string{"folder", "warehouse"}, Fields: map[string]any{
			"display_name": "Prices", "parent_path": folder, "warehouse_id": "${warehouse.id}",
			"serialized_dashboard": `{"pages": [{"name": "p", "displayName": "Prices"}]}`,
		}},
		{Key: "alert", Kind: deploy.Alert, Name: "No quotes", DependsOn: []string{"folder", "warehouse"}, Fields: map[string]any{
			"display_name": "No quotes", "parent_path": folder, "warehouse_id": "${warehouse.id}", "query_text": "select 1 as n",
			"schedule":   map[string]any{"quartz_cron_schedule": "0 0 * * * ?", "timezone_id": "UTC", "pause_status": "UNPAUSED"},
			"evaluation": map[string]any{"source": map[string]any{"name": "n"}, "comparison_operator": "LESS_THAN", "threshold": map[string]any{"value": map[string]any{"double_value": 1}}},
		}},
	}
}

// TestDependency: what refers to something that has to be made anew is told its new id.
func TestDependency(t *testing.T) {
	w := newWorld(t, fakeworkspace.Options{})
	w.wanted, w.folder = pages(), "/Workspace/Shared/pages"
	empty := w.contents()
	w.mustDeploy()
	w.quiet()
	w.call("DELETE", "/api/2.0/sql/warehouses/"+keys(w.Warehouses())[0], "")
	plan, err := w.plan()
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, plan); !strings.Contains(got, `→ "${warehouse.id}"  (what it refers to changes)`) {
		t.Error(got)
	}
	if result := w.mustDeploy(); !slices.Equal(names(result), []string{"create warehouse", "update dashboard", "update alert"}) {
		t.Errorf("%v", names(result))
	}
	w.quiet()
	w.wanted[2].Fields["serialized_dashboard"] = `{"pages": [{"name": "p", "displayName": "Price"}]}`
	w.wanted[3].Fields["query_text"] = "select 2 as n"
	if result := w.mustDeploy(); !slices.Equal(names(result), []string{"update dashboard", "update alert"}) {
		t.Errorf("%v", names(result))
	}
	w.quiet()
	if _, err := w.destroy(nil, false, ""); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(empty, w.contents()); diff != "" {
		t.Error(diff)
	}
}

// TestFromAnyToAny: whatever was deployed, a deploy of something else makes that, and then there is nothing to do.
func TestFromAnyToAny(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(some ...string) string { return some[random.IntN(len(some))] }
	w := newWorld(t, fakeworkspace.Options{})
	for range 6 {
		schema := pick("prices", "others")
		set := []string{
			"schema=" + schema, "checkpoints=/Volumes/main/" + schema + "/lakectl/checkpoints",
			"databricks.folder=" + pick("/Workspace/Shared/lakectl/full"),
			"databricks.maintenance=" + pick("null", `{schedule: {cron: "0 17 3 * * ?", timezone: UTC}}`),
			"databricks.warehouse.size=" + pick("Small", "2X-Small"), "databricks.warehouse.name=" + pick("a", "b"),
			"databricks.secrets.scope=" + pick("lakectl-full", "another"), "databricks.compute.workers=" + pick("0", "1"),
			"databricks.permissions=" + pick("[]", "[{group: analysts, level: RUN}]"),
			"databricks.grants=" + pick("[]", "[{principal: analysts, privileges: [SELECT]}]", "[{principal: joe@example.com, privileges: [MODIFY]}]"),
			"databricks.tags=" + pick("{}", "{a: b}"), "databricks.streaming.paused=" + pick("true", "false"),
		}
		w.target("full", full, set...)
		if _, err := w.deploy(t.Context(), nil, ""); err != nil {
			t.Fatalf("%v: %v (%s)", set, err, exit.Hint(err))
		}
		w.quiet()
		fresh := newWorld(t, fakeworkspace.Options{})
		fresh.target("full", full, set...)
		fresh.mustDeploy()
		if diff := cmp.Diff(fresh.contents(), w.contents()); diff != "" {
			t.Fatalf("%v: it is not what a first deploy makes:\n%s", set, diff)
		}
	}
}
