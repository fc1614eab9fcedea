package reconcile

import (
	"fmt"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

// window is what a row of an aggregating job's sink stands for: one pair and a window of this length.
type window struct {
	start  string // the column that holds the window's start
	length string // an INTERVAL
}

// windows of the aggregating jobs, by their sinks.
var windows = map[string]window{
	"gold_price_ma_5m":  {"window_start", "INTERVAL 5 MINUTES"},
	"gold_price_hourly": {"hour_start", "INTERVAL 1 HOUR"},
}

// longest of the windows.
const longest = "INTERVAL 1 HOUR"

func windowOf(job jobs.Job) (window, error) {
	w, ok := windows[job.Sink.Table]
	if !ok {
		return w, fmt.Errorf("reconcile %s: the windows of its table %s are not known", job.Name, job.Sink.Table)
	}
	return w, nil
}

func (w window) key() []string { return []string{"pair", w.start} }

// CountStale returns the statement that counts the closed windows that differ from what the job computes now, or
// are missing, by date: date, windows. It needs Watermark. It fails for a job whose windows are not known.
func CountStale(job jobs.Job, p ddl.Place, s Scope) (string, error) {
	w, err := windowOf(job)
	return staleWindows(job, w, p, s) + "\nSELECT date, count(*) AS windows\nFROM stale\nGROUP BY date\nORDER BY date", err
}

// MergeStale returns the statement that writes the stale windows of Dates as the job computes them now. It needs
// Watermark and Dates. It fails for a job whose windows are not known.
func MergeStale(job jobs.Job, p ddl.Place, s Scope) (string, error) {
	w, err := windowOf(job)
	var set string
	for i, c := range job.Table.Columns {
		if i > 0 {
			set += ", "
		}
		set += "t." + ddl.Ident(c.Name) + " = s." + ddl.Ident(c.Name)
	}
	return "MERGE INTO " + p.Table(job.Sink.Table) + " AS t\nUSING (\n" + staleWindows(job, w, p, s) + `
SELECT ` + columns(job.Table, "") + ` FROM stale
) AS s
ON t.date IN (` + s.Dates + ") AND " + equal(w.key(), "t.", "s.", false) + `
WHEN MATCHED THEN UPDATE SET ` + set + `
WHEN NOT MATCHED THEN INSERT (` + columns(job.Table, "") + ")\nVALUES (" + columns(job.Table, "s.") + ")", err
}

// staleWindows ends in stale: the windows that the job's SQL computes from all of its source and that its sink has
// otherwise or not at all. Windows above the watermark are the query's own.
func staleWindows(job jobs.Job, w window, p ddl.Place, s Scope) string {
	source := "SELECT * FROM " + p.Table(job.Source.Table) + "\nWHERE true"
	start, there := ddl.Ident(w.start), "SELECT * FROM "+p.Table(job.Sink.Table)+"\n    WHERE true"
	computed := start + " + " + w.length + " <= " + s.watermark()
	if s.Dates != "" { // a window may end on the day after
		source += "\n  AND (date IN (" + s.Dates + ") OR date_sub(date, 1) IN (" + s.Dates + "))"
		computed += "\n    AND date IN (" + s.Dates + ")"
		there += " AND date IN (" + s.Dates + ")"
	}
	if s.From != "" {
		source += "\n  AND date >= date(" + s.From + " - " + w.length + ") AND event_time > " + s.From + " - " + w.length
		computed += "\n    AND " + start + " > " + s.From + " - " + w.length
		there += " AND date >= date(" + s.From + " - " + w.length + ")"
	}
	names := make([]string, len(job.Table.Columns))
	for i, c := range job.Table.Columns {
		names[i] = c.Name
	}
	return ddl.With(job, source) + `,
stale AS (
  SELECT computed.* FROM (
    SELECT * FROM ` + ddl.Ident(job.Name) + `
    WHERE ` + computed + `
  ) AS computed
  LEFT ANTI JOIN (
    ` + there + `
  ) AS there
    ON ` + equal(names, "computed.", "there.", true) + `
)`
}

// arrivals returns the statement that gives, of the rows of a job's sink that came with or after Arrived: the earliest
// event time, when the first of them came that has a window above the lowest watermark, milliseconds since 1970,
// and when the newest record came that the job's query has read.
func arrivals(job jobs.Job, p ddl.Place, s Scope, lowest int64) string {
	came, read := "true", "true"
	if s.Arrived != "" {
		came = "ingested_at >= " + s.Arrived
		read = "ingest_date >= date(" + s.Arrived + ") AND " + came
	}
	time := ddl.Ident(job.Watermark.Column)
	return fmt.Sprintf(`SELECT min(%[1]s) AS earliest,
  min(CASE WHEN %[1]s + %[2]s > timestamp_millis(%[3]d) THEN ingested_at END) AS open,
  (SELECT max(ingested_at) FROM (SELECT * FROM %[4]s) WHERE %[5]s) AS newest
FROM %[6]s
WHERE %[7]s`, time, longest, lowest, p.At(job.Source.Table, s.Source), read, p.Table(job.Sink.Table), came)
}
