package dlq

import (
	"fmt"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

// Filter chooses dead letters; its zero value is all of them.
type Filter struct {
	Reason   string    // one of their reasons; "" is any
	From, To time.Time // when they were put aside: included, excluded; zero is no bound
	Records  []Coordinate
}

// where is the condition, of columns of the dead letters.
func (f Filter) where() string {
	terms := []string{"true"}
	if f.Reason != "" {
		terms = append(terms, "array_contains(reasons, "+ddl.Literal(f.Reason)+")")
	}
	if !f.From.IsZero() {
		terms = append(terms, "quarantined_at >= "+ddl.Timestamp(f.From))
	}
	if !f.To.IsZero() {
		terms = append(terms, "quarantined_at < "+ddl.Timestamp(f.To))
	}
	var records []string
	for _, c := range f.Records {
		records = append(records, fmt.Sprintf("(topic = %s AND partition = %d AND offset = %d)", ddl.Literal(c.Topic), c.Partition, c.Offset))
	}
	if len(records) > 0 {
		terms = append(terms, "("+strings.Join(records, " OR ")+")")
	}
	return strings.Join(terms, " AND ")
}

// Tables are the jobs that dead letters go through.
type Tables struct {
	Place   ddl.Place
	Letters jobs.Job // writes the dead letters, and reads the table of the records as they came
}

// Job returns the job of a lakehouse that takes what another refuses.
func Job(l *jobs.Lakehouse) (jobs.Job, error) {
	for _, j := range l.Jobs {
		if j.Quarantine != "" {
			return j, nil
		}
	}
	return jobs.Job{}, fmt.Errorf("no job takes what another refuses")
}

func (t Tables) letters() string { return t.Place.Table(t.Letters.Sink.Table) }

func (t Tables) records() string { return t.Place.Table(t.Letters.Source.Table) }

// Count counts dead letters by reason and date, the newest date first: reason, date, records, first, last. One with
// several reasons counts for each.
func (t Tables) Count(f Filter) string {
	return `SELECT reason, date, count(*) AS records, min(quarantined_at) AS first, max(quarantined_at) AS last
FROM (SELECT explode(reasons) AS reason, date, quarantined_at FROM ` + t.letters() + ` WHERE ` + f.where() + `)
GROUP BY reason, date
ORDER BY date DESC, records DESC, reason`
}

// Total counts dead letters.
func (t Tables) Total(f Filter) string {
	return "SELECT count(*) FROM " + t.letters() + " WHERE " + f.where()
}

// Show gives dead letters, the newest first: topic, partition, offset, kafka_timestamp, key, value, reasons,
// quarantined_at.
func (t Tables) Show(f Filter, limit int) string {
	return fmt.Sprintf(`SELECT topic, partition, offset, kafka_timestamp, key, value, reasons, quarantined_at
FROM %s
WHERE %s
ORDER BY quarantined_at DESC, partition, offset DESC
LIMIT %d`, t.letters(), f.where(), limit)
}

// Candidates gives dead letters that were not sent again yet, as far as Bronze knows, with the value that they would be
// sent with and what the checks of today say of it; those that pass come first: topic, partition, offset,
// kafka_timestamp, key, value, headers, reasons (null for one that passes).
//
// transform is an SQL expression over a row of the dead letters, text or bytes: the new value.
func (t Tables) Candidates(f Filter, transform string, limit int) string {
	source := `SELECT letters.topic, letters.partition, letters.offset, letters.kafka_timestamp, letters.key,
  letters.new_value AS value, records.headers, current_timestamp() AS ingested_at, current_date() AS ingest_date
FROM (SELECT *, cast((
` + transform + `
) AS BINARY) AS new_value FROM ` + t.letters() + ` WHERE ` + f.where() + `) AS letters
LEFT JOIN ` + t.records() + ` AS records
  ON records.topic = letters.topic AND records.partition = letters.partition AND records.offset = letters.offset
LEFT ANTI JOIN (` + t.replayed() + `) AS replayed
  ON replayed.origin = concat_ws('/', letters.topic, letters.partition, letters.offset)`
	return ddl.With(t.Letters, source) + fmt.Sprintf(`
SELECT c.topic, c.partition, c.offset, c.kafka_timestamp, c.key, c.value, c.headers, refused.reasons
FROM %s AS c
LEFT JOIN %s AS refused ON refused.topic = c.topic AND refused.partition = c.partition AND refused.offset = c.offset
ORDER BY refused.reasons IS NOT NULL, c.topic, c.partition, c.offset
LIMIT %d`, ddl.Ident(t.Letters.Source.View), ddl.Ident(t.Letters.Name), limit)
}

// replayed gives the origins of the replays that are in Bronze.
func (t Tables) replayed() string {
	return "SELECT DISTINCT cast(header.value AS STRING) AS origin FROM (SELECT explode(headers) AS header FROM " + t.records() +
		") WHERE header.key = " + ddl.Literal(ReplayHeader)
}

// Arrived counts the records of which a replay is in Bronze, and says when Bronze took in the first of these: arrived,
// since.
func (t Tables) Arrived(of []Coordinate) string {
	origins := make([]string, len(of))
	for i, c := range of {
		origins[i] = ddl.Literal(c.String())
	}
	return `SELECT count(DISTINCT origin) AS arrived, min(ingested_at) AS since
FROM (SELECT cast(header.value AS STRING) AS origin, ingested_at
  FROM (SELECT explode(headers) AS header, ingested_at FROM ` + t.records() + `)
  WHERE header.key = ` + ddl.Literal(ReplayHeader) + `)
WHERE origin IN (` + strings.Join(origins, ", ") + ")"
}
