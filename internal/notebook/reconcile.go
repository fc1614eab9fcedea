package notebook

import (
	"fmt"
	"strings"

	"github.com/cryptostream/lakectl/internal/reconcile"
	"github.com/cryptostream/lakectl/jobs"
)

// scope is what the statements look at, as names that the notebook has values for.
var scope = reconcile.Scope{
	Source: placeholder("source_version"), Sink: placeholder("sink_version"), Watermark: placeholder("watermark_ms"),
	Arrived: placeholder("arrived"), From: placeholder("earliest"), Dates: placeholder("dates"),
}

// reconcileCells bring in what came later than a watermark allows.
func reconcileCells(lakehouse *jobs.Lakehouse) []cell {
	cells := []cell{
		markdown("## Late rows", sentences("A watermark bounds what a query remembers, so it refuses what comes later, without a word: an event that Silver lacks though Bronze has it, "+
			"a window of Gold without a tick that Silver has. Both are brought in here, beside the running queries: Silver is only inserted into, "+
			"and only windows that Gold's query has closed are written again. Where there is nothing to do, nothing is changed.")),
		python("%s", reconcilePython),
	}
	for _, job := range reconcile.Deduplicating(lakehouse) {
		cells = append(cells, markdown("### Late events of "+code(job.Sink.Table),
			sentences("Bronze is read as far as the query has read it, and checked as the query does. What is below the query's watermark, and not in its table, was refused as late.")),
			python("%s", insertLate(job)))
	}
	for _, job := range reconcile.Aggregating(lakehouse) {
		heading := "### Closed windows of " + code(job.Sink.Table)
		text, err := mergeStale(job)
		if err != nil {
			cells = append(cells, markdown(heading, "They stay as they are: how long they are is not known here."))
			continue
		}
		cells = append(cells, markdown(heading, "They are computed again, and written where they differ or are missing."), python("%s", text))
	}
	return cells
}

// insertLate is the Python that inserts the late events of a job.
func insertLate(job jobs.Job) string {
	rows := placeholder("late_events")
	late := reconcile.LateEvents(job, somewhere, scope)
	count := strings.Replace(reconcile.CountLate(job, somewhere, scope), late, rows, 1)
	insert := strings.Replace(reconcile.InsertLate(job, somewhere, scope), late, rows, 1)
	return fmt.Sprintf(`def insert_late_%[1]s() -> str:
    source_version, watermark_ms = committed(%[2]s)
    if source_version is None or not watermark_ms:
        return "its query has committed nothing yet"
    sink_version = spark.sql("DESCRIBE HISTORY " + table(%[3]s) + " LIMIT 1").first()["version"]
    late_events = %[4]s
    found = spark.sql(%[5]s).collect()
    dates = date_literals(row["date"] for row in found if not row["held"])
    if not dates:
        return "no late event"
    inserted = spark.sql(%[6]s).first()[0]
    return f"{inserted} late events inserted"


print(%[3]s, again(insert_late_%[1]s), sep=": ")`,
		job.Name, pyString(job.Name), pyString(job.Sink.Table), inLakehouse(late), inLakehouse(count), inLakehouse(insert))
}

// mergeStale is the Python that writes the stale windows of a job.
func mergeStale(job jobs.Job) (string, error) {
	counted := scope
	counted.Dates = ""
	count, err := reconcile.CountStale(job, somewhere, counted)
	if err != nil {
		return "", err
	}
	merge, err := reconcile.MergeStale(job, somewhere, scope)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`def merge_stale_%[1]s() -> str:
    _, watermark_ms = committed(%[2]s)
    earliest = earliest_arrival(%[4]s, %[5]s)
    if not watermark_ms or earliest is None:
        return "no window is closed, or nothing has arrived"
    found = spark.sql(%[6]s).collect()
    dates = date_literals(row["date"] for row in found)
    if not dates:
        return "no stale window"
    written = spark.sql(%[7]s).first()[0]
    return f"{written} stale windows written"


print(%[3]s, again(merge_stale_%[1]s), sep=": ")`,
		job.Name, pyString(job.Name), pyString(job.Sink.Table), pyString(job.Source.Table), pyString(job.Watermark.Column),
		inLakehouse(count), inLakehouse(merge)), nil
}
