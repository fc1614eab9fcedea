package verify

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

// Range bounds what is verified: records by when Bronze took them in, windows by their start. A zero time is no
// bound; From is included, To is not.
type Range struct{ From, To time.Time }

// whole reports that nothing is left out.
func (r Range) whole() bool { return r.From.IsZero() && r.To.IsZero() }

// on is the condition that a TIMESTAMP is within the range, and that the DATE by which the table is partitioned may
// be; day is "" where there is none.
func (r Range) on(column, day string) string {
	var terms []string
	if !r.From.IsZero() {
		terms = append(terms, column+" >= "+ddl.Timestamp(r.From))
	}
	if !r.To.IsZero() {
		terms = append(terms, column+" < "+ddl.Timestamp(r.To))
	}
	if day != "" {
		terms = append(terms, r.days(day))
	}
	return strings.Join(append(terms, "true"), " AND ")
}

// days is the condition that a DATE is one of the range's.
func (r Range) days(column string) string {
	var terms []string
	if !r.From.IsZero() {
		terms = append(terms, column+" >= date("+ddl.Timestamp(r.From)+")")
	}
	if !r.To.IsZero() {
		terms = append(terms, column+" <= date("+ddl.Timestamp(r.To)+")")
	}
	return strings.Join(append(terms, "true"), " AND ")
}

// interval is a duration as SQL.
func interval(d time.Duration) string {
	return "INTERVAL " + strconv.FormatInt(d.Milliseconds(), 10) + " MILLISECONDS"
}

// check is one thing that must not be found.
type check struct {
	name string
	// count is a query of one row with one number, how many offences there are. Where it is "", offences are
	// counted.
	count string
	// offences is a query with a row for each offence: its coordinates, and where a watermark may be the reason
	// of it the BOOLEAN late.
	offences    string
	mayBeLate   bool
	why, remedy string
}

// statements makes the checks of one snapshot.
type statements struct {
	lakehouse *jobs.Lakehouse
	place     ddl.Place
	snapshot  Snapshot
	within    Range
}

// table is a table of the snapshot in the version that was pinned.
func (s statements) table(name string) string {
	return s.place.At(name, strconv.FormatInt(s.snapshot.Versions[name], 10))
}

// read is what a job's query has read of its source and committed.
func (s statements) read(job jobs.Job) string {
	return s.place.At(job.Source.Table, strconv.FormatInt(s.snapshot.Committed[job.Name].Version, 10))
}

// arrived selects a table's rows whose records arrived within the range.
func (s statements) arrived(table, day string) string {
	return "SELECT * FROM " + table + " WHERE " + s.within.on("ingested_at", day)
}

// splitting is a job that sorts records into good and bad ones, and the job that takes the bad ones.
type splitting struct{ good, bad jobs.Job }

func splittings(l *jobs.Lakehouse) []splitting {
	var found []splitting
	for _, bad := range l.Jobs {
		if good, ok := l.Job(bad.Quarantine); ok {
			found = append(found, splitting{good, bad})
		}
	}
	return found
}

// same says that two rows agree in the named columns; null equals null.
func same(left, right string, names []string) string {
	terms := make([]string, len(names))
	for i, n := range names {
		terms[i] = fmt.Sprintf("%s.%s <=> %s.%s", left, ddl.Ident(n), right, ddl.Ident(n))
	}
	return strings.Join(terms, " AND ")
}

// derived are a table's columns but for the one that says when the row was written.
func derived(t jobs.Table, written string) []string {
	var names []string
	for _, c := range t.Columns {
		if c.Name != written {
			names = append(names, c.Name)
		}
	}
	return names
}
