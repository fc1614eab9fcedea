package notebook

import (
	"fmt"
	"strings"

	"github.com/cryptostream/lakectl/jobs"
)

// recentDays is how many of a table's newest days are compacted. Older ones have been, and the late rows
// that reach them are few.
const recentDays = 7

// maintenance is the notebook that keeps the tables in shape, beside the queries.
func maintenance(lakehouse *jobs.Lakehouse, p Parameters) []byte {
	var specs []string
	for _, job := range lakehouse.Jobs {
		specs = append(specs, job.File)
	}
	cells := []cell{markdown("# Maintenance", sentences("Brings in what came late, and keeps the tables fast and small. It may run while the queries do. Once a day is enough."), origin(specs))}
	cells = append(cells, parameterCells(p.maintenance())...)
	cells = append(cells, markdown("## Session and names"), python("%s", sessionPython))
	cells = append(cells, reconcileCells(lakehouse)...)
	cells = append(cells, optimize(tables(lakehouse.Jobs))...)
	cells = append(cells, vacuum(tables(lakehouse.Jobs))...)
	return render(cells)
}

func optimize(all []jobs.Table) []cell {
	cells := []cell{markdown("## Compact", sentences(fmt.Sprintf("A streaming query writes a small file or more per batch, which readers pay for. `OPTIMIZE` puts them together. "+
		"Only the newest %d days are looked at, counted from the newest that a table has, so that a replay of the past is compacted too, and a night costs the same after a year.", recentDays))),
		python(`def recent(name: str, day: str, days: int = %d) -> str:
    """The condition for the newest days of a table that is partitioned by day."""
    newest = spark.sql(f"SELECT max({quoted(day)}) FROM {table(name)}").first()[0]
    return f"{quoted(day)} > date_sub(DATE'{newest}', {days})" if newest else "false"`, recentDays)}
	var b strings.Builder
	for _, t := range all {
		fmt.Fprintf(&b, "spark.sql(\"OPTIMIZE \" + table(%s)", pyString(t.Name))
		if day := t.Day(); day != "" {
			fmt.Fprintf(&b, " + \" WHERE \" + recent(%s, %s)", pyString(t.Name), pyString(day))
		}
		b.WriteString(")\n")
	}
	return append(cells, python("%s", &b))
}

func vacuum(all []jobs.Table) []cell {
	var b strings.Builder
	for _, t := range all {
		fmt.Fprintf(&b, "spark.sql(\"VACUUM \" + table(%s))\n", pyString(t.Name))
	}
	return []cell{
		markdown("## Clear", sentences("`VACUUM` deletes files that no version of a table within its retention needs: 7 days, unless `delta.deletedFileRetentionDuration` says otherwise. "+
			"No shorter time is given here: a reader, or a query that was down for some days, may still need what is younger.")),
		python("%s", &b),
	}
}
