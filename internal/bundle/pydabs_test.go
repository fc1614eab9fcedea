package bundle

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/internal/deploy"
	"github.com/cryptostream/lakectl/internal/pythontest"
)

// refused returns what Databricks' own types of a bundle's resources refuse, "" for nothing.
func refused(t *testing.T, resources any) string {
	t.Helper()
	text, err := json.Marshal(resources)
	if err != nil {
		t.Fatal(err)
	}
	check := exec.CommandContext(t.Context(), pythontest.With(t, "testdata/pydabs/requirements.txt"), "testdata/pydabs/check.py")
	check.Stdin = bytes.NewReader(text)
	out, err := check.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// TestPublishedTypes holds the bundle, the exported jobs and every target's resources against the types that
// Databricks generates from the published JSON schema of bundles.
func TestPublishedTypes(t *testing.T) {
	if testing.Short() {
		t.Skip("installs a Python package")
	}
	_, b := readBundle(t)
	if out := refused(t, b.Resources); out != "" {
		t.Errorf("databricks.yml:\n%s", out)
	}
	all := map[string]map[string]any{"jobs": {}, "schemas": {}, "volumes": {}, "sql_warehouses": {}, "dashboards": {}, "alerts": {}}
	for name, text := range files(t) {
		if strings.HasPrefix(name, "jobs/") {
			var job map[string]any
			if err := json.Unmarshal(text, &job); err != nil {
				t.Fatal(err)
			}
			all["jobs"][name] = job
		}
	}
	kinds := map[deploy.Kind]string{deploy.Job: "jobs", deploy.Schema: "schemas", deploy.Volume: "volumes", deploy.Warehouse: "sql_warehouses", deploy.Dashboard: "dashboards", deploy.Alert: "alerts"}
	for name, own := range map[string]string{"databricks": "", "dev": "", "free": "", "full": full} {
		for _, r := range resources(t, resolve(t, name, own, nil)) {
			if kind, has := kinds[r.Kind]; has {
				all[kind][name+" "+r.Key] = r.Fields
			}
		}
	}
	if out := refused(t, all); out != "" {
		t.Error(out)
	}
}

// TestPublishedTypesRefuse checks that the check can fail.
func TestPublishedTypesRefuse(t *testing.T) {
	if testing.Short() {
		t.Skip("installs a Python package")
	}
	out := refused(t, map[string]any{"jobs": map[string]any{
		"field": map[string]any{"title": "x"},
		"value": map[string]any{"continuous": map[string]any{"pause_status": "RESTING"}},
		"lacks": map[string]any{"queue": map[string]any{}},
	}})
	for _, want := range []string{"jobs.field: ", "jobs.value: ", "jobs.lacks: "} {
		if !strings.Contains(out, want) {
			t.Errorf("no word of %s in\n%s", want, out)
		}
	}
}
