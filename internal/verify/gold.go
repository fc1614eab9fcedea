package verify

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

// windowed is a table of windows and what its columns must hold. expected is over the ticks of a window: price,
// units (the price in whole units of 1e-18) and arrival (by which ticks are ordered).
type windowed struct {
	start         string
	length, slide time.Duration
	average       string
	lowest        string // the two by which a window shows that it has none of the late ticks
	highest       string
	expected      []column
}

type column struct{ name, expected string }

// tables of windows, as docs/DESIGN.md promises them, by name.
var tables = map[string]windowed{
	"gold_price_ma_5m": {
		start: "window_start", length: 5 * time.Minute, slide: time.Minute, average: "avg_price", lowest: "min_price", highest: "max_price",
		expected: []column{
			{"min_price", "min(price)"}, {"max_price", "max(price)"}, {"last_price", "max_by(price, arrival)"}, {"ticks", "count(*)"},
			{"window_end", "start + INTERVAL 5 MINUTES"}, {"date", "date(start)"},
		},
	},
	"gold_price_hourly": {
		start: "hour_start", length: time.Hour, slide: time.Hour, average: "avg_price", lowest: "low_price", highest: "high_price",
		expected: []column{
			{"open_price", "min_by(price, arrival)"}, {"high_price", "max(price)"}, {"low_price", "min(price)"},
			{"close_price", "max_by(price, arrival)"}, {"ticks", "count(*)"}, {"date", "date(start)"},
		},
	},
}

// gold returns the checks of I3 for an aggregating job.
func (s statements) gold(job jobs.Job) ([]check, error) {
	w, ok := tables[job.Sink.Table]
	if !ok {
		return nil, fmt.Errorf("verify %s: it is not known what a row of it must hold", job.Sink.Table)
	}
	table := job.Sink.Table
	checks := []check{{
		name:     "windows that are twice in " + table,
		offences: "SELECT pair, " + w.start + ", count(*) AS copies FROM " + s.table(table) + " WHERE " + s.within.on(w.start, "date") + "\nGROUP BY pair, " + w.start + " HAVING count(*) > 1",
		why:      "a window was written again: by hand, or by a checkpoint that was started over",
		remedy:   "delete both and run reconcile, which writes the right one",
	}}
	if s.snapshot.Committed[job.Name].WatermarkMs > 0 {
		checks = append(checks, s.wrongWindows(job, w))
	}
	return checks, nil
}

// wrongWindows compares every closed window with what Silver's ticks give.
//
// An average is right if no other number of 18 decimals is as near to the exact one, and of two the higher: with
// sum and average in units of 1e-18, if -ticks/2 <= sum - average * ticks < ticks/2. All of that is in whole numbers
// and halves. Where the sum has more than 38 digits there is no average.
func (s statements) wrongWindows(job jobs.Job, w windowed) check {
	wrong := s.compared(job, w)
	return check{
		name:      "windows of " + job.Sink.Table + " that are not what " + job.Source.Table + " gives",
		count:     wrong + "\nSELECT count(*) FROM wrong",
		mayBeLate: true,
		// Late are the ticks that were written when an earlier batch had taken the watermark past the window; a
		// window is late if it lacks no more than those, and has nothing that it should not have.
		offences: wrong + `,
batches AS (SELECT processed_at, max(event_time) AS newest FROM ` + s.table(job.Source.Table) + ` GROUP BY processed_at),
reached AS (
  SELECT processed_at, max(newest) OVER (ORDER BY processed_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest
  FROM batches
),
refused AS (
  SELECT pair, start, count(*) AS refused
  FROM ticks JOIN wrong USING (pair, start) JOIN reached USING (processed_at)
  WHERE newest - ` + interval(job.Watermark.Delay) + ` >= start + ` + interval(w.length) + `
  GROUP BY pair, start
)
SELECT pair, start AS ` + w.start + `, what, ticks, expected_ticks,
  coalesce(expected_ticks > ticks AND expected_ticks - ticks <= refused
    AND (ticks = 0 OR lowest >= expected_lowest AND highest <= expected_highest), false) AS late
FROM wrong LEFT JOIN refused USING (pair, start)`,
		why: fmt.Sprintf("ticks came more than %s after the window's end and the watermark refused them; where that is not so, a row of %s or %s was changed or deleted",
			job.Watermark.Delay, job.Sink.Table, job.Source.Table),
		remedy: "late: run reconcile, which writes the window again; the others too, if " + job.Source.Table + " is right. It leaves windows that " + job.Source.Table + " has no tick of",
	}
}

// compared ends in wrong: the windows that Silver and Gold do not agree on, with what differs.
func (s statements) compared(job jobs.Job, w windowed) string {
	closed := "start + " + interval(w.length) + " <= timestamp_millis(" + strconv.FormatInt(s.snapshot.Committed[job.Name].WatermarkMs, 10) + ")"
	seconds := int64(w.slide / time.Second)
	var expected, differs []string
	for _, c := range w.expected {
		expected = append(expected, c.expected+" AS "+ddl.Ident(c.name))
		differs = append(differs, fmt.Sprintf("if(kept.%[1]s <=> given.%[1]s, NULL, %[2]s)", ddl.Ident(c.name), ddl.Literal(c.name)))
	}
	differs = append(differs, "if("+exactAverage(w)+", NULL, "+ddl.Literal(w.average)+")")
	return `WITH ticks AS (
  SELECT pair, price, processed_at, event_time,
    cast(cast(price AS DECIMAL(30, 18)) * 1000000000000000000BD AS DECIMAL(38, 0)) AS units,
    struct(event_time, kafka_partition, kafka_offset) AS arrival,
    timestamp_seconds(unix_seconds(event_time) - pmod(unix_seconds(event_time), ` + fmt.Sprint(seconds) + `) - ` + fmt.Sprint(seconds) + ` * place) AS start
  FROM ` + s.table(job.Source.Table) + ` LATERAL VIEW explode(sequence(0, ` + fmt.Sprint(int64(w.length/w.slide)-1) + `)) places AS place
  WHERE ` + s.ticksWithin(w) + `
),
given AS (
  SELECT pair, start, try_sum(units) AS units, ` + strings.Join(expected, ", ") + `
  FROM ticks WHERE ` + closed + ` AND ` + s.within.on("start", "") + `
  GROUP BY pair, start
),
kept AS (
  SELECT *, ` + ddl.Ident(w.start) + ` AS start FROM ` + s.table(job.Sink.Table) + ` WHERE ` + s.within.on(ddl.Ident(w.start), "date") + `
),
wrong AS (
  SELECT * FROM (
    SELECT pair, start, coalesce(kept.ticks, 0) AS ticks, coalesce(given.ticks, 0) AS expected_ticks,
      kept.` + ddl.Ident(w.lowest) + ` AS lowest, given.` + ddl.Ident(w.lowest) + ` AS expected_lowest,
      kept.` + ddl.Ident(w.highest) + ` AS highest, given.` + ddl.Ident(w.highest) + ` AS expected_highest,
      CASE
        WHEN kept.ticks IS NULL THEN 'missing'
        WHEN given.ticks IS NULL THEN 'no tick of it'
        ELSE concat_ws(', ', array_compact(array(
          ` + strings.Join(differs, ",\n          ") + `
        )))
      END AS what
    FROM kept FULL OUTER JOIN given USING (pair, start)
    WHERE ` + closed + `
  ) WHERE what <> ''
)`
}

// exactAverage compares a kept average with the given sum and number of ticks.
func exactAverage(w windowed) string {
	average := "try_cast(try_cast(kept." + ddl.Ident(w.average) + " AS DECIMAL(30, 18)) * 1000000000000000000BD AS DECIMAL(38, 0))"
	rest := "try_subtract(given.units, try_multiply(" + average + ", cast(given.ticks AS DECIMAL(19, 0))))"
	half := "cast(given.ticks AS DECIMAL(19, 0)) * 0.5BD"
	return "CASE WHEN given.units IS NULL THEN kept." + ddl.Ident(w.average) + " IS NULL ELSE coalesce(" + rest + " >= -" + half + " AND " + rest + " < " + half + ", false) END"
}

// ticksWithin is the condition that a tick may be in a window of the range.
func (s statements) ticksWithin(w windowed) string {
	within := s.within
	if !within.To.IsZero() {
		within.To = within.To.Add(w.length)
	}
	return within.on("event_time", "date")
}
