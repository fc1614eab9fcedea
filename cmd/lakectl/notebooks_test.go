package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/jobs"
	"github.com/cryptostream/lakectl/producer"
)

// byNotebooks is the schema of the tables that the notebooks make.
const byNotebooks = "by_notebooks"

// testNotebooks runs the committed notebooks, as they are, beside the queries of a run that has the real
// month, and compares their tables with the run's, row for row. query answers on the run's Spark.
func testNotebooks(t *testing.T, dir string, query func(string) [][]any) {
	n := newNotebooks(t, dir)
	checkpoints := t.TempDir()
	widgets := append(place(byNotebooks, checkpoints), n.kafka...)

	runContinuously(t, n, widgets, query)
	twice := publishMore(t, dir, query)
	for _, name := range []string{"01_Bronze_Ingestion.py", "02_Silver_Transformation.py", "03_Gold_Analytics.py", "04_Maintenance.py"} {
		n.run(t, name, append(widgets, "trigger=availableNow")...)
	}
	must(t, "reconcile", "--data-dir", dir)
	for _, job := range jobs.Default().Jobs {
		compareTable(t, query, byNotebooks, job.Sink.Table, job.Table.Columns, twice)
	}
	for _, view := range jobs.Default().Views {
		compareTable(t, query, byNotebooks, view.Name, view.Columns, twice)
	}
	testSQLFiles(t, query)
	if localtest.IsLong() {
		testFilesInsteadOfKafka(t, dir, n, query)
		testLostCheckpointOfNotebook(t, n, widgets, checkpoints)
	}
}

// runContinuously starts the notebooks as the tasks of a continuous job, all at once, and cancels them when Gold
// has rows.
func runContinuously(t *testing.T, n notebooks, widgets []string, query func(string) [][]any) {
	t.Helper()
	var running []*runningNotebook
	for _, name := range []string{"03_Gold_Analytics.py", "02_Silver_Transformation.py", "01_Bronze_Ingestion.py"} {
		running = append(running, n.start(t, name, append(widgets, "trigger=1 second")...))
	}
	await(t, "rows in the notebooks' Gold", func() bool {
		for _, r := range running {
			if text := r.output.String(); strings.Contains(text, "Traceback") {
				t.Fatal(text)
			}
		}
		return len(query("show schemas like '"+byNotebooks+"'")) > 0 && len(query("show tables in `"+byNotebooks+"` like 'v_price_vs_ma'")) > 0 &&
			query("select count(*) > 0 from `" + byNotebooks + "`.gold_price_hourly")[0][0] == true
	})
	for _, r := range running {
		if err := r.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range running {
		if err := r.Wait(); err == nil || !strings.Contains(r.output.String(), "KeyboardInterrupt") {
			t.Errorf("%s: %v\n%s", r.Args[2], err, &r.output)
		}
	}
}

// publishMore publishes what the month does not have, and waits until the run has all of it: more quotes,
// and among them broken records, quotes of the month again, late ones and quotes twice. It returns the ids of
// the last: which of the two Silver keeps is open.
func publishMore(t *testing.T, dir string, query func(string) [][]any) (twice []string) {
	t.Helper()
	var month []RecordLine
	lines := bufio.NewScanner(strings.NewReader(must(t, "tail", "-o", "json", "--from", "beginning", "--no-follow", "--data-dir", dir)))
	for lines.Scan() {
		var r RecordLine
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		month = append(month, r)
	}
	broken := brokenRecords(t)
	last, err := time.Parse(time.RFC3339, month[len(month)-1].Timestamp)
	if err != nil {
		t.Fatal(err)
	}
	begin, minutes := last.Truncate(time.Hour).Add(time.Hour), 130
	end := begin.Add(time.Duration(minutes) * time.Minute)
	var more []producer.Message
	quotes := 0
	for at := begin; !at.After(end); at = at.Add(time.Minute) {
		m := quoteAt(t, at, fmt.Sprintf("38%d.%d5", at.Minute()+100, at.Minute()))
		more = append(more, m)
		quotes++
		if quotes%20 == 0 {
			more = append(more, m)
			twice = append(twice, string(m.Headers[slices.IndexFunc(m.Headers, func(h producer.Header) bool { return h.Key == "ce_id" })].Value))
		}
		n := min(2, len(broken))
		more, broken = append(more, broken[:n]...), broken[n:]
	}
	more = append(more, broken...)
	for at := range 3 { // Silver refuses them, and a reconcile brings them in
		more = slices.Insert(more, 5, quoteAt(t, time.Date(2022, 1, 10, 12, 0, at, 0, time.UTC), "41234.5"))
	}
	for _, i := range []int{10_000, len(month) - 1_000, len(month) - 900} { // one that the deduplication has forgotten, two that it knows
		more = slices.Insert(more, 5, producer.Message{Key: []byte(*month[i].Key), Value: []byte(*month[i].Value), Timestamp: begin})
	}
	publish(t, dir, more)
	refused := len(brokenRecords(t))
	await(t, "the run to have what was published", func() bool {
		got := query(`select (select count(*) from bronze_prices), (select count(*) from silver_prices), (select count(*) from dead_letter),
			(select max(window_end) from gold_price_ma_5m), (select max(hour_start) from gold_price_hourly)`)
		return cmp.Equal(got[0], []any{int64(len(month) + len(more)), int64(len(month) + quotes), int64(refused), end.Add(-time.Minute), end.Truncate(time.Hour).Add(-time.Hour)})
	})
	return twice
}

func quoteAt(t *testing.T, at time.Time, price string) producer.Message {
	t.Helper()
	m, err := producer.Quote{Pair: "BTC-USD", Source: "replay", Price: price, Volume24h: "1.5", QuotedAt: at, CollectedAt: at}.Message()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// brokenRecords are those of jobs/testdata/payloads.jsonl that a check refuses, and some that are odd as
// records.
func brokenRecords(t *testing.T) []producer.Message {
	t.Helper()
	text, err := os.ReadFile("../../jobs/testdata/payloads.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2022, 1, 31, 12, 0, 0, 0, time.UTC)
	messages := []producer.Message{
		{Key: []byte{0xff, 0}, Value: []byte("\xff\u2028\"\\\n"), Timestamp: at, Headers: []producer.Header{{Key: "a", Value: []byte{0xfe}}, {Key: "a"}, {Key: "", Value: []byte{}}}},
		{Value: []byte{}, Timestamp: at},
	}
	for line := range bytes.Lines(text) {
		var p struct {
			Value   []byte
			Reasons []string
		}
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatal(err)
		}
		if len(p.Reasons) > 0 {
			messages = append(messages, producer.Message{Key: []byte("BTC-USD"), Value: p.Value, Timestamp: at})
		}
	}
	return messages
}

func publish(t *testing.T, dir string, messages []producer.Message) {
	t.Helper()
	kafka := readRun(t, dir).Kafka
	p, err := producer.NewPublisher(producer.KafkaConfig{Brokers: []string{kafka.Addr}, Username: kafka.Username, Password: kafka.Password, Mechanism: "PLAIN"},
		producer.PublisherOptions{Topic: kafka.Topic})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		if err := p.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// compareTable compares a table or view with the run's of that name, row for row, but for the times of
// processing, and but for the position of events that came twice.
func compareTable(t *testing.T, query func(string) [][]any, schema, name string, columns []jobs.Column, twice []string) {
	t.Helper()
	var compared []string
	for _, c := range columns {
		switch c.Name {
		case "ingested_at", "ingest_date", "processed_at", "quarantined_at", "age_seconds":
		case "date":
			if name != "dead_letter" { // there it is that of ingested_at
				compared = append(compared, c.Name)
			}
		case "kafka_partition", "kafka_offset":
			if name == "silver_prices" {
				compared = append(compared, fmt.Sprintf("if(event_id in ('%s'), null, %s)", strings.Join(twice, "', '"), c.Name))
			}
		default:
			compared = append(compared, "`"+c.Name+"`")
		}
	}
	ours := fmt.Sprintf("select %s from cryptostream.%s", strings.Join(compared, ", "), name)
	theirs := fmt.Sprintf("select %s from `%s`.%s", strings.Join(compared, ", "), schema, name)
	got := query(fmt.Sprintf(`select (select count(*) from (%[1]s)), (select count(*) from (%[1]s except all %[2]s)), (select count(*) from (%[2]s except all %[1]s))`, ours, theirs))[0]
	if got[0] == int64(0) || got[1] != int64(0) || got[2] != int64(0) {
		t.Errorf("%s: of %v rows the notebooks lack %v, and have %v others: %v", name, got[0], got[1], got[2],
			query(fmt.Sprintf("(%[1]s except all %[2]s limit 3) union all (%[2]s except all %[1]s limit 3)", ours, theirs)))
	}
	t.Logf("%s: %v rows", name, got[0])
}

// testSQLFiles runs tables.sql and views.sql in a schema of their own.
func testSQLFiles(t *testing.T, query func(string) [][]any) {
	query("create schema by_sql")
	query("use by_sql")
	defer query("use cryptostream")
	for _, file := range []string{"tables.sql", "views.sql"} {
		text, err := os.ReadFile("../../notebooks/" + file)
		if err != nil {
			t.Fatal(err)
		}
		_, statements, _ := strings.Cut(string(text), "\n\n") // behind the comments
		for statement := range strings.SplitSeq(strings.TrimSuffix(statements, ";\n"), ";\n\n") {
			query(statement)
		}
	}
	made := len(query("show tables in by_sql"))
	if want := len(jobs.Default().Jobs) + len(jobs.Default().Views); made != want {
		t.Errorf("the SQL files made %d tables and views, want %d", made, want)
	}
}

// testFilesInsteadOfKafka gives the topic as files of `tail -o json`, and compares Bronze.
func testFilesInsteadOfKafka(t *testing.T, dir string, n notebooks, query func(string) [][]any) {
	files := t.TempDir()
	records := must(t, "tail", "-o", "json", "--from", "beginning", "--no-follow", "--data-dir", dir)
	if err := os.WriteFile(filepath.Join(files, "records.json"), []byte(records), 0o600); err != nil {
		t.Fatal(err)
	}
	n.run(t, "01_Bronze_Ingestion.py", append(place("by_files", t.TempDir()), "source_path="+files)...)
	i := slices.IndexFunc(jobs.Default().Jobs, func(j jobs.Job) bool { return j.Source.Kafka != nil })
	bronze := jobs.Default().Jobs[i].Table
	compareTable(t, query, "by_files", bronze.Name, bronze.Columns, nil)
}

func testLostCheckpointOfNotebook(t *testing.T, n notebooks, widgets []string, checkpoints string) {
	if err := os.Rename(filepath.Join(checkpoints, "bronze_prices"), filepath.Join(checkpoints, "lost")); err != nil {
		t.Fatal(err)
	}
	r := n.start(t, "01_Bronze_Ingestion.py", widgets...)
	if err := r.Wait(); err == nil || !strings.Contains(r.output.String(), "the checkpoint of bronze_prices is gone") {
		t.Errorf("a lost checkpoint: %v\n%s", err, &r.output)
	}
}
