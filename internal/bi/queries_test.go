package bi

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

// TestQueries runs every query of the dashboard and the alerts on a real Spark: over nothing, and over rows
// whose numbers are known. What a widget shows must be what its dataset gives.
func TestQueries(t *testing.T) {
	l := newLakehouse(t)
	t.Run("no rows yet", func(t *testing.T) { testNoRows(t, l) })
	l.fill(t)
	l.named = l.place
	t.Run("columns", func(t *testing.T) { testColumns(t, l) })
	t.Run("declared types", func(t *testing.T) { testDeclaredTypes(t, l) })
	t.Run("dimensions", func(t *testing.T) { testDimensions(t, l) })
	t.Run("prices", func(t *testing.T) { testPrices(t, l) })
	t.Run("health", func(t *testing.T) { testHealth(t, l) })
	t.Run("alerts", func(t *testing.T) { testAlerts(t, l) })
}

// dataset returns what a query of the dashboard gave when it was first asked since the last fill.
func (l *lakehouse) dataset(t *testing.T, name string) spark.Rows {
	t.Helper()
	if rows, asked := l.asked[name]; asked {
		return rows
	}
	sql, err := statement("sql/"+name+".sql", l.named)
	if err != nil {
		t.Fatal(err)
	}
	l.asked[name] = l.query(t, sql)
	return l.asked[name]
}

// testNoRows: a dashboard is looked at before there is anything to see. Here tables have no schema, as in the
// exported file; with rows, they are named in full, as in a deployed one.
func testNoRows(t *testing.T, l *lakehouse) {
	oneRow := []string{"movers", "freshness"}
	for _, set := range datasets {
		rows := l.dataset(t, set.name)
		if want := slices.Contains(oneRow, set.name); len(rows.Values) != 0 != want {
			t.Errorf("%s: %v", set.name, rows.Values)
		}
	}
	for _, a := range alertsOf(t, l) {
		for _, row := range l.query(t, a.QueryText).Values {
			if v, isNumber := row[0].(float64); row[0] != nil && (!isNumber || v > a.Evaluation.Threshold.Value.Double) {
				t.Errorf("%s: %v", a.Key, row)
			}
		}
	}
}

func alertsOf(t *testing.T, l *lakehouse) []Alert {
	t.Helper()
	made, err := Alerts(l.place, Delivery{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// testColumns: each field of a widget is a column of its dataset's result.
func testColumns(t *testing.T, l *lakehouse) {
	columns := map[string][]string{}
	for _, set := range datasets {
		rows := l.dataset(t, set.name)
		if len(rows.Values) == 0 {
			t.Errorf("%s has no rows", set.name)
		}
		columns[set.name] = rows.Columns
	}
	for _, p := range []page{pricesPage(), healthPage()} {
		for _, w := range p.Layout {
			for _, q := range w.Widget.Queries {
				for _, f := range q.Query.Fields {
					name := strings.Split(f.Expression, "`")[1]
					if !slices.Contains(columns[q.Query.DatasetName], name) {
						t.Errorf("%s shows %s, and %s has %v", w.Widget.Name, name, q.Query.DatasetName, columns[q.Query.DatasetName])
					}
				}
			}
		}
	}
}

// testDeclaredTypes: Power BI is told the types of the specs, and a view casts nothing to them.
func testDeclaredTypes(t *testing.T, l *lakehouse) {
	for _, v := range jobs.Default().Views {
		var declared, actual []string
		for _, c := range v.Columns {
			declared = append(declared, c.Name+" "+strings.ToLower(c.Type))
		}
		for _, row := range l.query(t, "describe table "+v.Name).Values {
			actual = append(actual, fmt.Sprint(row[0], " ", row[1]))
		}
		if diff := cmp.Diff(declared, actual); diff != "" {
			t.Errorf("%s: %s", v.Name, diff)
		}
	}
}

func testDimensions(t *testing.T, l *lakehouse) {
	want := [][]any{{"BTC-USD", "BTC", "USD", "Bitcoin", "Bitcoin in USD"}, {"ETH-USDT", "ETH", "USDT", "Ethereum", "Ethereum in USDT"}}
	if diff := cmp.Diff(want, l.query(t, "select * from dim_asset order by pair").Values); diff != "" {
		t.Error(diff)
	}
	first, last := l.now.Add(-90*time.Minute), l.now
	var days [][]any
	for day := first.Truncate(24 * time.Hour); !day.After(last); day = day.AddDate(0, 0, 1) {
		_, week := day.ISOWeek()
		days = append(days, []any{
			spark.Date(day.Format(time.DateOnly)), int64(day.Year()), int64(day.Month()+2) / 3, int64(day.Month()), day.Month().String(),
			day.Format("2006-01"), int64(week), int64(day.Day()), int64(day.Weekday()+6)%7 + 1, day.Weekday().String(),
			day.Weekday() == time.Saturday || day.Weekday() == time.Sunday,
		})
	}
	if diff := cmp.Diff(days, l.query(t, "select * from dim_date order by date").Values); diff != "" {
		t.Error(diff)
	}
}

func testPrices(t *testing.T, l *lakehouse) {
	lines := map[string]float64{}
	for _, row := range l.dataset(t, "price_vs_average").Values {
		if row[1].(time.Time).Equal(l.now) {
			lines[row[2].(string)] = row[3].(float64)
		}
	}
	// 185 to 190, both ends of the five minutes included.
	if diff := cmp.Diff(map[string]float64{"BTC-USD price": 190, "BTC-USD 5-minute average": 187.5, "ETH-USDT price": 190, "ETH-USDT 5-minute average": 190}, lines); diff != "" {
		t.Error(diff)
	}
	want := [][]any{
		{"BTC-USD", "Bitcoin in USD", 190.0, 130.0, 0.461538, "▲ up", "Bitcoin in USD ▲ 46.15 %"},
		{"ETH-USDT", "Ethereum in USDT", 190.0, 200.0, -0.05, "▼ down", "Ethereum in USDT ▼ 5.00 %"},
	}
	if diff := cmp.Diff(want, l.dataset(t, "hourly_change").Values, nearly); diff != "" {
		t.Error(diff)
	}
	movers := l.dataset(t, "movers").Values[0]
	if diff := cmp.Diff([]any{0.461538, -0.05, int64(2)}, movers[:3], nearly); diff != "" {
		t.Error(diff)
	}
	if n := len(l.dataset(t, "latest_ticks").Values); n != 93 {
		t.Errorf("%d ticks", n)
	}
}

// nearly compares floats that came from decimals of four places.
var nearly = cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-6 })

func testHealth(t *testing.T, l *lakehouse) {
	if diff := cmp.Diff([]any{3.0, 1.0}, l.dataset(t, "freshness").Values[0][2:]); diff != "" {
		t.Error("seconds to Silver, and the part within a minute:", diff)
	}
	sums := make([]int64, 5)
	for _, row := range l.dataset(t, "records").Values {
		for i := range sums {
			sums[i] += row[i+1].(int64)
		}
	}
	if diff := cmp.Diff([]int64{96, 93, 1, 1, 1}, sums); diff != "" {
		t.Error("records, in Silver, dead letters, duplicates, late:", diff)
	}
	arrived := map[any]int64{}
	for _, row := range l.dataset(t, "throughput").Values {
		arrived[row[0]] += row[2].(int64)
	}
	if diff := cmp.Diff(map[any]int64{"Bronze": 96, "Silver": 93, "Dead letters": 1}, arrived); diff != "" {
		t.Error(diff)
	}
	var reasons []any
	for _, row := range l.dataset(t, "dead_letters").Values {
		reasons = append(reasons, row[1], row[2])
	}
	if diff := cmp.Diff([]any{"bad_price", int64(1), "malformed_json", int64(1)}, reasons); diff != "" {
		t.Error(diff)
	}
	var late [][]any
	for _, row := range l.dataset(t, "late_windows").Values {
		if row[0] == "BTC-USD" {
			late = append(late, row[1:])
		}
	}
	want := [][]any{
		{l.now.Add(-20 * time.Minute), int64(5), int64(0), int64(5)},
		{l.now.Add(-30 * time.Minute), int64(5), int64(4), int64(1)},
	}
	if diff := cmp.Diff(want, late); diff != "" {
		t.Error(diff)
	}
}

// testAlerts looks at each column that is compared with the threshold: the largest of its values.
func testAlerts(t *testing.T, l *lakehouse) {
	got := map[string]float64{}
	for _, a := range alertsOf(t, l) {
		rows := l.query(t, a.QueryText)
		i := slices.Index(rows.Columns, a.Evaluation.Source.Name)
		if i < 0 {
			t.Fatalf("%s compares %s, and its query has %v", a.Key, a.Evaluation.Source.Name, rows.Columns)
		}
		for _, row := range rows.Values {
			switch v := row[i].(type) {
			case float64:
				got[a.Key] = max(got[a.Key], v)
			case int64:
				got[a.Key] = max(got[a.Key], float64(v))
			}
		}
	}
	if got["freshness"] <= 0 || got["freshness"] > 60*60 {
		t.Errorf("freshness: %v seconds", got["freshness"])
	}
	// One of the 62 or so records whose batch began within the hour.
	if p := got["dead_letters"]; p < 100.0/70 || p > 100.0/40 {
		t.Errorf("dead letters: %v percent", p)
	}
	if p := got["price_jump"]; math.Abs(p-46.1538) > 1e-6 {
		t.Errorf("price jump: %v percent", p)
	}
}
