package maintain

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/internal/tablefiles"
	"github.com/cryptostream/lakectl/jobs"
)

// checkpointInterval is after how many commits the tables get a checkpoint: half of what Delta does by itself.
const checkpointInterval = 5

// lake is a lakehouse of two tables on a real Spark: one that is written to, and a copy of it that a stream writes.
type lake struct {
	server  *local.Spark
	session *spark.Session
	care    *Maintainer
}

// days are what the tables are partitioned by.
var columns = []jobs.Column{{Name: "id", Type: "BIGINT"}, {Name: "day", Type: "DATE"}}

// newLake makes the tables, with retention as their properties say: such as "interval 10 seconds".
func newLake(t *testing.T, server *local.Spark, retention string) *lake {
	t.Helper()
	dir := t.TempDir()
	l := &lake{server: server, care: &Maintainer{
		Lakehouse: &jobs.Lakehouse{},
		Place:     ddl.Place{Schema: "care_" + fmt.Sprint(time.Now().UnixNano()), Warehouse: filepath.Join(dir, "warehouse"), Checkpoints: filepath.Join(dir, "checkpoints")},
	}}
	for _, name := range []string{"source", "copy"} {
		table := jobs.Table{Name: name, Columns: columns, PartitionBy: []string{"day"}, Properties: map[string]string{keepFiles: retention, keepLog: retention, "delta.checkpointInterval": strconv.Itoa(checkpointInterval)}}
		l.care.Lakehouse.Jobs = append(l.care.Lakehouse.Jobs, jobs.Job{Name: name, Table: table})
	}
	Local(l.care.Lakehouse)
	l.session = l.connect(t)
	if err := l.session.SetConf(t.Context(), Settings()); err != nil {
		t.Fatal(err)
	}
	l.care.Query = func(ctx context.Context, statement string) ([]Row, error) {
		rows, err := l.session.Query(ctx, statement)
		return rows.Named(), err
	}
	l.exec(t, l.care.Place.CreateSchema())
	for _, job := range l.care.Lakehouse.Jobs {
		l.exec(t, l.care.Place.CreateTable(job.Table))
	}
	return l
}

func (l *lake) connect(t *testing.T) *spark.Session {
	t.Helper()
	s, err := spark.Connect(t.Context(), spark.Options{Remote: "sc://" + l.server.Remote, Token: l.server.Token})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (l *lake) exec(t *testing.T, statement string) {
	t.Helper()
	if err := l.session.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// rows returns how many a table has, such as "t" or "t VERSION AS OF 3", and their checksum.
func (l *lake) rows(t *testing.T, table string) [2]any {
	t.Helper()
	name, version, _ := strings.Cut(table, " ")
	rows, err := l.session.Query(t.Context(), "SELECT count(*), sum(hash(id)) FROM "+l.care.Place.Table(name)+" "+version)
	if err != nil {
		t.Fatal(err)
	}
	return [2]any{rows.Values[0][0], rows.Values[0][1]}
}

// run maintains once.
func (l *lake) run(t *testing.T) map[string]Table {
	t.Helper()
	report, err := l.care.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string]Table{}
	for _, table := range report.Tables {
		t.Logf("%+v", table)
		tables[table.Table] = table
	}
	return tables
}

// stream starts a query that copies the source; it stops when the test ends.
func (l *lake) stream(t *testing.T, interval time.Duration) *spark.StreamingQuery {
	t.Helper()
	from := l.session.ReadStreamTable(l.care.Place.Table("source"), nil)
	return l.start(t, from, "copy", "copy", interval)
}

// feed starts a query that writes to the source, a batch every interval.
func (l *lake) feed(t *testing.T, interval time.Duration) *spark.StreamingQuery {
	t.Helper()
	view := "rate_" + fmt.Sprint(time.Now().UnixNano())
	rate := l.session.ReadStream("rate", map[string]string{"rowsPerSecond": "50"})
	if err := rate.CreateView(t.Context(), view); err != nil {
		t.Fatal(err)
	}
	return l.start(t, l.session.StreamSQL("SELECT value AS id, DATE'2026-11-24' AS day FROM "+view), "source", "feed", interval)
}

func (l *lake) start(t *testing.T, from spark.StreamingDataFrame, table, name string, interval time.Duration) *spark.StreamingQuery {
	t.Helper()
	q, err := from.WriteStream().QueryName(name).OutputMode(spark.Append).PartitionBy("day").
		Checkpoint(l.care.Place.Checkpoint(name)).Trigger(spark.ProcessingTime(interval)).ToTable(t.Context(), l.care.Place.Table(table))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Stop(context.WithoutCancel(t.Context())) })
	return q
}

// settle waits until a query has read all that is there, and stops it.
func (l *lake) settle(t *testing.T, q *spark.StreamingQuery) {
	t.Helper()
	if err := q.ProcessAllAvailable(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop(t, q)
}

func stop(t *testing.T, q *spark.StreamingQuery) {
	t.Helper()
	if err := q.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// commits adds entries to a table's log as a stream would have left them: each a file, with a checkpoint every ten that
// is a copy of the newest, and the file system's checksums. The table must have a file. Their time is an hour ago.
func (l *lake) commits(t *testing.T, table string, n int) {
	t.Helper()
	folder := l.care.Place.Path(table)
	log := filepath.Join(folder, "_delta_log")
	from, err := tablefiles.Version(folder)
	if err != nil {
		t.Fatal(err)
	}
	entry := newestAdd(t, log, from)
	path, _ := entry["path"].(string)
	file := read(t, filepath.Join(folder, path))
	for version := from + 1; version <= from+int64(n); version++ {
		name := filepath.Join(filepath.Dir(path), "part-00000-"+uuid.NewString()+"-c000.snappy.parquet")
		entry["path"], entry["dataChange"] = name, true
		add, err := json.Marshal(map[string]any{"add": entry})
		if err != nil {
			t.Fatal(err)
		}
		info := fmt.Sprintf(`{"commitInfo":{"timestamp":%d,"operation":"WRITE","operationParameters":{"mode":"Append"},"isBlindAppend":true}}`, anHourAgo.UnixMilli())
		write(t, filepath.Join(folder, name), file)
		write(t, filepath.Join(log, fmt.Sprintf("%020d.json", version)), []byte(info+"\n"+string(add)+"\n"))
	}
}

var anHourAgo = time.Now().Add(-time.Hour)

// newestAdd returns the last file that was added up to a version.
func newestAdd(t *testing.T, log string, version int64) map[string]any {
	t.Helper()
	for ; version >= 0; version-- {
		for line := range bytes.Lines(read(t, filepath.Join(log, fmt.Sprintf("%020d.json", version)))) {
			var action struct{ Add map[string]any }
			if json.Unmarshal(line, &action) == nil && action.Add != nil {
				return action.Add
			}
		}
	}
	t.Fatal("the table has no file")
	return nil
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, anHourAgo, anHourAgo); err != nil {
		t.Fatal(err)
	}
}

func server(t *testing.T) *local.Spark { return localtest.Spark(t, nil) }
