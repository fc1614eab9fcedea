package verify

import (
	"fmt"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

// missingEvents looks for good records that the query has read and whose event is not in its sink. Such an event
// is late, and not lost, if an event that arrived before it had moved the watermark past it. That is computed
// only where something is missing: it reads the times of the whole sink.
func (s statements) missingEvents(job jobs.Job) check {
	key, time := idents(job.Deduplicate), ddl.Ident(job.Watermark.Column)
	sink := s.table(job.Sink.Table)
	missing := ddl.With(job, s.arrived(s.read(job), "ingest_date")) + `,
missing AS (
  SELECT * FROM ` + ddl.Ident(job.Name) + ` AS given
  LEFT ANTI JOIN ` + sink + ` AS kept
    ON ` + same("given", "kept", job.Deduplicate) + `
)`
	return check{
		name:      "events that are not in " + job.Sink.Table,
		count:     missing + "\nSELECT count(DISTINCT " + key + ") FROM missing",
		mayBeLate: true,
		offences: missing + `,
firsts AS (
  SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY ` + key + ` ORDER BY ingested_at, kafka_partition, kafka_offset) AS copy FROM missing
  ) WHERE copy = 1
),
arrivals AS (
  SELECT ingested_at, max(newest) AS newest FROM (
    SELECT ingested_at, ` + time + ` AS newest FROM ` + sink + `
    UNION ALL SELECT DISTINCT ingested_at, NULL FROM firsts
  ) GROUP BY ingested_at
),
reached AS (
  SELECT ingested_at, max(newest) OVER (ORDER BY ingested_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest
  FROM arrivals
)
SELECT kafka_partition AS partition, kafka_offset AS offset, ` + key + `, pair, ` + time + `,
  coalesce(` + time + ` <= newest - ` + interval(job.Watermark.Delay) + `, false) AS late
FROM firsts JOIN reached USING (ingested_at)`,
		why: fmt.Sprintf("a good record was read and its event is not there: it came more than %s late and the watermark refused it; where it did not, a row was deleted", job.Watermark.Delay),
		remedy: fmt.Sprintf("late: run reconcile, which brings in what is older than the watermark; lakectl query \"describe history %s.%s\" shows who deleted the others, lakectl checkpoint reset %s --from earliest makes the table again, and all that is made of it",
			s.place.Schema, job.Sink.Table, job.Name),
	}
}
