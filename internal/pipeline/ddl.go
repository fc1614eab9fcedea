package pipeline

import (
	"maps"
	"slices"
	"strings"

	"github.com/cryptostream/lakectl/jobs"
)

// Ident quotes a name for use in SQL. Every name that enters a statement goes through it.
func Ident(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// Literal quotes a string for use in SQL. Every text that enters a statement goes through it.
func Literal(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\x00", `\0`).Replace(text) + "'"
}

// Place says where a lakehouse's tables and checkpoints are.
type Place struct {
	Schema string // "cryptostream", or "catalog.schema" in Unity Catalog
	// Warehouse is the folder or URI that holds each table's files under its name; "" lets the
	// catalog decide, as Unity Catalog does for managed tables.
	Warehouse   string
	Checkpoints string // the folder or URI that holds each job's checkpoint under its name
}

// Table returns the quoted full name of a table or view.
func (p Place) Table(name string) string { return p.schema() + "." + Ident(name) }

func (p Place) schema() string {
	parts := strings.Split(p.Schema, ".")
	for i, part := range parts {
		parts[i] = Ident(part)
	}
	return strings.Join(parts, ".")
}

// Checkpoint returns the location of a job's checkpoint.
func (p Place) Checkpoint(job string) string {
	return strings.TrimSuffix(p.Checkpoints, "/") + "/" + job
}

// files names a table by its files, where they are ours: a catalog in memory has forgotten it after
// a restart.
func (p Place) files(table string) string {
	if p.Warehouse == "" {
		return p.Table(table)
	}
	return "delta." + Ident(p.path(table))
}

func (p Place) path(table string) string { return strings.TrimSuffix(p.Warehouse, "/") + "/" + table }

func (p Place) location(table string) string {
	if p.Warehouse == "" {
		return ""
	}
	return "\nLOCATION " + Literal(p.path(table))
}

func (p Place) createSchema() string {
	return "CREATE SCHEMA IF NOT EXISTS " + p.schema() +
		" COMMENT 'Prices of crypto assets: Bronze as they arrived, Silver clean, Gold aggregated'"
}

// adopt makes an existing Delta table known to the catalog; where there is none, it would make one
// without columns.
func (p Place) adopt(t jobs.Table) string {
	return "CREATE TABLE IF NOT EXISTS " + p.Table(t.Name) + " USING delta" + p.location(t.Name)
}

func (p Place) createTable(t jobs.Table) string {
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
		b.WriteString("\nTBLPROPERTIES (" + strings.Join(properties, ", ") + ")")
	}
	return b.String()
}

func columnDDL(c jobs.Column) string {
	ddl := Ident(c.Name) + " " + c.Type
	if c.Required {
		ddl += " NOT NULL"
	}
	return ddl + " COMMENT " + Literal(c.Comment)
}

// tableProperties are a table's properties and its CHECK constraints, which Delta keeps as properties:
// given here, they cost no commit of their own.
func tableProperties(t jobs.Table) []string {
	all := maps.Clone(t.Properties)
	if all == nil {
		all = map[string]string{}
	}
	for _, c := range t.Constraints {
		all["delta.constraints."+c.Name] = c.Expr
	}
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		pairs = append(pairs, Literal(key)+" = "+Literal(all[key]))
	}
	return pairs
}

func (p Place) addColumn(table string, c jobs.Column) string {
	return "ALTER TABLE " + p.Table(table) + " ADD COLUMNS (" + columnDDL(c) + ")"
}

func (p Place) createView(v jobs.View) string {
	var columns []string
	for _, c := range v.Columns {
		columns = append(columns, Ident(c.Name)+" COMMENT "+Literal(c.Comment))
	}
	return "CREATE OR REPLACE VIEW " + p.Table(v.Name) + " (\n  " + strings.Join(columns, ",\n  ") +
		"\n) COMMENT " + Literal(v.Comment) + " AS\n" + v.SQL
}

func idents(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = Ident(n)
	}
	return strings.Join(quoted, ", ")
}
