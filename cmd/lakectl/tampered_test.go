package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/verify"

	"github.com/cryptostream/lakectl/internal/local/localtest"
)

// TestTampered knows every row of its tables: what is late is told from what is wrong, reconcile brings the one in and
// verify finds the other. One Spark serves all of it.
func TestTampered(t *testing.T) {
	localtest.Long(t)
	l := makeLake(t)
	t.Run("late", func(t *testing.T) { testLate(t, l) })
	t.Run("reconciled", func(t *testing.T) { testReconciled(t, l) })
	t.Run("tampered", func(t *testing.T) { testTampering(t, l) })
}

func testLate(t *testing.T, l *madeLake) {
	r := l.verify(t)
	// Tick 852 is of 10:08:12: in the windows that began from 10:04 to 10:08, all of them closed when it came.
	want := map[string]int64{"events that are not in silver_prices": 2, "windows of gold_price_ma_5m that are not what silver_prices gives": 5}
	if diff := cmp.Diff(want, offences(r)); diff != "" || !r.OnlyLate() {
		t.Errorf("only late: %v; %s", r.OnlyLate(), diff)
	}
	if notYet := r.Invariants[1].NotYet; notYet[0].N != madeUnread || notYet[1].N != madeUnread {
		t.Errorf("not read yet: %v", notYet)
	}
}

func testReconciled(t *testing.T, l *madeLake) {
	dry, _, err := reconcilerOn(l.session, l.dir, true).Run(t.Context(), time.Time{})
	if events, windows := dry.Rows(); err != nil || events != 2 || windows != 5 {
		t.Errorf("dry run: %+v, %v", dry, err)
	}
	rec := reconcilerOn(l.session, l.dir, false)
	done, next, err := rec.Run(t.Context(), time.Time{})
	// The two events are in five windows each, of two pairs, and in one hour each.
	if events, windows := done.Rows(); err != nil || events != 2 || windows != 5+10+2 || next.IsZero() {
		t.Errorf("%+v, next time from %v, %v", done, next, err)
	}
	if r := l.verify(t); !r.Held {
		t.Errorf("after: %v", offences(r))
	}
	before := [3]int64{l.version(t, "silver_prices"), l.version(t, "gold_price_ma_5m"), l.version(t, "gold_price_hourly")}
	for _, since := range []time.Time{{}, next} {
		if again, _, err := rec.Run(t.Context(), since); err != nil || !again.Nothing() {
			t.Errorf("once more since %v: %+v, %v", since, again, err)
		}
	}
	if after := [3]int64{l.version(t, "silver_prices"), l.version(t, "gold_price_ma_5m"), l.version(t, "gold_price_hourly")}; before != after {
		t.Errorf("nothing to do, and versions went from %v to %v", before, after)
	}
}

// testTampering changes the tables by hand, each time other rows, and expects to be told of each.
func testTampering(t *testing.T, l *madeLake) {
	for _, statement := range tampering {
		l.exec(t, statement)
	}
	l.write(t, "dead_letter.json", `{"job":{"source":"table bronze_prices","sinkTable":"another","outputMode":"append"}}`)
	r := l.verify(t)
	found := offences(r)
	for check, want := range map[string]int64{
		"doubled offsets": 1, "gaps in offsets": 1, "missing at the ends": 1,
		"events that are twice in silver_prices": 1, "events that are not in silver_prices": 1,
		"rows of silver_prices that their Bronze record does not give": 3, // without a record, changed, moved
		"dead letters that are in silver_prices too":                   1,
		"dead letters that are twice in dead_letter":                   1,
		"dead letters that the checks do not refuse":                   2, // one never was refused, of one the record is gone
		"refused records that are not in dead_letter":                  1,
		"windows that are twice in gold_price_ma_5m":                   1,
		"checkpoints of another job":                                   1,
	} {
		if found[check] != want {
			t.Errorf("%s: %d found, want %d", check, found[check], want)
		}
	}
	for _, i := range r.Invariants {
		if i.Held {
			t.Errorf("%s is said to hold", i.ID)
		}
		for _, o := range i.Offences {
			if o.Late != 0 || o.Why == "" || o.Remedy == "" || len(o.Samples) == 0 {
				t.Errorf("%+v", o)
			}
			if strings.HasPrefix(o.Check, "windows of gold_price_ma_5m") {
				expectWindows(t, o, map[string]string{"TIE-USD": "avg_price", "BTC-USD": "avg_price", "XXX-USD": "no tick of it", "ETH-USD": "missing"})
			}
		}
	}
}

// expectWindows expects of each pair a window with nothing else wrong.
func expectWindows(t *testing.T, o verify.Offence, want map[string]string) {
	t.Helper()
	for pair, what := range want {
		if !slices.ContainsFunc(o.Samples, func(s map[string]any) bool { return s["pair"] == pair && s["what"] == what }) {
			t.Errorf("no window of %s with %q: %v", pair, what, o.Samples)
		}
	}
}

// tampering is what somebody might do to the tables. The windows of the ticks that are changed are those before 10:05.
var tampering = []string{
	"insert into bronze_prices select * from bronze_prices where offset = 20",
	"delete from bronze_prices where offset = 30", // a gap, and a row of Silver without a record
	"delete from bronze_prices where offset = 0",  // missing at the end, and a dead letter without a record
	"delete from silver_prices where kafka_offset = 40",
	"insert into silver_prices select * from silver_prices where kafka_offset = 50",
	"update silver_prices set price = price + 0.000000000000000001 where kafka_offset = 60",
	"update silver_prices set kafka_offset = 71 where kafka_offset = 70",
	"insert into dead_letter select topic, partition, offset, kafka_timestamp, key, value, 'text', array('bad_price'), ingested_at, ingest_date from bronze_prices where offset = 80",
	"insert into dead_letter select * from dead_letter where offset = 200",
	"delete from dead_letter where offset = 400",
	"update gold_price_ma_5m set avg_price = avg_price + 0.000000000000000001 where pair = 'BTC-USD' and window_start = timestamp'2026-11-24 10:09:00'",
	"update gold_price_ma_5m set avg_price = 1 where pair = 'TIE-USD'", // not HALF_UP
	"delete from gold_price_ma_5m where pair = 'ETH-USD' and window_start = timestamp'2026-11-24 10:09:00'",
	"insert into gold_price_ma_5m select 'XXX-USD', window_start, window_end, avg_price, min_price, max_price, last_price, ticks, date from gold_price_ma_5m where pair = 'BTC-USD' and window_start = timestamp'2026-11-24 10:08:00'",
	"insert into gold_price_ma_5m select * from gold_price_ma_5m where pair = 'BTC-USD' and window_start = timestamp'2026-11-24 10:07:00'",
}
