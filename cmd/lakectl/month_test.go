package main

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"math/big"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/spark"
)

const month = "../../producer/data/btc-usd-1m-2022-01.csv.gz"

// TestMonth replays the real month and compares Gold with a computation of its own, then goes on with that
// lakehouse beside the exported notebooks.
func TestMonth(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a real Kafka and Spark")
	}
	dir := t.TempDir()
	startRun(t, dir, "--source", "replay", "--file", month, "--speed", "max", "--reconcile-every", "0")
	ticks := readMonth(t)
	moving, hourly := windows(ticks, 5*time.Minute, time.Minute, window.moving), windows(ticks, time.Hour, time.Hour, window.hourly)
	query := tables(t, dir)
	await(t, "the month in Gold", func() bool {
		rows := query("select (select count(*) from gold_price_ma_5m), (select count(*) from gold_price_hourly)")
		return rows[0][0].(int64) >= int64(len(moving)) && rows[0][1].(int64) >= int64(len(hourly))
	})

	counts := query(`select (select count(*) from bronze_prices), (select count(distinct partition, offset) from bronze_prices),
		(select count(*) from silver_prices), (select count(distinct event_id) from silver_prices), (select count(*) from dead_letter)`)
	n := int64(len(ticks))
	if diff := cmp.Diff([]any{n, n, n, n, int64(0)}, counts[0]); diff != "" || n != 45_031 {
		t.Errorf("rows and distinct offsets of Bronze, rows and ids of Silver, dead letters: %s", diff)
	}

	got := map[string]string{}
	for _, r := range query("select window_start, window_end, avg_price, min_price, max_price, last_price, ticks from gold_price_ma_5m where pair = 'BTC-USD'") {
		got[key(r[0], r[1])] += fmt.Sprint(r[2:])
	}
	if diff := cmp.Diff(moving, got); diff != "" {
		t.Errorf("gold_price_ma_5m: %.2000s", diff)
	}
	got = map[string]string{}
	for _, r := range query("select hour_start, hour_start + interval 1 hour, open_price, high_price, low_price, close_price, avg_price, ticks from gold_price_hourly") {
		got[key(r[0], r[1])] += fmt.Sprint(r[2:])
	}
	if diff := cmp.Diff(hourly, got); diff != "" {
		t.Errorf("gold_price_hourly: %.2000s", diff)
	}
	t.Run("notebooks", func(t *testing.T) { testNotebooks(t, dir, query) })
	must(t, "stop", "--now", "--data-dir", dir)
}

func key(start, end any) string {
	return start.(time.Time).Format(time.RFC3339) + "/" + end.(time.Time).Format(time.RFC3339)
}

// tick is a price in units of 1e-18.
type tick struct {
	at    time.Time
	price *big.Int
}

func readMonth(t *testing.T) []tick {
	t.Helper()
	file, err := os.Open(month)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	text, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var ticks []tick
	unit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(18), nil))
	for _, row := range rows[1:] {
		at, err := time.Parse(time.RFC3339, row[1])
		if err != nil {
			t.Fatal(err)
		}
		price, ok := new(big.Rat).SetString(row[2])
		if !ok || !price.Mul(price, unit).IsInt() {
			t.Fatalf("price %q", row[2])
		}
		ticks = append(ticks, tick{at, price.Num()})
	}
	return ticks
}

// window is the prices of one window in order of time.
type window []*big.Int

// windows groups ticks, which are in order of time, and describes each window that the watermark,
// 30 s behind the last tick, has passed.
func windows(ticks []tick, size, slide time.Duration, describe func(window) string) map[string]string {
	prices := map[time.Time]window{}
	for _, t := range ticks {
		for start := t.at.Truncate(slide); start.Add(size).After(t.at); start = start.Add(-slide) {
			prices[start] = append(prices[start], t.price)
		}
	}
	watermark := ticks[len(ticks)-1].at.Add(-30 * time.Second)
	described := map[string]string{}
	for start, w := range prices {
		if end := start.Add(size); !end.After(watermark) {
			described[key(start, end)] = describe(w)
		}
	}
	return described
}

func (w window) moving() string {
	low, high := w.extremes()
	return fmt.Sprint([]any{w.average(), decimal(low), decimal(high), decimal(w[len(w)-1]), int64(len(w))})
}

func (w window) hourly() string {
	low, high := w.extremes()
	return fmt.Sprint([]any{decimal(w[0]), decimal(high), decimal(low), decimal(w[len(w)-1]), w.average(), int64(len(w))})
}

func (w window) extremes() (low, high *big.Int) {
	low, high = w[0], w[0]
	for _, p := range w {
		if p.Cmp(low) < 0 {
			low = p
		}
		if p.Cmp(high) > 0 {
			high = p
		}
	}
	return low, high
}

// average is exact, rounded half up: (2·sum + n) / 2n, for prices above zero.
func (w window) average() spark.Decimal {
	sum, n := new(big.Int), big.NewInt(int64(len(w)))
	for _, p := range w {
		sum.Add(sum, p)
	}
	sum.Lsh(sum, 1).Add(sum, n)
	return decimal(sum.Quo(sum, n.Lsh(n, 1)))
}

func decimal(units *big.Int) spark.Decimal {
	text := fmt.Sprintf("%019s", units)
	return spark.Decimal(text[:len(text)-18] + "." + text[len(text)-18:])
}
