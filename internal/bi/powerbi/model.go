package powerbi

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/cryptostream/lakectl/jobs"
)

// table is one of the model's tables, resolved.
type table struct {
	source
	isView   bool
	comment  string
	file     string // the spec that it is from
	columns  []column
	measures []measure
}

type column struct {
	source  string // its name in the lakehouse
	name    string // and in the model
	comment string
	kind    string // the model's type
	format  string
	isKey   bool
	hidden  bool
}

// modelTables resolves the sources, which must be tables or views of the lakehouse.
func modelTables(lakehouse *jobs.Lakehouse) ([]table, error) {
	var tables []table
	for _, s := range sources {
		t, columns, found := find(lakehouse, s)
		if !found {
			return nil, fmt.Errorf("make the Power BI model: the lakehouse has no table or view %s", s.from)
		}
		for _, c := range columns {
			kind, format, err := columnType(c.Type)
			if err != nil {
				return nil, fmt.Errorf("make the Power BI model: %s.%s: %w", s.from, c.Name, err)
			}
			t.columns = append(t.columns, column{
				source: c.Name, name: columnName(c.Name), comment: c.Comment, kind: kind, format: format,
				isKey: c.Name == s.key, hidden: hidden(s, c.Name),
			})
		}
		t.measures = measuresOf(s.name)
		tables = append(tables, t)
	}
	return tables, nil
}

func find(lakehouse *jobs.Lakehouse, s source) (table, []jobs.Column, bool) {
	if i := slices.IndexFunc(lakehouse.Views, func(v jobs.View) bool { return v.Name == s.from }); i >= 0 {
		v := lakehouse.Views[i]
		return table{source: s, isView: true, comment: v.Comment, file: v.File}, v.Columns, true
	}
	if i := slices.IndexFunc(lakehouse.Jobs, func(j jobs.Job) bool { return j.Table.Name == s.from }); i >= 0 {
		j := lakehouse.Jobs[i]
		return table{source: s, comment: j.Table.Comment, file: j.File}, j.Table.Columns, true
	}
	return table{}, nil, false
}

func modelTMDL(tables []table, origin string) []byte {
	var w writer
	w.line(0, "model Model")
	w.line(1, "culture: en-US")
	w.line(1, "defaultPowerBIDataSourceVersion: powerBI_V3")
	w.line(1, "discourageImplicitMeasures")
	w.line(1, "sourceQueryCulture: en-US")
	w.line(1, "dataAccessOptions")
	w.line(2, "legacyRedirects")
	w.line(2, "returnErrorValuesAsNull")
	w.blank()
	w.line(0, "annotation PBI_QueryOrder = %s", queryOrder(tables))
	w.blank()
	w.line(0, "annotation __PBI_TimeIntelligenceEnabled = 0") // no hidden calendar per date column
	w.blank()
	w.line(0, "annotation lakectl_Origin = %s. Change the specs in jobs/, or internal/bi/powerbi.", origin)
	w.blank()
	for _, t := range tables {
		w.line(0, "ref table %s", quoted(t.name))
	}
	w.blank()
	return w.Bytes()
}

func queryOrder(tables []table) string {
	var names []string
	for _, p := range parameters(Place{}) {
		names = append(names, p.name)
	}
	for _, t := range tables {
		names = append(names, t.name)
	}
	text, _ := json.Marshal(names) // strings
	return string(text)
}

type parameter struct{ name, value, comment string }

// parameters are what Desktop asks for when the project is opened.
func parameters(p Place) []parameter {
	return []parameter{
		{"Host", p.Host, "Server hostname of the SQL warehouse, from its connection details, without https://"},
		{"HttpPath", p.HTTPPath, "HTTP path of the SQL warehouse, from its connection details"},
		{"Catalog", p.Catalog, "Unity Catalog's catalog that the lakehouse is in"},
		{"Schema", p.Schema, "Schema that the lakehouse is in"},
	}
}

func expressionsTMDL(place Place) []byte {
	var w writer
	for _, p := range parameters(place) {
		w.describe(0, p.comment)
		w.line(0, `expression %s = %s meta [IsParameterQuery=true, Type="Text", IsParameterQueryRequired=true]`, p.name, mText(p.value))
		w.line(1, "lineageTag: %s", identity("expression", p.name))
		w.blank()
		w.line(1, "annotation PBI_ResultType = Text")
		w.blank()
	}
	return w.Bytes()
}

// relationshipsTMDL joins each fact table with the dimensions, many to one, filtered by the dimension.
func relationshipsTMDL(tables []table) []byte {
	var w writer
	for _, fact := range tables {
		for _, key := range fact.joins {
			i := slices.IndexFunc(tables, func(t table) bool { return t.key == key })
			w.line(0, "relationship %s", identity("relationship", fact.name, key))
			w.line(1, "fromColumn: %s.%s", quoted(fact.name), quoted(columnName(key)))
			w.line(1, "toColumn: %s.%s", quoted(tables[i].name), quoted(columnName(key)))
			w.blank()
		}
	}
	return w.Bytes()
}
