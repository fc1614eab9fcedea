package powerbi

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
	"testing"
)

// keys are what the published schema of a file has at its top: those that must be there, and those that may.
type keys struct{ required, optional []string }

// published are the schemas (developer.microsoft.com/json-schemas/fabric), read in their repository,
// microsoft/json-schemas; each allows no other key.
var published = map[string]keys{
	"pbip/pbipProperties/1.0.0":                      {[]string{"$schema", "version", "artifacts"}, []string{"settings"}},
	"item/semanticModel/definitionProperties/1.0.0":  {[]string{"$schema", "version"}, []string{"settings"}},
	"item/report/definitionProperties/2.0.0":         {[]string{"$schema", "version", "datasetReference"}, nil},
	"gitIntegration/platformProperties/2.0.0":        {[]string{"$schema", "metadata", "config"}, nil},
	"item/report/definition/versionMetadata/1.0.0":   {[]string{"$schema", "version"}, nil},
	"item/report/definition/pagesMetadata/1.0.0":     {[]string{"$schema"}, []string{"pageOrder", "activePageName"}},
	"item/report/definition/report/3.0.0":            {[]string{"$schema", "themeCollection"}, []string{"filterConfig", "objects", "annotations", "settings", "resourcePackages"}},
	"item/report/definition/page/2.0.0":              {[]string{"$schema", "name", "displayName", "displayOption"}, []string{"height", "width", "objects", "visualInteractions", "annotations", "filterConfig"}},
	"item/report/definition/visualContainer/2.4.0":   {[]string{"$schema", "name", "position", "visual"}, []string{"filterConfig", "isHidden", "annotations"}},
	"item/report/definition/visualConfiguration/2.2": {[]string{"visualType"}, []string{"query", "objects", "visualContainerObjects", "drillFilterOtherVisuals"}},
}

func (k keys) check(t *testing.T, where string, value map[string]any) {
	t.Helper()
	for _, name := range k.required {
		if _, there := value[name]; !there {
			t.Errorf("%s has no %s", where, name)
		}
	}
	for name := range value {
		if !slices.Contains(k.required, name) && !slices.Contains(k.optional, name) {
			t.Errorf("%s has %s", where, name)
		}
	}
}

func decode(t *testing.T, name string, text []byte) map[string]any {
	t.Helper()
	var value map[string]any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}

func TestJSON(t *testing.T) {
	made := files(t)
	for name, text := range made {
		if path.Ext(name) == ".tmdl" || path.Ext(name) == ".pbids" {
			continue
		}
		value := decode(t, name, text)
		uri, _ := value["$schema"].(string)
		schema := strings.TrimSuffix(strings.TrimPrefix(uri, "https://developer.microsoft.com/json-schemas/fabric/"), "/schema.json")
		form, known := published[schema]
		if !known {
			t.Errorf("%s is of %q", name, uri)
			continue
		}
		form.check(t, name, value)
		if config, isVisual := value["visual"].(map[string]any); isVisual {
			published["item/report/definition/visualConfiguration/2.2"].check(t, name, config)
		}
		if id, named := value["name"].(string); named && (id != path.Base(path.Dir(name)) || len(id) > 50) {
			t.Errorf("%s is called %s", name, id)
		}
	}
	reference := decode(t, "definition.pbir", made[report+"definition.pbir"])["datasetReference"].(map[string]any)["byPath"].(map[string]any)["path"].(string)
	if got := path.Join(report, reference) + "/"; got != model {
		t.Errorf("the report looks for its model in %s", got)
	}
	connection := string(made["cryptostream.pbids"])
	for _, part := range []string{`"protocol": "databricks-sql"`, `"host": "host"`, `"path": "/sql/1"`, `"mode": "DirectQuery"`} {
		if !strings.Contains(connection, part) {
			t.Errorf("no %s in %s", part, connection)
		}
	}
}

// roles are what each visual may be asked to show.
var roles = map[string][]string{"lineChart": {"Category", "Y"}, "cardVisual": {"Data"}, "tableEx": {"Values"}, "slicer": {"Values"}}

// TestVisuals: each field of a visual, and each measure that colors one, is in the model.
func TestVisuals(t *testing.T) {
	tables := tablesOf(t)
	kinds := map[string]int{}
	for _, v := range pageVisuals() {
		kinds[v.Visual.Type]++
		for role, state := range v.Visual.Query.State {
			if !slices.Contains(roles[v.Visual.Type], role) || len(state.Projections) == 0 {
				t.Errorf("%s: the role %s", v.Name, role)
			}
			refs := map[string]bool{}
			for _, p := range state.Projections {
				checkField(t, tables, v.Name, p.Field)
				once(t, refs, p.QueryRef)
			}
		}
		for _, format := range v.Visual.Objects {
			for _, f := range format {
				if color, colored := f.Properties["fontColor"].(object); colored {
					checkField(t, tables, v.Name, color["solid"].(object)["color"].(object)["expr"].(expr))
				}
			}
		}
		if v.Visual.ContainerObjects["title"] == nil || v.Visual.ContainerObjects["general"] == nil {
			t.Errorf("%s has no title, or nothing for a screen reader", v.Name)
		}
	}
	if kinds["lineChart"] != 1 || kinds["cardVisual"] != movers || kinds["tableEx"] != 1 || kinds["slicer"] != 1 {
		t.Errorf("visuals: %v", kinds)
	}
}

func checkField(t *testing.T, tables []table, visual string, e expr) {
	t.Helper()
	switch {
	case e.Column != nil && hasColumn(tables, e.Column.Expression.SourceRef.Entity, e.Column.Property):
	case e.Measure != nil && hasMeasure(tables, e.Measure.Expression.SourceRef.Entity, e.Measure.Property):
	default:
		t.Errorf("%s shows %+v %+v, which the model lacks", visual, e.Column, e.Measure)
	}
}

func TestPage(t *testing.T) {
	visuals := pageVisuals()
	for i, v := range visuals {
		at := v.Position
		if at.X < 0 || at.Y < 0 || at.Width < 100 || at.Height < 80 || at.X+at.Width > pageWidth || at.Y+at.Height > pageHeight {
			t.Errorf("%s is at %+v", v.Name, at)
		}
		for _, other := range visuals[:i] {
			o := other.Position
			if at.X < o.X+o.Width && o.X < at.X+at.Width && at.Y < o.Y+o.Height && o.Y < at.Y+at.Height {
				t.Errorf("%s lies on %s", v.Name, other.Name)
			}
		}
	}
	page := pageJSON(visuals, nil)
	for _, i := range page["visualInteractions"].([]object) {
		for _, end := range []string{"source", "target"} {
			if !slices.ContainsFunc(visuals, func(v visual) bool { return v.Name == i[end] }) {
				t.Errorf("an interaction with %v", i[end])
			}
		}
	}
}
