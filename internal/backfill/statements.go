package backfill

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

// Tables are where quotes of the past go. The statements are for a session whose plans are not cached.
type Tables struct {
	Place  ddl.Place
	Bronze jobs.Job // the query of the backfill
	Silver jobs.Job // reads what that writes
}

// JobsOf returns the Tables of a lakehouse, and fails for one without such jobs.
func JobsOf(l *jobs.Lakehouse, place ddl.Place) (Tables, error) {
	for _, bronze := range l.Backfills() {
		for _, silver := range l.Readers(bronze.Sink.Table) {
			if silver.WatermarkOn() == jobs.WatermarkResult {
				return Tables{place, bronze, silver}, nil
			}
		}
	}
	return Tables{}, fmt.Errorf("no job deduplicates what comes from a topic")
}

// Topic is the backfill's.
func (t Tables) Topic() string { return t.Bronze.Source.Kafka.Topic }

func (t Tables) bronze() string { return t.Place.Table(t.Bronze.Sink.Table) }

func (t Tables) silver() string { return t.Place.Table(t.Silver.Sink.Table) }

// Newest gives the newest event time of Silver; null for none.
func (t Tables) Newest() string {
	return "SELECT max(event_time) FROM " + t.silver() + " WHERE date = (SELECT max(date) FROM " + t.silver() + ")"
}

// Overlap counts the ticks of Silver within a bounded range that are of another source than a pair's: pair, source,
// ticks.
func (t Tables) Overlap(sources map[string][]string, within Range) string {
	others := []string{"false"}
	for _, pair := range slices.Sorted(maps.Keys(sources)) {
		own := make([]string, len(sources[pair]))
		for i, source := range sources[pair] {
			own[i] = ddl.Literal(source)
		}
		others = append(others, "pair = "+ddl.Literal(pair)+" AND coalesce(source, '') NOT IN ("+strings.Join(own, ", ")+")")
	}
	return `SELECT pair, coalesce(source, '') AS source, count(*) AS ticks
FROM ` + t.silver() + `
WHERE date >= date(` + ddl.Timestamp(within.From) + ") AND date <= date(" + ddl.Timestamp(within.To) + `)
  AND event_time >= ` + ddl.Timestamp(within.From) + " AND event_time < " + ddl.Timestamp(within.To) + `
  AND (` + strings.Join(others, " OR ") + `)
GROUP BY ALL ORDER BY ALL`
}

// Sent gives the Sum of each record that an earlier backfill has brought into Bronze within a bounded range. Kafka's
// timestamps are event times, cut to the millisecond.
func (t Tables) Sent(within Range) string {
	return `SELECT DISTINCT substring(unhex(sha2(value, 256)), 1, 16)
FROM ` + t.bronze() + `
WHERE topic = ` + ddl.Literal(t.Topic()) + ` AND value IS NOT NULL
  AND kafka_timestamp >= ` + ddl.Timestamp(within.From.Add(-time.Millisecond)) + " AND kafka_timestamp < " + ddl.Timestamp(within.To)
}

// Account says what has become of records that a backfill has brought into Bronze, by partition from an offset on:
// records, good (those that pass the checks), events (different ones among them), present (events that Silver has) and
// made (those that it has from one of these records).
func (t Tables) Account(from map[int32]int64) string {
	ranges := []string{"false"}
	for _, partition := range slices.Sorted(maps.Keys(from)) {
		ranges = append(ranges, fmt.Sprintf("partition = %d AND offset >= %d", partition, from[partition]))
	}
	records := "SELECT * FROM " + t.bronze() + "\nWHERE topic = " + ddl.Literal(t.Topic()) + " AND (" + strings.Join(ranges, " OR ") + ")"
	key := ddl.Ident(t.Silver.Deduplicate[0])
	return ddl.With(t.Silver, records) + `
SELECT (SELECT count(*) FROM (` + records + `)) AS records, count(DISTINCT given.kafka_partition, given.kafka_offset) AS good,
  count(DISTINCT given.` + key + `) AS events, count(DISTINCT kept.` + key + `) AS present,
  count(DISTINCT CASE WHEN kept.kafka_partition = given.kafka_partition AND kept.kafka_offset = given.kafka_offset
    AND kept.ingested_at = given.ingested_at THEN kept.` + key + ` END) AS made
FROM ` + ddl.Ident(t.Silver.Name) + ` AS given
LEFT JOIN ` + t.silver() + ` AS kept ON kept.` + key + " = given." + key
}
