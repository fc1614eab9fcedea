package main

import (
	"testing"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/internal/maintain"
	"github.com/cryptostream/lakectl/internal/tablefiles"
	"github.com/cryptostream/lakectl/jobs"
)

// TestMaintain lets a run keep its tables small every two seconds, by tables that keep nothing for longer than half a
// minute, kills it and looks whether a record is missing.
func TestMaintain(t *testing.T) {
	localtest.Long(t)
	dir := t.TempDir()
	keepLittle(t, dir)
	args := []string{"--source", "simulated", "--rate", "20", "--trigger", "300ms", "--maintain-every", "2s", "--reconcile-every", "5s"}
	for round, commits := range []int64{60, 120} {
		startRun(t, dir, args...)
		await(t, "the old part of the logs to go", func() bool {
			for _, table := range []string{"bronze_prices", "silver_prices", "dead_letter"} {
				if begins, newest := logOf(t, dir, table); begins < commits/3 || newest < commits {
					return false
				}
			}
			return true
		})
		for _, q := range jsonStatus(t, dir).Queries {
			if q.Restarts > 0 || q.LastError != "" {
				t.Errorf("round %d: %s was restarted %d times, %s", round, q.Name, q.Restarts, q.LastError)
			}
		}
		killRun(t, dir)
		if r, code := verified(t, dir); code != 0 { // not before: it may take longer than the tables keep what it reads
			t.Errorf("round %d: exit %d, %v", round, code, offences(r))
		}
	}
	var report maintain.Report
	output(t, &report, "maintain", "-o", "json", "--data-dir", dir)
	if len(report.Tables) != 5 {
		t.Errorf("got %+v", report)
	}
	for _, table := range []string{"bronze_prices", "silver_prices"} {
		files, err := tablefiles.Look(placeOf(dir).Path(table))
		if err != nil || int64(files.Files) > files.Version {
			t.Errorf("%s: %+v, %v", table, files, err)
		}
	}
	if r, code := verified(t, dir); code != 0 {
		t.Errorf("in the end: exit %d, %v", code, offences(r))
	}
}

// keepLittle makes the tables, which then keep what they no longer have for half a minute.
func keepLittle(t *testing.T, dir string) {
	t.Helper()
	a := &app{stdout: t.Output(), stderr: t.Output()}
	session, end, err := a.openTables(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	for _, job := range jobs.Default().Jobs {
		little := map[string]string{"delta.deletedFileRetentionDuration": "interval 30 seconds", "delta.logRetentionDuration": "interval 30 seconds"}
		if err := session.Exec(t.Context(), ddl.Place{Schema: schema}.SetProperties(job.Table.Name, little)); err != nil {
			t.Fatal(err)
		}
	}
}

// logOf returns the oldest and the newest version of a table's log.
func logOf(t *testing.T, dir, table string) (oldest, newest int64) {
	t.Helper()
	log, err := tablefiles.ReadLog(placeOf(dir).Path(table))
	if err != nil {
		t.Fatal(err)
	}
	if len(log.Commits) == 0 {
		return -1, -1
	}
	return log.Commits[0], log.Commits[len(log.Commits)-1]
}
