// Package ddl makes the statements that create a lakehouse's schema, tables and views, for every road on
// which they are run. It is the only place where SQL is built from names: a pure function of jobs.
//
//	quote.go   names and texts, quoted
//	place.go   where the tables and checkpoints are, and what they are called there
//	ddl.go     the statements
package ddl

import (
	"maps"
	"slices"
	"strings"

	"github.com/cryptostream/lakectl/jobs"
)

func (p Place) location(table string) string {
	if p.Warehouse == "" {
		return ""
	}
	return "\nLOCATION " + Literal(p.Path(table))
}

// SchemaComment is what the schema says of itself.
const SchemaComment = "Prices of crypto assets: Bronze as they arrived, Silver clean, Gold aggregated"

// CreateSchema makes the schema where it is not there.
func (p Place) CreateSchema() string {
	return "CREATE SCHEMA IF NOT EXISTS " + p.QualifiedSchema() + " COMMENT " + Literal(SchemaComment)
}

// UseSchema makes the schema the session's current one, and its catalog with it.
func (p Place) UseSchema() string { return "USE " + p.QualifiedSchema() }

// AdoptTable makes an existing Delta table known to the catalog; where there is none, it would make one
// without columns.
func (p Place) AdoptTable(t jobs.Table) string {
	return "CREATE TABLE IF NOT EXISTS " + p.Table(t.Name) + " USING delta" + p.location(t.Name)
}

// CreateTable makes a table where it is not there, with its comments, constraints and properties.
func (p Place) CreateTable(t jobs.Table) string {
	var b strings.Builder
	b.WriteString("CREATE TABLE IF NOT EXISTS " + p.Table(t.Name) + " (")
	for i, c := range t.Columns {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString("\n  " + columnDDL(c))
	}
	b.WriteString("\n) USING delta")
	if len(t.PartitionBy) > 0 {
		b.WriteString("\nPARTITIONED BY (" + idents(t.PartitionBy) + ")")
	}
	b.WriteString(p.location(t.Name) + "\nCOMMENT " + Literal(t.Comment))
	if properties := tableProperties(t); len(properties) > 0 {
		b.WriteString("\nTBLPROPERTIES " + pairs(properties))
	}
	return b.String()
}

// SetProperties gives properties to a table that exists.
func (p Place) SetProperties(table string, properties map[string]string) string {
	return "ALTER TABLE " + p.Table(table) + " SET TBLPROPERTIES " + pairs(properties)
}

func columnDDL(c jobs.Column) string {
	ddl := Ident(c.Name) + " " + c.Type
	if c.Required {
		ddl += " NOT NULL"
	}
	return ddl + " COMMENT " + Literal(c.Comment)
}

// tableProperties are a table's properties and its CHECK constraints, which Delta keeps as properties: given here, they
// cost no commit of their own.
func tableProperties(t jobs.Table) map[string]string {
	all := maps.Clone(t.Properties)
	if all == nil {
		all = map[string]string{}
	}
	for _, c := range t.Constraints {
		all["delta.constraints."+c.Name] = c.Expr
	}
	return all
}

// pairs lists properties in order of their names.
func pairs(properties map[string]string) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		all = append(all, Literal(key)+" = "+Literal(properties[key]))
	}
	return "(" + strings.Join(all, ", ") + ")"
}

// AddColumn adds a column to a table that exists.
func (p Place) AddColumn(table string, c jobs.Column) string {
	return "ALTER TABLE " + p.Table(table) + " ADD COLUMNS (" + columnDDL(c) + ")"
}

// CreateView makes or replaces a view. Its SQL names tables of the session's current schema.
func (p Place) CreateView(v jobs.View) string {
	var columns []string
	for _, c := range v.Columns {
		columns = append(columns, Ident(c.Name)+" COMMENT "+Literal(c.Comment))
	}
	return "CREATE OR REPLACE VIEW " + p.Table(v.Name) + " (\n  " + strings.Join(columns, ",\n  ") +
		"\n) COMMENT " + Literal(v.Comment) + " AS\n" + v.SQL
}

// Own is the condition for the rows of a job's sink that are its own: a backfill fills the table of the job that reads
// Kafka, too, from another topic.
func Own(job jobs.Job) string {
	if job.Source.Kafka == nil {
		return "true"
	}
	return "topic = " + Literal(job.Source.Kafka.Topic)
}
