package maintain

import (
	"strconv"
	"strings"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

// Sizes of data files, bytes.
const (
	// smallFile is below what a file is put together with others, again and again: each time at most so much of a
	// partition is written once more. Larger ones are left as they are.
	smallFile = 32 << 20
	largeFile = 256 << 20 // that is made at most
)

// Settings are those of the session that maintains: beside the queries, so with few threads.
func Settings() map[string]string {
	return map[string]string{
		"spark.connect.session.planCache.enabled":              "false",
		"spark.databricks.delta.optimize.minFileSize":          strconv.Itoa(smallFile),
		"spark.databricks.delta.optimize.maxFileSize":          strconv.Itoa(largeFile),
		"spark.databricks.delta.optimize.maxThreads":           "1",
		"spark.databricks.delta.vacuum.parallelDelete.enabled": "false",
	}
}

// detail asks for a table's id, its properties and how many files its newest version has.
func detail(p ddl.Place, t jobs.Table) string { return "DESCRIBE DETAIL " + p.Table(t.Name) }

// optimize puts the small files of some days together; of all the table where it has no days.
func optimize(p ddl.Place, t jobs.Table, days []string) string {
	statement := "OPTIMIZE " + p.Table(t.Name)
	if t.Day() == "" {
		return statement
	}
	literals := make([]string, len(days))
	for i, d := range days {
		literals[i] = "DATE" + ddl.Literal(d)
	}
	return statement + " WHERE " + ddl.Ident(t.Day()) + " IN (" + strings.Join(literals, ", ") + ")"
}

// vacuum deletes the files that no version of a table has since its keepFiles.
func vacuum(p ddl.Place, t jobs.Table) string { return "VACUUM " + p.Table(t.Name) }
