package verify

import (
	"strings"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

// silver returns the checks of I2 for a job that keeps good records and the job that keeps the others.
func (s statements) silver(jobs splitting) []check {
	good, bad := jobs.good.Sink.Table, jobs.bad.Sink.Table
	checks := []check{
		{
			name:     "events that are twice in " + good,
			offences: s.doubledEvents(jobs.good),
			why:      "an event was written twice: by hand, by a checkpoint that was started over, or it came again after the deduplication had forgotten it",
			remedy:   "the queries that read " + good + " must be stopped, and their checkpoints reset, before the second row is deleted",
		}, {
			name:     "rows of " + good + " that their Bronze record does not give",
			offences: s.inventedEvents(jobs),
			why:      "the row was changed or added by hand, its record is gone from Bronze, or the checks have become stricter since it was written",
			remedy:   "lakectl query \"describe history " + s.place.Schema + "." + good + "\" shows who changed what; lakectl checkpoint reset " + jobs.good.Name + " --from earliest makes the table again, and all that is made of it",
		}, {
			name:     "dead letters that are in " + good + " too",
			offences: s.inBoth(jobs),
			why:      "a record is good and refused at once: a row was written by hand, or a check was changed between the two queries",
			remedy:   "delete from " + bad + " what is in " + good + "; nothing reads " + bad + " as a stream",
		}, {
			name:     "dead letters that are twice in " + bad,
			offences: "SELECT topic, partition, offset, count(*) AS copies FROM " + s.table(bad) + " WHERE " + s.within.days("date") + "\nGROUP BY topic, partition, offset HAVING count(*) > 1",
			why:      "a refused record was written twice: by hand, or by a checkpoint that was started over",
			remedy:   "delete the second one; nothing reads " + bad + " as a stream",
		}, {
			name:     "dead letters that the checks do not refuse",
			offences: s.unfoundedLetters(jobs.bad),
			why:      "the row was changed or added by hand, its record is gone from Bronze, or a check was changed since it was written",
			remedy:   "delete the row if the record is in " + good + "; nothing reads " + bad + " as a stream",
		},
	}
	if s.snapshot.has(jobs.good.Name) {
		checks = append(checks, s.missingEvents(jobs.good))
	}
	if s.snapshot.has(jobs.bad.Name) {
		checks = append(checks, check{
			name:     "refused records that are not in " + bad,
			offences: s.missingLetters(jobs.bad),
			why:      "a record that a check refuses is nowhere: a dead letter was deleted, or a check has become stricter since",
			remedy:   "lakectl query \"describe history " + s.place.Schema + "." + bad + "\" shows who deleted what; RESTORE TABLE brings it back",
		})
	}
	return checks
}

func idents(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = ddl.Ident(n)
	}
	return strings.Join(quoted, ", ")
}

func (s statements) doubledEvents(job jobs.Job) string {
	key, table := idents(job.Deduplicate), s.table(job.Sink.Table)
	only := ""
	if !s.within.whole() { // the other copy may have come at any time
		only = "\nWHERE (" + key + ") IN (SELECT " + key + " FROM (" + s.arrived(table, "") + "))"
	}
	return "SELECT " + key + ", count(*) AS copies, array_sort(collect_list(struct(kafka_partition, kafka_offset))) AS records\nFROM " + table + only +
		"\nGROUP BY " + key + " HAVING count(*) > 1"
}

// inventedEvents derives every row of Bronze again, in a version that has the record of each row of Silver.
func (s statements) inventedEvents(jobs splitting) string {
	job := jobs.good
	return ddl.With(job, s.arrived(s.table(job.Source.Table), "ingest_date")) + `
SELECT kept.kafka_partition AS partition, kept.kafka_offset AS offset, kept.event_id, kept.pair, kept.event_time
FROM (` + s.arrived(s.table(job.Sink.Table), "") + `) AS kept
LEFT ANTI JOIN ` + ddl.Ident(job.Name) + ` AS given
  ON kept.kafka_partition = given.kafka_partition AND kept.kafka_offset = given.kafka_offset
  AND ` + same("kept", "given", derived(job.Table, "processed_at"))
}

// inBoth asks Bronze when it took a record in: good rows do not say of which topic theirs was, and a record of another
// topic may have the same partition and offset.
func (s statements) inBoth(jobs splitting) string {
	return `SELECT bad.topic, bad.partition, bad.offset, good.event_id, bad.reasons
FROM (SELECT * FROM ` + s.table(jobs.bad.Sink.Table) + ` WHERE ` + s.within.days("date") + `) AS bad
JOIN ` + s.table(jobs.bad.Source.Table) + ` AS record
  ON bad.date = record.ingest_date AND bad.topic = record.topic AND bad.partition = record.partition AND bad.offset = record.offset
JOIN ` + s.table(jobs.good.Sink.Table) + ` AS good
  ON bad.partition = good.kafka_partition AND bad.offset = good.kafka_offset AND record.ingested_at = good.ingested_at`
}

// unfoundedLetters checks those records again that the dead letters name.
func (s statements) unfoundedLetters(job jobs.Job) string {
	letters := "SELECT * FROM " + s.table(job.Sink.Table) + " WHERE " + s.within.days("date")
	source := "SELECT * FROM " + s.table(job.Source.Table) + " AS record\nLEFT SEMI JOIN (" + letters + `) AS letter
  ON record.topic = letter.topic AND record.partition = letter.partition AND record.offset = letter.offset`
	return ddl.With(job, source) + `
SELECT letter.topic, letter.partition, letter.offset, letter.reasons
FROM (` + letters + `) AS letter
LEFT ANTI JOIN ` + ddl.Ident(job.Name) + ` AS given
  ON letter.partition = given.partition AND letter.offset = given.offset
  AND ` + same("letter", "given", derived(job.Table, "quarantined_at"))
}

func (s statements) missingLetters(job jobs.Job) string {
	return ddl.With(job, s.arrived(s.read(job), "ingest_date")) + `
SELECT refused.topic, refused.partition, refused.offset, refused.reasons
FROM ` + ddl.Ident(job.Name) + ` AS refused
LEFT ANTI JOIN ` + s.table(job.Sink.Table) + ` AS letter
  ON refused.topic = letter.topic AND refused.partition = letter.partition AND refused.offset = letter.offset`
}
