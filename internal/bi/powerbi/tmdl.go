package powerbi

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// writer writes TMDL: one thing a line, indented by tabs.
type writer struct{ bytes.Buffer }

func (w *writer) line(depth int, format string, args ...any) {
	w.WriteString(strings.Repeat("\t", depth))
	fmt.Fprintf(w, format, args...)
	w.WriteByte('\n')
}

func (w *writer) blank() { w.WriteByte('\n') }

// describe writes a description, which stands before what it describes.
func (w *writer) describe(depth int, text string) {
	w.line(depth, "/// %s", strings.Join(strings.Fields(text), " "))
}

// expression writes a value of several lines, which is two levels deeper than what it belongs to.
func (w *writer) expression(depth int, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		w.line(depth, "%s", line)
	}
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// quoted is a name as TMDL wants it.
func quoted(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", "''") + "'"
}

// mText is a text literal of M, the language of a partition's source.
func mText(text string) string {
	return `"` + strings.NewReplacer(`"`, `""`, "#(", "#(#)(", "\n", "#(lf)", "\r", "#(cr)").Replace(text) + `"`
}

func tableTMDL(t table, origin string) []byte {
	var w writer
	w.describe(0, t.comment)
	w.line(0, "table %s", quoted(t.name))
	w.line(1, "lineageTag: %s", identity("table", t.name))
	if t.key == "date" {
		w.line(1, "dataCategory: Time")
	}
	w.blank()
	for _, m := range t.measures {
		w.measure(t, m)
	}
	for _, c := range t.columns {
		w.column(t, c)
	}
	w.partition(t)
	w.line(1, "annotation PBI_ResultType = Table")
	w.blank()
	w.line(1, "annotation lakectl_Origin = %s from jobs/%s.", origin, t.file)
	w.blank()
	return w.Bytes()
}

func (w *writer) measure(t table, m measure) {
	w.describe(1, m.comment)
	if strings.Contains(m.dax, "\n") {
		w.line(1, "measure %s =", quoted(m.name))
		w.expression(3, m.dax)
	} else {
		w.line(1, "measure %s = %s", quoted(m.name), m.dax)
	}
	if m.format != "" {
		w.line(2, "formatString: %s", m.format)
	}
	if m.hidden {
		w.line(2, "isHidden")
	}
	w.line(2, "displayFolder: %s", m.folder)
	w.line(2, "lineageTag: %s", identity("measure", t.name, m.name))
	w.blank()
}

func (w *writer) column(t table, c column) {
	w.describe(1, c.comment)
	w.line(1, "column %s", quoted(c.name))
	w.line(2, "dataType: %s", c.kind)
	if c.hidden {
		w.line(2, "isHidden")
	}
	if c.isKey {
		w.line(2, "isKey")
	}
	if c.format != "" {
		w.line(2, "formatString: %s", c.format)
	}
	w.line(2, "lineageTag: %s", identity("column", t.name, c.source))
	w.line(2, "summarizeBy: none")
	w.line(2, "sourceColumn: %s", c.source)
	if by := sortedBy[c.source]; t.key == "date" && by != "" {
		w.line(2, "sortByColumn: %s", quoted(columnName(by)))
	}
	w.blank()
	w.line(2, "annotation SummarizationSetBy = Automatic")
	w.blank()
}

// sortedBy are the columns of the calendar that are in order of another one.
var sortedBy = map[string]string{"month_name": "month", "day_name": "day_of_week"}

// partition asks the warehouse. The names of the steps are none of the parameters': a step would hide them.
func (w *writer) partition(t table) {
	kind := "Table"
	if t.isView {
		kind = "View"
	}
	w.line(1, "partition %s = m", quoted(t.name))
	w.line(2, "mode: directQuery")
	w.line(2, "source =")
	w.expression(4, fmt.Sprintf(`let
    Source = Databricks.Catalogs(Host, HttpPath, [Catalog=null, Database=null, EnableAutomaticProxyDiscovery=null]),
    InCatalog = Source{[Name=Catalog,Kind="Database"]}[Data],
    InSchema = InCatalog{[Name=Schema,Kind="Schema"]}[Data],
    Rows = InSchema{[Name=%s,Kind=%q]}[Data]
in
    Rows`, mText(t.from), kind))
	w.blank()
}
