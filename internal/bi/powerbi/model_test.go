package powerbi

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/jobs"
)

func tablesOf(t *testing.T) []table {
	t.Helper()
	tables, err := modelTables(jobs.Default())
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

// TestColumns: the model has each column of each table and view that it names, under its type.
func TestColumns(t *testing.T) {
	kinds := map[string]string{
		"STRING": "string", "INT": "int64", "BIGINT": "int64", "DECIMAL(38,18)": "double", "DECIMAL(38,4)": "double",
		"DOUBLE": "double", "TIMESTAMP": "dateTime", "DATE": "dateTime", "BOOLEAN": "boolean",
	}
	lakehouse := jobs.Default()
	declared := map[string][]jobs.Column{}
	for _, j := range lakehouse.Jobs {
		declared[j.Table.Name] = j.Table.Columns
	}
	for _, v := range lakehouse.Views {
		declared[v.Name] = v.Columns
	}
	for _, table := range tablesOf(t) {
		var want, got []string
		for _, c := range declared[table.from] {
			want = append(want, c.Name+" "+kinds[c.Type]+" "+c.Comment)
		}
		for _, c := range table.columns {
			got = append(got, c.source+" "+c.kind+" "+c.comment)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", table.name, diff)
		}
	}
	for _, v := range lakehouse.Views {
		if !slices.ContainsFunc(sources, func(s source) bool { return s.from == v.Name }) {
			t.Errorf("the view %s is not in the model", v.Name)
		}
	}
}

func TestUnknown(t *testing.T) {
	if _, err := modelTables(&jobs.Lakehouse{}); err == nil || !strings.Contains(err.Error(), "dim_asset") {
		t.Errorf("without tables: %v", err)
	}
	lakehouse := jobs.Default()
	lakehouse.Views[0].Columns[0].Type = "MAP<STRING,INT>"
	if _, err := modelTables(lakehouse); err == nil || !strings.Contains(err.Error(), "dim_asset.pair") {
		t.Errorf("a type that Power BI lacks: %v", err)
	}
}

// TestNames: what must differ does, whatever the case: columns and measures of a table, measures of a model.
func TestNames(t *testing.T) {
	measures := map[string]bool{}
	for _, table := range tablesOf(t) {
		seen := map[string]bool{}
		for _, c := range table.columns {
			once(t, seen, table.name+"."+c.name)
		}
		for _, m := range table.measures {
			once(t, seen, table.name+"."+m.name)
			once(t, measures, m.name)
			if m.folder == "" || m.comment == "" {
				t.Errorf("%s has no folder or no description", m.name)
			}
		}
	}
	for _, m := range append(slices.Clone(fixedMeasures), moverMeasures()...) {
		if !measures[strings.ToLower(m.name)] {
			t.Errorf("%s is in no table of the model", m.name)
		}
	}
}

func once(t *testing.T, seen map[string]bool, name string) {
	t.Helper()
	if key := strings.ToLower(name); seen[key] {
		t.Errorf("%s is there twice", name)
	} else {
		seen[key] = true
	}
}

// TestRelationships: many to one, of one type on both sides.
func TestRelationships(t *testing.T) {
	tables := tablesOf(t)
	typeOf := func(table table, source string) string {
		for _, c := range table.columns {
			if c.source == source {
				return c.kind
			}
		}
		return "nothing"
	}
	n := 0
	for _, fact := range tables {
		for _, key := range fact.joins {
			i := slices.IndexFunc(tables, func(t table) bool { return t.key == key })
			if i < 0 || typeOf(fact, key) != typeOf(tables[i], key) || typeOf(fact, key) == "nothing" {
				t.Errorf("%s does not join by %s", fact.name, key)
			}
			n++
		}
	}
	if got := strings.Count(string(relationshipsTMDL(tables)), "relationship "); got != n || n != 10 {
		t.Errorf("%d relationships of %d", got, n)
	}
}

// qualified is a column in DAX, bare a measure.
var (
	qualified = regexp.MustCompile(`(?:'([^']+)'|\b([A-Za-z]+))\[([^\]]+)\]`)
	bare      = regexp.MustCompile(`(?:^|[^A-Za-z'])\[([^\]]+)\]`)
	function  = regexp.MustCompile(`\b([A-Z]+)\(`)
	text      = regexp.MustCompile(`"[^"]*"`)
)

// TestMeasures: each column, measure and function that a measure names is there, and brackets are closed.
func TestMeasures(t *testing.T) {
	tables := tablesOf(t)
	known := []string{"IF", "HASONEVALUE", "AVERAGE", "MIN", "MAX", "SUM", "SUMX", "DIVIDE", "ABS", "SWITCH", "TRUE", "ISBLANK", "NOT",
		"FORMAT", "SELECTEDVALUE", "CALCULATE", "TOPN", "FILTER", "VALUES", "COUNTROWS"}
	for _, table := range tables {
		for _, m := range table.measures {
			dax := text.ReplaceAllString(m.dax, `""`)
			for _, ref := range qualified.FindAllStringSubmatch(dax, -1) {
				if !hasColumn(tables, ref[1]+ref[2], ref[3]) {
					t.Errorf("%s names %s", m.name, ref[0])
				}
			}
			for _, ref := range bare.FindAllStringSubmatch(dax, -1) {
				if !hasMeasure(tables, "", ref[1]) {
					t.Errorf("%s names [%s]", m.name, ref[1])
				}
			}
			for _, call := range function.FindAllStringSubmatch(dax, -1) {
				if !slices.Contains(known, call[1]) {
					t.Errorf("%s calls %s", m.name, call[1])
				}
			}
			for _, pair := range []string{"()", "[]"} {
				if strings.Count(dax, pair[:1]) != strings.Count(dax, pair[1:]) {
					t.Errorf("%s: %s", m.name, m.dax)
				}
			}
		}
	}
}

func hasColumn(tables []table, name, column string) bool {
	for _, table := range tables {
		for _, c := range table.columns {
			if table.name == name && c.name == column {
				return true
			}
		}
	}
	return false
}

// hasMeasure looks in one table, or in all where the name is "".
func hasMeasure(tables []table, name, measure string) bool {
	for _, table := range tables {
		for _, m := range table.measures {
			if (name == "" || table.name == name) && m.name == measure {
				return true
			}
		}
	}
	return false
}
