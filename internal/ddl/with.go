package ddl

import (
	"strings"

	"github.com/cryptostream/lakectl/jobs"
)

// With renders a job's steps as common table expressions, "WITH source AS (…), step AS (…), …", for a batch
// that derives rows as the job does: source is the query that takes the place of the job's source, and the
// last expression has the job's name. A query, or a comma and more expressions, is to follow.
func With(job jobs.Job, source string) string {
	parts := []string{expression(job.Source.View, source)}
	for _, step := range job.Steps {
		parts = append(parts, expression(step.Name, step.SQL))
	}
	return "WITH " + strings.Join(parts, ",\n")
}

// expression ends the query on a line of its own: it may end in a comment.
func expression(name, query string) string { return Ident(name) + " AS (\n" + query + "\n)" }

// At names a table as it was in one version. version is a number, or what the reader of the statement puts
// one in for.
func (p Place) At(table, version string) string { return p.Table(table) + " VERSION AS OF " + version }
