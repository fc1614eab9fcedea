package chaos_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/jobs"
)

// TestTables compacts and clears the tables beside a run, takes away files that a query has still to read, and changes
// rows that queries have read.
func TestTables(t *testing.T) {
	rounds := times(t, 6, 0)
	l := newLake(t)
	l.start()
	l.flow(20)

	for round := range rounds {
		for _, table := range tables() {
			l.sql("optimize " + table)
			l.sql("vacuum " + table)
		}
		if round%3 == 2 {
			l.killServer(spark)
		} else if round < 2 {
			l.healthyQueries()
		}
		l.flow(10)
	}
	vacuums := times(t, 2, 0)
	for made := 0; made < vacuums; {
		if l.vacuumed(t, []string{"bronze_prices", "silver_prices"}[made%2]) {
			made++
		}
		l.flow(20)
	}
	changes := []string{"update silver_prices set price = price + 1 where event_id = '%s'", "delete from silver_prices where event_id = '%s'"}
	for _, change := range changes {
		l.changed(t, change)
		l.flow(20)
	}
	o := l.check()
	report(t, "OPTIMIZE and VACUUM of every table in a loop beside a run, Spark killed in every third round", rounds, "no query failed; %s", o)
	report(t, "VACUUM of 0 hours of what a query has still to read", vacuums, "refused by name, healed by the hint; %s", o)
	report(t, "a row of Silver updated or deleted by hand", len(changes), "refused by name, healed by the hint; %s", o)
}

func tables() (names []string) {
	for _, job := range jobs.Default().Jobs {
		names = append(names, job.Sink.Table)
	}
	return names
}

// sql runs a statement until it goes through: Spark may have been killed, and a query may write at the same time.
func (l *lake) sql(statement string) {
	l.t.Helper()
	l.await(statement, func() bool {
		r := l.try("query", statement)
		if r.code != 0 && !strings.Contains(r.stderr, "hint: ") {
			l.t.Errorf("%s: exit code %d\n%s", statement, r.code, r.stderr)
		}
		return r.code == 0
	})
}

// vacuumed kills a run, removes every file that a table's newest version does not need, and starts it again: a query that
// was behind does not find what it had still to read. It reports whether one was.
func (l *lake) vacuumed(t *testing.T, table string) (refused bool) {
	t.Helper()
	l.sql("alter table " + table + " set tblproperties ('delta.deletedFileRetentionDuration' = 'interval 0 hours')")
	l.flow(10)
	l.killLakectl()
	l.must("query", "optimize "+table)
	l.must("query", "vacuum "+table)
	for range tables() { // one may fail after the other
		job := l.startFailing("FILE_NOT_EXIST")
		if job == "" {
			return refused
		}
		refused = true
		l.must("checkpoint", "reset", job, "--from", "earliest", "--yes")
	}
	t.Fatal("it fails again and again")
	return refused
}

// changed changes a row of Silver that all have read, beside the run, and begins anew what the hint says.
func (l *lake) changed(t *testing.T, change string) {
	t.Helper()
	var rows []struct {
		ID string `json:"event_id"`
	}
	if err := json.Unmarshal([]byte(l.must("query", "-o", "json", "select event_id from silver_prices limit 1")), &rows); err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	l.sql(fmt.Sprintf(change, rows[0].ID))
	l.ended("DELTA_SOURCE_")
	l.must("checkpoint", "reset", "silver_prices", "--from", "earliest", "--yes")
	l.start()
}

var failedQuery = regexp.MustCompile(`query (\w+)`)

// startFailing starts a run and returns which of its queries ended it with a word; "" if all went well.
func (l *lake) startFailing(word string) string {
	l.t.Helper()
	before := l.status()
	l.readSpool()
	if r := l.try(l.runArgs()...); r.code != 0 && local.Locked(l.dir) {
		l.t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	l.await("rows, or the end", func() bool {
		s := l.status()
		return !local.Locked(l.dir) || s.PID != before.PID && s.Healthy && s.rows("silver_prices") > 20 && s.rows("gold_price_hourly") > 20 && s.rows("dead_letter") > 20
	})
	if local.Locked(l.dir) {
		return ""
	}
	return l.ended(word)
}

// ended waits until a run has ended by itself, with a word in its last error and a hint, and returns the query that it
// names.
func (l *lake) ended(word string) string {
	l.t.Helper()
	l.await("the run to end", func() bool { return !local.Locked(l.dir) })
	l.readSpool()
	text, err := os.ReadFile(filepath.Join(l.dir, "logs", "lakectl.log"))
	if err != nil {
		l.t.Fatal(err)
	}
	at := strings.LastIndex(string(text), "error: ")
	if at < 0 || !strings.Contains(string(text[at:]), word) || !strings.Contains(string(text[at:]), "hint: ") {
		l.t.Fatalf("the run ended, want an error with %s and a hint:\n%s", word, text[max(0, len(text)-3000):])
	}
	l.t.Logf("%s", text[at:])
	found := failedQuery.FindStringSubmatch(string(text[at:]))
	if found == nil {
		l.t.Fatalf("no query is named: %s", text[at:])
	}
	return found[1]
}
