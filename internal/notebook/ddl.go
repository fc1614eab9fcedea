package notebook

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

// somewhere is the schema that a notebook's variable lakehouse names, quoted.
var somewhere = ddl.Place{Schema: placeholder("lakehouse")}

// inLakehouse is a statement over somewhere as a Python literal.
func inLakehouse(statement string) string { return pyFormat(named(statement)) }

func named(statement string) string {
	return strings.ReplaceAll(statement, somewhere.QualifiedSchema(), placeholder("lakehouse"))
}

// unqualified is a statement over somewhere, over the session's current schema.
func unqualified(statement string) string {
	return strings.ReplaceAll(statement, somewhere.QualifiedSchema()+".", "")
}

// tableCells create the schema and tables where they are not there.
func tableCells(made []jobs.Table) []cell {
	cells := []cell{
		markdown("## Tables", sentences("Columns, comments and constraints are declared before the first row, so that a query can't invent them. A table that is there already is left as it is.")),
		python("if not spark.catalog.databaseExists(lakehouse):\n    spark.sql(f%s)", pyString(braced(named(somewhere.CreateSchema())))),
	}
	for _, t := range made {
		cells = append(cells, markdown("### "+code(t.Name), t.Comment), python("spark.sql(%s)", inLakehouse(somewhere.CreateTable(t))))
	}
	return cells
}

// viewCells create the views. They come before the streaming views: those have the tables' names, and
// a view's SQL would find them first.
func viewCells(views []jobs.View, shadows []string) []cell {
	var rows [][]string
	for _, v := range views {
		rows = append(rows, []string{code(v.Name), v.Comment})
	}
	cells := []cell{
		markdown("## Views", sentences("For dashboards and people. Gold has a window only when it is final; the views compute from Silver what is still open. "+
			"They go by the newest event and not by the clock, so that a replay of the past shows too."), markdownTable([]string{"View", "Shows"}, rows)),
		python("# A view's SQL names tables of the current schema, and would find streaming views of an earlier run first.\n"+
			"for name in [%s]:\n    spark.catalog.dropTempView(name)\nspark.sql(f\"USE {lakehouse}\")", pyStrings(shadows)),
	}
	for _, v := range views {
		cells = append(cells, python("spark.sql(%s)", inLakehouse(somewhere.CreateView(v))))
	}
	return cells
}

func tablesSQL(lakehouse *jobs.Lakehouse, p Parameters) []byte {
	var statements, specs []string
	for _, t := range tables(lakehouse.Jobs) {
		statements = append(statements, unqualified(somewhere.CreateTable(t)))
	}
	for _, j := range lakehouse.Jobs {
		specs = append(specs, j.File)
	}
	return sqlFile("The tables. The notebooks create them too; this is for who wants them first.", specs, p, statements)
}

func viewsSQL(lakehouse *jobs.Lakehouse, p Parameters) []byte {
	var statements, specs []string
	for _, v := range lakehouse.Views {
		statements = append(statements, unqualified(somewhere.CreateView(v)))
		specs = append(specs, v.File)
	}
	return sqlFile("The views, for a SQL warehouse. 03_Gold_Analytics creates them too.", specs, p, statements)
}

// sqlFile is a script of statements over the current schema.
func sqlFile(about string, specs []string, p Parameters, statements []string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "-- %s\n-- %s\n--\n-- Names are of the current schema; choose it first:\n-- USE CATALOG %s;\n-- USE SCHEMA %s;\n",
		about, origin(specs), ddl.Ident(p.Catalog), ddl.Ident(p.Schema))
	for _, s := range statements {
		b.WriteString("\n" + s + ";\n")
	}
	return b.Bytes()
}
