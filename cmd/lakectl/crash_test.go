package main

import (
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/local"
)

// TestCrashes kills each part of a live run with SIGKILL and expects that nothing is lost or doubled.
// It goes on past version 25 of every table, behind Delta's own checkpoints.
func TestCrashes(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a real Kafka and Spark")
	}
	dir := t.TempDir()
	args := []string{"--source", "simulated", "--rate", "50", "--trigger", "500ms"}
	startRun(t, dir, args...)
	awaitRows(t, dir, 300)
	secondRunIsRefused(t, dir)

	for _, server := range []string{"spark", "kafka"} {
		killServer(t, dir, server)
		awaitRows(t, dir, jsonStatus(t, dir).rowsOf("silver_prices")+300)
	}
	for range 2 {
		killRun(t, dir)
		startRun(t, dir, args...)
		awaitRows(t, dir, 300) // of this run
	}
	await(t, "version 25 of every table", func() bool {
		for _, table := range []string{"bronze_prices", "silver_prices", "dead_letter", "gold_price_ma_5m", "gold_price_hourly"} {
			if tableVersion(t, dir, table) <= 25 {
				return false
			}
		}
		return true
	})
	must(t, "stop", "--data-dir", dir)
	checkInvariants(t, dir)
}

// awaitRows waits until every query is healthy and Silver has read so many rows in this run.
func awaitRows(t *testing.T, dir string, rows int64) {
	t.Helper()
	await(t, "rows in Silver", func() bool {
		s := jsonStatus(t, dir)
		return s.Healthy && s.rowsOf("silver_prices") >= rows
	})
}

func secondRunIsRefused(t *testing.T, dir string) {
	t.Helper()
	out, err := lakectl(t, "run", "--local", "--source", "simulated", "--data-dir", dir).CombinedOutput()
	var exited *exec.ExitError
	if !errors.As(err, &exited) || exited.ExitCode() != 3 || !strings.Contains(string(out), "in use by process") {
		t.Errorf("second run: %v\n%s", err, out)
	}
}

// killServer kills one child of a run; lakectl starts another.
func killServer(t *testing.T, dir, server string) {
	t.Helper()
	pid := func(run local.RunFile) int {
		if server == "spark" {
			return run.Spark.PID
		}
		return run.Kafka.PID
	}
	before := pid(readRun(t, dir))
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, server+" to be started again", func() bool { return pid(readRun(t, dir)) != before })
}

// checkInvariants looks for lost and doubled rows in a drained lakehouse.
func checkInvariants(t *testing.T, dir string) {
	t.Helper()
	query := tables(t, dir)
	for name, statement := range map[string]string{
		"offsets missing in Bronze": `select max(offset) + 1 - count(distinct offset) from bronze_prices`,
		"offsets doubled in Bronze": `select count(*) - count(distinct partition, offset) from bronze_prices`,
		"events missing in Silver": `select count(distinct get_json_object(cast(value as string), '$.event_id')) -
			(select count(distinct event_id) from silver_prices) from bronze_prices`,
		"events doubled in Silver": `select count(*) - count(distinct event_id) from silver_prices`,
		"dead letters":             `select count(*) from dead_letter`,
		"doubled windows":          `select count(*) - count(distinct pair, window_start) from gold_price_ma_5m`,
		"doubled hours":            `select count(*) - count(distinct pair, hour_start) from gold_price_hourly`,
		"windows that differ from Silver": `select count(*) from gold_price_ma_5m g full outer join (
				select pair, window.start as window_start, window.end as window_end, count(*) as ticks,
					cast(sum(price) / count(*) as decimal(38,18)) as avg_price, max(price) as max_price
				from silver_prices group by pair, window(event_time, '5 minutes', '1 minute')
				having window_end <= (select max(event_time) - interval 30 seconds from silver_prices)
			) s using (pair, window_start)
			where not (g.ticks <=> s.ticks and g.avg_price <=> s.avg_price and g.max_price <=> s.max_price)`,
	} {
		if diff := cmp.Diff([][]any{{int64(0)}}, query(statement)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if rows := query("select count(*) from gold_price_ma_5m"); rows[0][0] == int64(0) {
		t.Error("no window was closed: the test has tested nothing")
	}
}
