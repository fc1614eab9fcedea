package reconcile

import (
	"strings"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

// CountLate returns the statement that counts the late events that a deduplicating job's sink lacks, by date:
// date, rows, held (true for those that wait until they are Hold below the watermark) and arrived, when Bronze
// took in the first of them. It needs Source, Sink and Watermark.
func CountLate(job jobs.Job, p ddl.Place, s Scope) string {
	return lateEvents(job, p, s) + `
SELECT date, count(*) AS rows, held, min(ingested_at) AS arrived
FROM missing
GROUP BY date, held
ORDER BY date, held`
}

// InsertLate returns the statement that inserts the late events of Dates into the job's sink. It inserts only,
// and what is there by then is not inserted again. It needs Source, Sink, Watermark and Dates.
func InsertLate(job jobs.Job, p ddl.Place, s Scope) string {
	return "MERGE INTO " + p.Table(job.Sink.Table) + " AS t\nUSING (\n" + lateEvents(job, p, s) + `
SELECT ` + columns(job.Table, "") + "\nFROM missing\nWHERE NOT held AND date IN (" + s.Dates + `)
) AS s
ON t.date IN (` + s.Dates + ") AND " + equal(job.Deduplicate, "t.", "s.", false) + `
WHEN NOT MATCHED THEN INSERT (` + columns(job.Table, "") + ")\nVALUES (" + columns(job.Table, "s.") + ")"
}

// lateEvents ends in missing: the first copy of each event below the watermark that the sink lacks. The sink is
// read as it was in one version, so that what is appended meanwhile is no conflict; the merge looks again
// into the dates that it changes.
func lateEvents(job jobs.Job, p ddl.Place, s Scope) string {
	source := "SELECT * FROM " + p.At(job.Source.Table, s.Source)
	if s.Arrived != "" {
		source += "\nWHERE ingest_date >= date(" + s.Arrived + ") AND ingested_at >= " + s.Arrived
	}
	key := make([]string, len(job.Deduplicate))
	for i, k := range job.Deduplicate {
		key[i] = ddl.Ident(k)
	}
	time := ddl.Ident(job.Watermark.Column)
	return ddl.With(job, source) + `,
copies AS (
  SELECT *,
    ` + time + " > " + s.watermark() + " - " + Hold + ` AS held,
    row_number() OVER (PARTITION BY ` + strings.Join(key, ", ") + ` ORDER BY ingested_at, kafka_partition, kafka_offset) AS copy
  FROM ` + ddl.Ident(job.Name) + `
  WHERE ` + time + " <= " + s.watermark() + `
),
missing AS (
  SELECT * FROM copies
  LEFT ANTI JOIN (SELECT * FROM ` + p.At(job.Sink.Table, s.Sink) + `) AS there
    ON ` + equal(job.Deduplicate, "copies.", "there.", false) + `
  WHERE copy = 1
)`
}
