package bundle

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/cryptostream/lakectl/internal/notebook"
	"github.com/cryptostream/lakectl/jobs"
)

func files(t *testing.T) map[string][]byte {
	t.Helper()
	made, err := Files(jobs.Default())
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestFilesAreTheSameEachTime(t *testing.T) {
	if a, b := files(t), files(t); !maps.EqualFunc(a, b, bytes.Equal) {
		t.Error("two calls gave different files")
	}
}

// TestJobFiles makes a job of each file, as it is.
func TestJobFiles(t *testing.T) {
	server := serve(t)
	made := 0
	for name, text := range files(t) {
		if !strings.HasPrefix(name, "jobs/") {
			continue
		}
		made++
		var body map[string]any
		if err := json.Unmarshal(text, &body); err != nil {
			t.Fatal(err)
		}
		if answer := call(t, server, "POST", "/api/2.2/jobs/create", body); answer["job_id"] == nil {
			t.Errorf("%s: %v", name, answer)
		}
		if !bytes.Contains(text, []byte(notebook.Mark)) {
			t.Errorf("%s does not say what made it", name)
		}
	}
	if made != 3 {
		t.Errorf("%d jobs", made)
	}
}

type bundleYAML struct {
	Variables map[string]struct {
		Description string
		Default     *string
	}
	Resources map[string]map[string]map[string]any
}

func readBundle(t *testing.T) (text string, b bundleYAML) {
	t.Helper()
	text = string(files(t)["databricks.yml"])
	if err := yaml.Unmarshal([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	return text, b
}

var reference = regexp.MustCompile(`\$\{([^}]+)\}`)

// TestBundleReferences checks that each ${…} is of something that there is, and each variable is used.
func TestBundleReferences(t *testing.T) {
	text, b := readBundle(t)
	used := map[string]bool{}
	for _, found := range reference.FindAllStringSubmatch(text, -1) {
		switch parts := strings.Split(found[1], "."); {
		case parts[0] == "var":
			used[parts[1]] = true
			if _, declared := b.Variables[parts[1]]; !declared {
				t.Errorf("there is no variable %s", parts[1])
			}
		case parts[0] == "resources":
			if of := b.Resources[parts[1]][parts[2]]; of == nil || of[parts[3]] == nil && parts[3] != "id" {
				t.Errorf("there is no %s", found[1])
			}
		case !slices.Contains([]string{"bundle.name", "bundle.target", "workspace.current_user.short_name"}, found[1]):
			t.Errorf("what is ${%s}?", found[1])
		}
	}
	for name, v := range b.Variables {
		if !used[name] || v.Description == "" {
			t.Errorf("variable %s: used %v, description %q", name, used[name], v.Description)
		}
	}
}

// TestBundleResources makes what the bundle has, with a text for each variable.
func TestBundleResources(t *testing.T) {
	text, _ := readBundle(t)
	text = reference.ReplaceAllStringFunc(text, func(found string) string {
		switch found {
		case "${var.node_type}":
			return "i3.xlarge"
		case "${var.catalog}":
			return "main"
		}
		return "cryptostream"
	})
	text = strings.ReplaceAll(text, "notebook_path: ./", "notebook_path: /Workspace/bundle/")
	var b bundleYAML
	if err := yaml.Unmarshal([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	server, warehouse := serve(t), any(nil)
	for _, kind := range []struct{ name, path string }{
		{"schemas", "/api/2.1/unity-catalog/schemas"}, {"volumes", "/api/2.1/unity-catalog/volumes"},
		{"sql_warehouses", "/api/2.0/sql/warehouses"}, {"jobs", "/api/2.2/jobs/create"}, {"alerts", "/api/2.0/alerts"},
	} {
		if len(b.Resources[kind.name]) == 0 {
			t.Errorf("no %s", kind.name)
		}
		for _, key := range sorted(b.Resources[kind.name]) {
			body := b.Resources[kind.name][key]
			if body["warehouse_id"] != nil {
				body["warehouse_id"] = warehouse
			}
			if answer := call(t, server, "POST", kind.path, body); kind.name == "sql_warehouses" {
				warehouse = answer["id"]
			}
		}
	}
}

var widget = regexp.MustCompile(`dbutils\.widgets\.(?:text|dropdown)\("(\w+)"`)

// TestParameters checks that each task gives its notebook a value for each widget, and nothing else.
func TestParameters(t *testing.T) {
	_, b := readBundle(t)
	notebooks := notebook.Files(jobs.Default(), notebook.Defaults(jobs.Default()))
	tasks := 0
	for _, job := range b.Resources["jobs"] {
		for _, task := range job["tasks"].([]any) {
			tasks++
			n := task.(map[string]any)["notebook_task"].(map[string]any)
			file := strings.TrimPrefix(n["notebook_path"].(string), "./")
			var widgets []string
			for _, found := range widget.FindAllSubmatch(notebooks[file], -1) {
				widgets = append(widgets, string(found[1]))
			}
			slices.Sort(widgets)
			if given := sorted(n["base_parameters"].(map[string]any)); len(widgets) == 0 || !slices.Equal(widgets, given) {
				t.Errorf("%s has the widgets %v and gets %v", file, widgets, given)
			}
		}
	}
	if tasks != 4 {
		t.Errorf("%d tasks", tasks)
	}
}
