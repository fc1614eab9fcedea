package reconcile

import (
	"fmt"
	"strings"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

// Scope is what a statement looks at. Its fields are SQL: the Go road puts numbers and literals in, a notebook
// the names of its own parameters.
type Scope struct {
	// Source is the newest version of the job's source that its query has read and committed whole.
	Source string
	// Sink is a version of the job's sink that is not older than that.
	Sink string
	// Watermark is that of the last batch that the job's query has committed, milliseconds since 1970.
	Watermark string
	// Arrived, where it is not "", leaves out records that Bronze took in before this TIMESTAMP.
	Arrived string
	// From, where it is not "", leaves out windows that end at or before this TIMESTAMP.
	From string
	// Dates lists the DATEs that a statement may change, by comma. A merge names them because Delta lets it
	// conflict with whatever is appended to the partitions that it reads, and with nothing else.
	Dates string
}

// Hold is how far below Silver's watermark an event must be before it is brought in. An API that answers from
// its cache gives the same event_id again with a later collected_at: within this time of the first, its second
// copy may still pass the watermark, and then there must be no first.
const Hold = "INTERVAL 5 MINUTES"

// Deduplicating returns the jobs whose watermark refuses late events.
func Deduplicating(l *jobs.Lakehouse) []jobs.Job {
	return matching(l, func(j jobs.Job) bool { return j.WatermarkOn() == jobs.WatermarkResult })
}

// Aggregating returns the jobs whose watermark closes windows.
func Aggregating(l *jobs.Lakehouse) []jobs.Job {
	return matching(l, func(j jobs.Job) bool { return j.WatermarkOn() == jobs.WatermarkSource })
}

func matching(l *jobs.Lakehouse, wanted func(jobs.Job) bool) []jobs.Job {
	var found []jobs.Job
	for _, j := range l.Jobs {
		if wanted(j) {
			found = append(found, j)
		}
	}
	return found
}

// watermark is the scope's watermark as a TIMESTAMP.
func (s Scope) watermark() string { return "timestamp_millis(" + s.Watermark + ")" }

// columns lists a table's columns, each behind a prefix.
func columns(t jobs.Table, prefix string) string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = prefix + ddl.Ident(c.Name)
	}
	return strings.Join(names, ", ")
}

// equal says that rows under two prefixes agree in the named columns; null equals null where nullable is set.
func equal(names []string, left, right string, nullable bool) string {
	operator := "="
	if nullable {
		operator = "<=>"
	}
	terms := make([]string, len(names))
	for i, n := range names {
		terms[i] = fmt.Sprintf("%s%s %s %s%s", left, ddl.Ident(n), operator, right, ddl.Ident(n))
	}
	return strings.Join(terms, " AND ")
}
