package bi

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

// lakehouse is a Spark with the tables and views, and rows that a test knows.
type lakehouse struct {
	session *spark.Session
	place   ddl.Place
	now     time.Time // of the newest event: a minute that has just begun
	named   ddl.Place // of the tables in the dashboard's queries
	asked   map[string]spark.Rows
}

// newLakehouse makes the tables and views on a real Spark, and fills them.
func newLakehouse(t *testing.T) *lakehouse {
	t.Helper()
	server := localtest.Spark(t, nil)
	session, err := spark.Connect(t.Context(), spark.Options{Remote: "sc://" + server.Remote, Token: server.Token})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	l := &lakehouse{
		session: session, asked: map[string]spark.Rows{}, now: time.Now().UTC().Truncate(time.Minute),
		place: ddl.Place{Schema: "cryptostream", Warehouse: filepath.Join(t.TempDir(), "warehouse")},
	}
	statements := []string{l.place.CreateSchema(), l.place.UseSchema()}
	for _, j := range jobs.Default().Jobs {
		statements = append(statements, l.place.CreateTable(j.Table))
	}
	for _, v := range jobs.Default().Views {
		statements = append(statements, l.place.CreateView(v))
	}
	for _, s := range statements {
		l.exec(t, s)
	}
	return l
}

func (l *lakehouse) exec(t *testing.T, statement string) {
	t.Helper()
	if err := l.session.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (l *lakehouse) query(t *testing.T, statement string) spark.Rows {
	t.Helper()
	rows, err := l.session.Query(t.Context(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return rows
}

// at is a time before now as SQL.
func (l *lakehouse) at(before time.Duration) string {
	return "timestamp'" + l.now.Add(-before).Format("2006-01-02 15:04:05.999999") + " UTC'"
}

// fill writes 91 ticks of BTC-USD, one a minute, whose price rises from 100 to 190; two of ETH-USDT, an hour
// apart, that fall from 200 to 190; one record each that is a duplicate, a dead letter, and late; and Gold
// for the windows of BTC-USD, but for one that is missing and one that lacks a tick.
func (l *lakehouse) fill(t *testing.T) {
	t.Helper()
	clear(l.asked)
	l.exec(t, fmt.Sprintf(`insert into silver_prices
		select concat('e', i), pair, split_part(pair, '-', 1), split_part(pair, '-', 2), 'simulated', cast(price as decimal(38, 18)), 1000, event_time,
			event_time, 0, i, event_time + interval 2 seconds, event_time + interval 3 seconds,
			date(event_time), year(event_time), month(event_time), day(event_time), hour(event_time)
		from (
			select id as i, 'BTC-USD' as pair, 100 + id as price, %s + make_interval(0, 0, 0, 0, 0, id, 0) as event_time from range(91)
			union all select 91, 'ETH-USDT', 200, %s
			union all select 92, 'ETH-USDT', 190, %s
		)`, l.at(90*time.Minute), l.at(61*time.Minute), l.at(0)))
	l.exec(t, `insert into bronze_prices
		select 'crypto-prices', 0, kafka_offset, event_time, cast(pair as binary),
			cast(concat('{"event_id":"', event_id, '"}') as binary), null, ingested_at, date(ingested_at)
		from silver_prices`)
	l.exec(t, fmt.Sprintf(`insert into bronze_prices
		select 'crypto-prices', 0, offset, %[1]s, null, cast(value as binary), null, %[1]s, date(%[1]s)
		from values (93, '{"event_id":"e90"}'), (94, 'nonsense'), (95, '{"event_id":"unheard of"}') as extra (offset, value)`, l.at(time.Minute)))
	l.exec(t, `insert into dead_letter
		select topic, partition, offset, kafka_timestamp, key, value, 'nonsense', array('malformed_json', 'bad_price'), ingested_at, ingest_date
		from bronze_prices where offset = 94`)
	gold, _ := jobs.Default().Job("gold_price_ma_5m")
	l.exec(t, fmt.Sprintf(`insert into gold_price_ma_5m
		select pair, window_start, window_end, avg_price, min_price, max_price, last_price, if(window_start = %s, ticks - 1, ticks), date
		from (%s) where pair = 'BTC-USD' and window_end <= %s and window_start <> %s`,
		l.at(30*time.Minute), gold.Steps[len(gold.Steps)-1].SQL, l.at(time.Minute), l.at(20*time.Minute)))
	hourly, _ := jobs.Default().Job("gold_price_hourly")
	l.exec(t, fmt.Sprintf("insert into gold_price_hourly select * from (%s) where hour_start < date_trunc('hour', %s)", hourly.Steps[0].SQL, l.at(0)))
}
