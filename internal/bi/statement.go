package bi

import (
	"embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/cryptostream/lakectl/internal/ddl"
)

// queries are templates: {{table "silver_prices"}} is the table's name.
//
//go:embed sql/*.sql alerts/*.sql
var queries embed.FS

// statement returns the query in a file over the tables of place, or of the current schema where there is no
// place. Its first line says what it was made from.
func statement(file string, place ddl.Place) (string, error) {
	table := place.Table
	if place == (ddl.Place{}) {
		table = func(name string) string { return name }
	}
	text, err := queries.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read a query: %w", err)
	}
	t, err := template.New(file).Funcs(template.FuncMap{"table": table}).Parse(string(text))
	if err != nil {
		return "", fmt.Errorf("read a query: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "-- %s from internal/bi/%s. Change that, not this.\n", Mark, file)
	if err := t.Execute(&b, nil); err != nil {
		return "", fmt.Errorf("make a query: %w", err)
	}
	return strings.TrimSpace(b.String()), nil
}
