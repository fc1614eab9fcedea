package infra_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func readYAML(t *testing.T, into any, path ...string) {
	t.Helper()
	text, err := os.Open(filepath.Join(append([]string{"docker"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	d := yaml.NewDecoder(text)
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%v: %v", path, err)
	}
}

// Prometheus asks services of the compose file, at ports that they have.
func TestPrometheusScrapesServices(t *testing.T) {
	var config struct {
		Global struct {
			ScrapeInterval     string `yaml:"scrape_interval"`
			EvaluationInterval string `yaml:"evaluation_interval"`
		}
		RuleFiles     []string `yaml:"rule_files"`
		ScrapeConfigs []struct {
			JobName       string                       `yaml:"job_name"`
			StaticConfigs []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	readYAML(t, &config, "prometheus", "prometheus.yml")
	for _, file := range config.RuleFiles {
		if _, err := os.Stat(filepath.Join("docker", "prometheus", file)); err != nil {
			t.Error(err)
		}
	}
	services := everything(t)
	for _, scrape := range config.ScrapeConfigs {
		for _, static := range scrape.StaticConfigs {
			for _, target := range static.Targets {
				name, port, _ := strings.Cut(target, ":")
				if _, ok := services[name]; !ok {
					t.Errorf("no service %s", name)
				}
				if address := services[name].Environment["LAKECTL_METRICS_ADDR"]; address == nil || !strings.HasSuffix(*address, ":"+port) {
					t.Errorf("%s has no metrics at port %s", name, port)
				}
			}
		}
	}
}

func TestAlerts(t *testing.T) {
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For string
				Annotations      map[string]string
			}
		}
	}
	readYAML(t, &rules, "prometheus", "alerts.yml")
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			if rule.Alert == "" || rule.Expr == "" || rule.Annotations["summary"] == "" {
				t.Errorf("incomplete: %+v", rule)
			}
		}
	}
}

// The dashboard asks the data source that is provisioned, and is where Grafana looks for it.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("docker", "grafana", "dashboards", "producer.json"))
	if err != nil {
		t.Fatal(err)
	}
	type source struct{ Type, UID string }
	var dashboard struct {
		UID, Title string
		Panels     []struct {
			ID          int
			Title, Type string
			Datasource  source
			GridPos     struct{ X, Y, W, H int }
			Targets     []struct {
				RefID, Expr string
				Datasource  source
			}
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	var sources struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct {
			Name, UID, Type, Access, URL string
			IsDefault                    bool              `yaml:"isDefault"`
			JSONData                     map[string]string `yaml:"jsonData"`
		}
	}
	readYAML(t, &sources, "grafana", "provisioning", "datasources", "prometheus.yml")
	provisioned := source{sources.Datasources[0].Type, sources.Datasources[0].UID}
	if len(dashboard.Panels) < 10 || dashboard.UID == "" || dashboard.Title == "" {
		t.Errorf("dashboard %q has %d panels", dashboard.Title, len(dashboard.Panels))
	}
	taken := map[[2]int]string{}
	ids := map[int]bool{}
	for _, p := range dashboard.Panels {
		if p.Title == "" || len(p.Targets) == 0 || ids[p.ID] || p.Datasource != provisioned {
			t.Errorf("panel %d %q: %+v", p.ID, p.Title, p)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			if target.Expr == "" || target.RefID == "" || target.Datasource != provisioned {
				t.Errorf("panel %q: %+v", p.Title, target)
			}
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, ok := taken[[2]int{x, y}]; ok {
					t.Fatalf("panel %q covers %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}

	var folders struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Type      string
			DisableDeletion bool `yaml:"disableDeletion"`
			Options         map[string]string
		}
	}
	readYAML(t, &folders, "grafana", "provisioning", "dashboards", "lakectl.yml")
	var mounted []string
	for _, volume := range everything(t)["grafana"].Volumes {
		mounted = append(mounted, volume.Target)
	}
	for _, provider := range folders.Providers {
		if !slices.Contains(mounted, provider.Options["path"]) {
			t.Errorf("dashboards of %s are nowhere", provider.Name)
		}
	}
	if home := everything(t)["grafana"].Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]; *home != folders.Providers[0].Options["path"]+"/producer.json" {
		t.Errorf("the home dashboard is %s", *home)
	}
}

// metric is a name in a query; what a histogram adds to its name is left out.
var metric = regexp.MustCompile(`\b(lakectl_producer_)(\w+?)(_bucket|_count|_sum)?\b`)

// Every metric that an alert or a panel asks for is one that the producer's code names, with or
// without the prefix that it has in common.
func TestMetricsAreTheProducers(t *testing.T) {
	known := literals(t, filepath.Join(root, "producer"))
	asked := 0
	for _, file := range []string{"docker/prometheus/alerts.yml", "docker/grafana/dashboards/producer.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range metric.FindAllStringSubmatch(string(text), -1) {
			asked++
			if !known[name[1]+name[2]] && !known[name[2]] {
				t.Errorf("%s: the producer has no %s", file, name[0])
			}
		}
	}
	if asked < 20 {
		t.Errorf("%d metrics are asked for", asked)
	}
}

// literals are the strings in the code of a folder, tests left out.
func literals(t *testing.T, folder string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if text, err := strconv.Unquote(literal.Value); err == nil {
					found[text] = true
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
