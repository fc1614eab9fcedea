package bi

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/internal/ddl"
)

// widgetName is what a workspace takes for one.
var widgetName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}$`)

// versions of the widget types that a workspace knows.
var versions = map[string]int{
	"counter": 2, "table": 2, "filter-multi-select": 2, "filter-date-range-picker": 2, "line": 3, "bar": 3,
}

func pages() []page { return []page{pricesPage(), healthPage()} }

func TestGrid(t *testing.T) {
	for _, p := range pages() {
		if p.LayoutVersion != "GRID_V1" || p.PageType != "PAGE_TYPE_CANVAS" {
			t.Errorf("%s is %s %s", p.Name, p.PageType, p.LayoutVersion)
		}
		taken := map[[2]int]string{}
		bottom := 0
		for _, w := range p.Layout {
			at := w.Position
			if at.X < 0 || at.Y < 0 || at.Width < 1 || at.Height < 1 || at.X+at.Width > 12 {
				t.Errorf("%s: %s is at %+v", p.Name, w.Widget.Name, at)
			}
			bottom = max(bottom, at.Y+at.Height)
			for x := at.X; x < at.X+at.Width; x++ {
				for y := at.Y; y < at.Y+at.Height; y++ {
					if other := taken[[2]int{x, y}]; other != "" {
						t.Fatalf("%s: %s lies on %s", p.Name, w.Widget.Name, other)
					}
					taken[[2]int{x, y}] = w.Widget.Name
				}
			}
		}
		if len(taken) != 12*bottom {
			t.Errorf("%s has gaps: %d of %d cells", p.Name, len(taken), 12*bottom)
		}
	}
}

func TestWidgets(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range pages() {
		for _, placed := range p.Layout {
			w := placed.Widget
			if !widgetName.MatchString(w.Name) || seen[w.Name] {
				t.Errorf("the name %q", w.Name)
			}
			seen[w.Name] = true
			if w.Spec == nil {
				if w.Text == nil || len(w.Queries) > 0 {
					t.Errorf("%s is nothing", w.Name)
				}
				continue
			}
			if versions[w.Spec.WidgetType] != w.Spec.Version || !w.Spec.Frame.ShowTitle || w.Spec.Frame.Title == "" {
				t.Errorf("%s: %+v", w.Name, w.Spec)
			}
			checkEncodings(t, w)
		}
	}
}

// checkEncodings holds what a widget shows against what its queries ask.
func checkEncodings(t *testing.T, w widget) {
	t.Helper()
	asked := map[string][]string{} // by the query's name
	for _, q := range w.Queries {
		if !slices.ContainsFunc(datasets, func(d struct{ name, title string }) bool { return d.name == q.Query.DatasetName }) {
			t.Errorf("%s asks %s", w.Name, q.Query.DatasetName)
		}
		for _, f := range q.Query.Fields {
			asked[q.Name] = append(asked[q.Name], f.Name)
		}
	}
	e := w.Spec.Encodings
	channels := append(slices.Clone(e.Columns), e.Fields...)
	for _, c := range []*channel{e.X, e.Y, e.Color, e.Value} {
		if c != nil && c.FieldName != "" {
			channels = append(channels, *c)
		}
		if c != nil {
			channels = append(channels, c.Fields...)
		}
	}
	if len(channels) == 0 {
		t.Errorf("%s shows nothing", w.Name)
	}
	for _, c := range channels {
		from := c.QueryName
		if from == "" {
			from = "main_query"
		}
		if !slices.Contains(asked[from], c.FieldName) || c.DisplayName == "" {
			t.Errorf("%s shows %+v, and asks %v", w.Name, c, asked)
		}
	}
}

// TestDashboardText: the text is one that can be read back, each query in one piece and used.
func TestDashboardText(t *testing.T) {
	text, err := Dashboard(ddl.Place{})
	if err != nil {
		t.Fatal(err)
	}
	var d document
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(queries, "sql/*.sql")
	if err != nil || len(files) != len(d.Datasets) {
		t.Errorf("%d files, %d datasets, %v", len(files), len(d.Datasets), err)
	}
	for _, set := range d.Datasets {
		sql := strings.Join(set.QueryLines, "")
		if strings.Contains(sql, ";") || !strings.HasPrefix(sql, "-- "+Mark) || strings.Count(sql, "\n") != len(set.QueryLines)-1 {
			t.Errorf("%s: %q", set.Name, sql)
		}
		if strings.Contains(sql, "{{") || strings.Contains(sql, "`.`") {
			t.Errorf("%s names %s", set.Name, sql)
		}
		if !strings.Contains(string(text), `"datasetName": "`+set.Name+`"`) {
			t.Errorf("nothing shows %s", set.Name)
		}
	}
}

// TestPlace: a deployed dashboard names its tables in full, so that it needs no default.
func TestPlace(t *testing.T) {
	text, err := Dashboard(ddl.Place{Catalog: "main", Schema: "dev"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "from silver_prices") || !strings.Contains(string(text), "from `main`.`dev`.`silver_prices`") {
		t.Errorf("%.3000s", text)
	}
}

func TestAlerts(t *testing.T) {
	place := ddl.Place{Catalog: "main", Schema: "it`s"}
	made, err := Alerts(place, Delivery{Prefix: "[dev] ", Paused: true, Notify: []Subscription{{UserEmail: "a@example.com"}}})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, a := range made {
		keys = append(keys, a.Key)
		if !strings.Contains(a.QueryText, "from `main`.`it``s`.`") || strings.Contains(a.QueryText, "{{") || strings.Contains(a.QueryText, ";") {
			t.Errorf("%s asks %s", a.Key, a.QueryText)
		}
		if !strings.HasPrefix(a.DisplayName, "[dev] CryptoStream: ") || a.Schedule.PauseStatus != "PAUSED" || len(a.Evaluation.Notification.Subscriptions) != 1 {
			t.Errorf("%+v", a)
		}
		if a.Evaluation.Threshold.Value.Double <= 0 || a.Evaluation.Source.Aggregation != "MAX" || a.Evaluation.Comparison != "GREATER_THAN" {
			t.Errorf("%s: %+v", a.Key, a.Evaluation)
		}
	}
	if got := strings.Join(keys, " "); got != "freshness dead_letters price_jump" {
		t.Error(got)
	}
}
