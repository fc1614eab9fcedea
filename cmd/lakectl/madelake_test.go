package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/pipeline"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/internal/verify"
	"github.com/cryptostream/lakectl/jobs"
)

// madeLake is a lakehouse of known rows, made by batches of the jobs' SQL as the streams would have left it: a record
// a second from 10:00 on, a batch every ten seconds. Of its records
//
//	0, 100, …, 800  are broken
//	310, 311        are ticks of TIE-USD at one time, whose average lies between two decimals
//	850, 851        are 30 hours old: Silver's watermark refused them; 853 is 850 again
//	852             is six minutes old: Gold's watermark refused it
//	900 … 904       are in Bronze and not read by Silver yet
type madeLake struct {
	dir     string
	session *spark.Session
	place   ddl.Place
}

const (
	madeStart       = "timestamp'2026-11-24 10:00:00'"
	madeGoldMs      = 1795515269000 // 10:14:29, 30 s before the newest event
	madeSilverMs    = 1795428899000 // 24 h before it
	madeRecords     = 900
	madeUnread      = 5
	madeBrokenEvery = 100
)

func makeLake(t *testing.T) *madeLake {
	t.Helper()
	dir := t.TempDir()
	a := &app{stdout: t.Output(), stderr: t.Output()}
	session, end, err := a.openTables(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	l := &madeLake{dir, session, placeOf(dir)}
	all := jobs.Default()
	l.exec(t, bronzeRecords(0, madeRecords))
	read := l.version(t, "bronze_prices")
	silver, letters := jobOf(t, all, "silver_prices"), jobOf(t, all, "dead_letter")
	l.exec(t, "insert into silver_prices "+ddl.With(silver, "select * from "+l.place.Table("bronze_prices"))+
		"\nselect "+strings.ReplaceAll(names(silver.Table), "processed_at", "ingested_at + interval 1 second as processed_at")+" from silver_prices where date = '2026-11-24'")
	l.exec(t, "insert into dead_letter "+ddl.With(letters, "select * from "+l.place.Table("bronze_prices"))+"\nselect "+names(letters.Table)+" from dead_letter")
	l.exec(t, bronzeRecords(madeRecords, madeUnread))
	for name, end := range map[string]string{"gold_price_ma_5m": "window_end", "gold_price_hourly": "hour_start + interval 1 hour"} {
		job := jobOf(t, all, name)
		l.exec(t, "insert into "+name+" "+ddl.With(job, "select * from "+l.place.Table("silver_prices")+" where kafka_offset <> 852")+
			"\nselect "+names(job.Table)+" from "+name+" where "+end+" <= timestamp_millis("+strconv.Itoa(madeGoldMs)+")")
	}
	l.checkpoint(t, "bronze_prices", 0, fmt.Sprintf(`{"crypto-prices":{"0":%d}}`, madeRecords+madeUnread))
	l.write(t, "bronze_prices/sources/0/0", "\x00v1\n"+`{"crypto-prices":{"0":0}}`)
	for name, watermark := range map[string]int64{"silver_prices": madeSilverMs, "dead_letter": 0} {
		l.checkpoint(t, name, watermark, tableOffset(read))
	}
	for _, name := range []string{"gold_price_ma_5m", "gold_price_hourly"} {
		l.checkpoint(t, name, madeGoldMs, tableOffset(l.version(t, "silver_prices")))
	}
	return l
}

// bronzeRecords inserts n records from an offset on.
func bronzeRecords(first, n int) string {
	return fmt.Sprintf(`insert into bronze_prices
select 'crypto-prices', 0, id, at, cast('k' as binary),
  cast(if(id %% %d = 0, '{broken', concat('{"event_id":"e', if(id = 853, 850, id), '","pair":"', pair, '","source":"test","price":"', price,
    '","collected_at":"', date_format(at, "yyyy-MM-dd'T'HH:mm:ss'Z'"), '"}')) as binary),
  null, came, date(came)
from (
  select id, %s + make_interval(0, 0, 0, 0, 0, 0, (id div 10) * 10 + 10) as came,
    case when id in (310, 311) then 'TIE-USD' when id %% 2 = 0 then 'BTC-USD' else 'ETH-USD' end as pair,
    case when id = 310 then '1' when id = 311 then '1.000000000000000001' else concat(100 + id %% 7, '.123456789012345678') end as price,
    %[2]s + make_interval(0, 0, 0, 0, 0, 0, case
      when id in (310, 311) then 305
      when id in (850, 851, 853) then 850 - 30 * 3600
      when id = 852 then 492
      else id end) as at
  from range(%[3]d, %[4]d, 1, 1)
)`, madeBrokenEvery, madeStart, first, first+n)
}

func names(table jobs.Table) string {
	var all []string
	for _, c := range table.Columns {
		all = append(all, c.Name)
	}
	return strings.Join(all, ", ")
}

func jobOf(t *testing.T, l *jobs.Lakehouse, name string) jobs.Job {
	t.Helper()
	job, ok := l.Job(name)
	if !ok {
		t.Fatalf("there is no job %s", name)
	}
	return job
}

func tableOffset(read int64) string {
	return fmt.Sprintf(`{"sourceVersion":1,"reservoirId":"r","reservoirVersion":%d,"index":-1,"isStartingVersion":false}`, read+1)
}

// checkpoint writes what a query leaves when it has committed batch 7.
func (l *madeLake) checkpoint(t *testing.T, job string, watermark int64, offset string) {
	t.Helper()
	l.write(t, job+"/metadata", `{"id":"6f1c2a52-6f0e-4a5e-9a39-0d7b8f0f3c11"}`)
	for _, batch := range []int{6, 7} { // Spark reads the one before the newest, too
		l.write(t, fmt.Sprintf("%s/offsets/%d", job, batch), fmt.Sprintf("v1\n{\"batchWatermarkMs\":%d,\"batchTimestampMs\":1,\"conf\":{}}\n%s", watermark, offset))
	}
	l.write(t, job+"/commits/7", "v1\n{\"nextBatchWatermarkMs\":0}")
	origin, err := json.Marshal(pipeline.Origin{Job: jobOf(t, jobs.Default(), job).Fingerprint()})
	if err != nil {
		t.Fatal(err)
	}
	l.write(t, job+".json", string(origin))
}

func (l *madeLake) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(l.place.Checkpoints, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (l *madeLake) exec(t *testing.T, statement string) {
	t.Helper()
	if err := l.session.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (l *madeLake) version(t *testing.T, table string) int64 {
	t.Helper()
	rows, err := l.session.Query(t.Context(), verify.NewestVersion(l.place, table))
	if err != nil {
		t.Fatal(err)
	}
	return rows.Values[0][0].(int64)
}

func (l *madeLake) verify(t *testing.T) verify.Report {
	t.Helper()
	v := verifierOn(l.session, l.dir, slog.New(slog.DiscardHandler))
	v.Topic, v.Samples = nil, 100
	r, err := v.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}
