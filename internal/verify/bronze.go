package verify

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

// bronze returns the checks of I1 for a job that copies a topic.
func (s statements) bronze(job jobs.Job) []check {
	checks := []check{
		{
			name:     "doubled offsets",
			offences: s.doubledOffsets(job),
			why:      "a record of Kafka is in " + job.Sink.Table + " more than once: rows were written by hand, or a checkpoint was started over",
			remedy:   "Silver and the dead letters have the event once all the same; nothing that reads the table may be running while the copies are deleted",
		}, {
			name:     "gaps in offsets",
			offences: s.gaps(job),
			why:      "records between others are not in " + job.Sink.Table + ": rows were deleted, or Kafka had lost them",
			remedy: "lakectl query \"describe history " + s.place.Schema + "." + job.Sink.Table + "\" shows who deleted what; RESTORE TABLE brings it back. " +
				"Where nobody has, they are gone: Kafka deleted them before they were read (see retention.bytes), or a reset passed over them",
		},
	}
	return append(checks, s.ends(job)...)
}

// ends returns the check of a topic's ends, where its query's checkpoint says what they are. The others look at all
// topics of a table at once.
func (s statements) ends(job jobs.Job) []check {
	edges := s.edges(job)
	if edges == "" {
		return nil
	}
	return []check{{
		name:     "missing at the ends",
		offences: edges,
		why:      "the query of " + job.Name + " has committed offsets whose records are not in " + job.Sink.Table + ": rows were deleted, or the checkpoint is of another table",
		remedy:   "lakectl query \"describe history " + s.place.Schema + "." + job.Sink.Table + "\" shows who deleted what; RESTORE TABLE brings it back",
	}}
}

func (s statements) records(job jobs.Job) string {
	return s.arrived(s.table(job.Sink.Table), "ingest_date")
}

func (s statements) doubledOffsets(job jobs.Job) string {
	return "SELECT topic, partition, offset, count(*) AS copies\nFROM (" + s.records(job) + ")\nGROUP BY topic, partition, offset HAVING count(*) > 1"
}

// gaps looks for them within blocks of offsets, which are sorted side by side, and between the blocks.
func (s statements) gaps(job jobs.Job) string {
	return `WITH records AS (` + s.records(job) + `),
inside AS (
  SELECT topic, partition, offset, lag(offset) OVER (PARTITION BY topic, partition, offset DIV 100000 ORDER BY offset) AS before
  FROM records
),
blocks AS (
  SELECT topic, partition, offset DIV 100000 AS block, min(offset) AS first, max(offset) AS last
  FROM records GROUP BY topic, partition, offset DIV 100000
),
between_blocks AS (
  SELECT topic, partition, first AS offset, lag(last) OVER (PARTITION BY topic, partition ORDER BY block) AS before
  FROM blocks
)
SELECT topic, partition, before + 1 AS first_missing, offset - 1 AS last_missing, offset - before - 1 AS records
FROM (SELECT * FROM inside UNION ALL SELECT * FROM between_blocks)
WHERE offset > before + 1`
}

// edges compares the ends of each partition with what the checkpoint says; "" where it says nothing, or not the
// whole table is looked at.
func (s statements) edges(job jobs.Job) string {
	p := s.snapshot.Committed[job.Name]
	if !s.within.whole() || len(p.Next) == 0 {
		return ""
	}
	var wanted []string
	for _, partition := range slices.Sorted(maps.Keys(p.Next)) {
		first := "cast(null AS BIGINT)" // of a partition that was added later
		if f, ok := p.First[partition]; ok {
			first = fmt.Sprintf("%dL", f)
		}
		wanted = append(wanted, fmt.Sprintf("(%s, %d, %s, %dL)", ddl.Literal(job.Source.Kafka.Topic), partition, first, p.Next[partition]))
	}
	return `WITH wanted AS (SELECT * FROM VALUES ` + strings.Join(wanted, ", ") + ` AS (topic, partition, first, next)),
held AS (SELECT topic, partition, min(offset) AS lowest, max(offset) AS highest FROM ` + s.table(job.Sink.Table) + ` GROUP BY topic, partition),
ends AS (SELECT * FROM wanted LEFT JOIN held USING (topic, partition))
SELECT topic, partition, first AS first_missing, coalesce(lowest, next) - 1 AS last_missing, coalesce(lowest, next) - first AS records
FROM ends WHERE first < coalesce(lowest, next)
UNION ALL
SELECT topic, partition, highest + 1 AS first_missing, next - 1 AS last_missing, next - highest - 1 AS records
FROM ends WHERE highest + 1 < next`
}
