package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/backfill"
	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/fakeexchange"
	"github.com/cryptostream/lakectl/internal/pipeline"

	"github.com/cryptostream/lakectl/internal/local/localtest"
)

// TestBackfill brings a file and a range of CoinGecko's into a lakehouse under live prices, by commands that are killed:
// everything is there once, the windows are what Silver gives, and the live queries neither restart nor get another
// watermark.
func TestBackfill(t *testing.T) {
	localtest.Long(t)
	b := newBackfillTest(t)
	startRun(t, b.dir, "--source", "coingecko", "--coingecko-url", b.url, "--interval", "1s", "--no-dashboard", "--reconcile-every", "0")
	b.query = tables(t, b.dir)
	await(t, "a watermark in Silver and Gold", func() bool {
		return b.watermark(t, "silver_prices") > 0 && b.watermark(t, "gold_price_ma_5m") > 0 && b.watermark(t, "gold_price_hourly") > 0
	})
	before := runsOf(t, b.dir)

	file := b.writeFile(t, b.newest())
	for _, line := range []string{"from file", "kafka ", "bronze ", "silver ", "gold "} {
		b.killed(t, line, "--source", "file", "--file", file)
	}
	r := b.backfill(t, "--source", "file", "--file", file)
	if r.Read != pastRecords+1 || r.TooNew != 1 || r.NoTime != 1 || r.Published+r.Before != pastRecords ||
		r.BronzeRows != pastRecords || r.SilverRows != pastEvents || r.DeadLetters != 1 || r.AlreadyThere != 0 || r.Held != 0 {
		t.Errorf("the file: %+v", r)
	}
	again := b.backfill(t, "--source", "file", "--file", file)
	if again.Published != 0 || again.Before != pastRecords || again.BronzeRows != 0 {
		t.Errorf("the file once more: %+v", again)
	}
	b.fromCoinGecko(t)
	b.overlapIsRefused(t)

	if after := runsOf(t, b.dir); !cmp.Equal(before, after) {
		t.Errorf("the live queries: %s", cmp.Diff(before, after))
	}
	b.check(t)
	if checked := must(t, "checkpoint", "ls", "--data-dir", b.dir); !strings.Contains(checked, "bronze_prices_backfill  ok") {
		t.Error(checked)
	}
	if r, code := verified(t, b.dir); code != 0 {
		t.Errorf("verify: exit %d, %v", code, offences(r))
	}
	must(t, "stop", "--data-dir", b.dir)
}

// TestBackfillAlone brings a file into a lakehouse that does not run, killed and once more, and goes on afterwards.
func TestBackfillAlone(t *testing.T) {
	localtest.Long(t)
	b := newBackfillTest(t)
	args := []string{"--source", "coingecko", "--coingecko-url", b.url, "--interval", "1s", "--no-dashboard", "--reconcile-every", "0"}
	startRun(t, b.dir, args...)
	awaitRows(t, b.dir, 50)
	must(t, "stop", "--data-dir", b.dir)
	newest := time.UnixMilli(b.watermark(t, "silver_prices")).Add(24 * time.Hour) // or older than it
	file := b.writeFile(t, newest)

	for _, line := range []string{"kafka ", "bronze "} {
		b.killed(t, line, "--source", "file", "--file", file)
	}
	if r := b.backfill(t, "--source", "file", "--file", file); r.Held != 0 || r.TooNew != 1 {
		t.Errorf("got %+v", r)
	}
	if r, code := verified(t, b.dir); code != 0 {
		t.Errorf("verify: exit %d, %v", code, offences(r))
	}
	startRun(t, b.dir, args...)
	awaitRows(t, b.dir, 50)
	b.query = tables(t, b.dir)
	b.check(t)
	killRun(t, b.dir)
}

type backfillTest struct {
	dir, url string
	fake     *fakeexchange.Exchange
	query    func(string) [][]any
}

func newBackfillTest(t *testing.T) *backfillTest {
	t.Helper()
	fake := fakeexchange.New(fakeexchange.Options{})
	server := httptest.NewServer(fake)
	t.Cleanup(func() {
		fake.Close()
		server.Close()
	})
	return &backfillTest{dir: t.TempDir(), url: server.URL, fake: fake}
}

// Of the records of writeFile that are old enough, one is a dead letter and one the second copy of an event.
const (
	pastEvents  = 60
	pastRecords = pastEvents + 2
)

// writeFile writes records of a pair that nobody else has, all but one of them older than the newest event: older than Silver's watermark, younger than that and older
// than Gold's, of the running hour; one that is newer than everything, one without a time, one with a bad price, and
// one that is there twice.
func (b *backfillTest) writeFile(t *testing.T, newest time.Time) string {
	t.Helper()
	var text bytes.Buffer
	line := func(id, price string, at time.Time) {
		fmt.Fprintf(&text, `{"event_id":"past-%s","pair":"PAST-USD","source":"recorded","price":%q,"collected_at":%q}`+"\n", id, price, at.Format(time.RFC3339Nano))
	}
	for i := range pastEvents {
		age := 26*time.Hour + time.Duration(i)*10*time.Minute
		switch {
		case i < 20:
			age = 2*time.Minute + time.Duration(i)*20*time.Second
		case i < 40:
			age = time.Duration(i) * 30 * time.Minute
		}
		line(fmt.Sprint(i), fmt.Sprintf("1.%018d", i), newest.Add(-age))
	}
	line("7", "1.000000000000000007", newest.Add(-2*time.Minute-7*20*time.Second))
	line("bad", "1,5", newest.Add(-30*time.Hour))
	line("new", "1", newest.Add(time.Hour))
	text.WriteString("{broken\n")
	path := filepath.Join(b.dir, "past.jsonl")
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (b *backfillTest) backfill(t *testing.T, args ...string) (r backfill.Report) {
	t.Helper()
	output(t, &r, append([]string{"backfill", "-o", "json", "--data-dir", b.dir}, args...)...)
	return r
}

// killed runs a backfill and kills it when it has written a line that holds the text, or lets it end before.
func (b *backfillTest) killed(t *testing.T, line string, args ...string) {
	t.Helper()
	cmd := lakectl(t, append([]string{"backfill", "--data-dir", b.dir}, args...)...)
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	seen := false
	for lines := bufio.NewScanner(said); lines.Scan(); {
		t.Log(lines.Text())
		if !seen && strings.Contains(lines.Text(), line) {
			seen = true
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	if !seen {
		t.Errorf("killed at %q: there was no such line", line)
	}
}

// fromCoinGecko brings in two hours of each pair, and compares Silver with what was served.
func (b *backfillTest) fromCoinGecko(t *testing.T) {
	t.Helper()
	from := time.Now().UTC().Add(-40 * time.Hour).Truncate(time.Hour)
	to := from.Add(2 * time.Hour)
	args := []string{"--source", "coingecko", "--coingecko-url", b.url, "--from", from.Format(time.RFC3339), "--to", to.Format(time.RFC3339)}
	r := b.backfill(t, args...)
	if r.Calls != 10 || r.Published != 20 || r.SilverRows != 20 || r.Windows == 0 {
		t.Errorf("coingecko: %+v", r)
	}
	if again := b.backfill(t, args...); again.Published != 0 || again.Before != 20 {
		t.Errorf("coingecko once more: %+v", again)
	}
	served := map[string]bool{}
	for _, s := range b.fake.Journal() {
		if !s.QuotedAt.Before(from) && s.QuotedAt.Before(to) {
			served[strings.TrimRight(s.Price, "0")+" "+s.QuotedAt.Format(time.RFC3339Nano)] = true
		}
	}
	rows := b.query(fmt.Sprintf("select cast(price as string), event_time from silver_prices where source = 'coingecko' and event_time < timestamp_millis(%d)", to.UnixMilli()))
	for _, row := range rows {
		if key := strings.TrimRight(row[0].(string), "0") + " " + row[1].(time.Time).UTC().Format(time.RFC3339Nano); !served[key] {
			t.Errorf("%s was not served", key)
		}
	}
	if len(rows) != 20 || len(served) != 20 {
		t.Errorf("%d rows of %d points", len(rows), len(served))
	}
}

// overlapIsRefused has ticks of another source in a range where Silver has some.
func (b *backfillTest) overlapIsRefused(t *testing.T) {
	t.Helper()
	at := b.query("select event_time from silver_prices where pair = 'PAST-USD' order by event_time limit 1")[0][0].(time.Time)
	path := filepath.Join(b.dir, "other.csv")
	text := fmt.Sprintf("pair,collected_at,price,volume_24h\nPAST-USD,%s,1,\n", at.UTC().Format(time.RFC3339Nano))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := lakectl(t, "backfill", "--data-dir", b.dir, "--source", "file", "--file", path).CombinedOutput()
	if err == nil || err.Error() != "exit status 3" || !strings.Contains(string(out), "silver_prices has 1 ticks of other sources in the range (PAST-USD from recorded)") {
		t.Errorf("%v: %s", err, out)
	}
}

// newest is the newest event of Silver.
func (b *backfillTest) newest() time.Time {
	return b.query("select max(event_time) from silver_prices")[0][0].(time.Time).UTC()
}

// check expects each event of the file once, one dead letter, and nothing of what is too new.
func (b *backfillTest) check(t *testing.T) {
	t.Helper()
	for name, statement := range map[string]string{
		"events":                  fmt.Sprintf("select count(*) = %d and count(distinct event_id) = %[1]d from silver_prices where pair = 'PAST-USD'", pastEvents),
		"records":                 fmt.Sprintf("select count(*) = %d from bronze_prices where topic = 'crypto-prices-backfill' and cast(key as string) = 'PAST-USD'", pastRecords),
		"the dead letter":         "select count(*) = 1 from dead_letter where topic = 'crypto-prices-backfill' and reasons = array('bad_price')",
		"what is too new":         "select count(*) = 0 from bronze_prices where contains(cast(value as string), 'past-new')",
		"windows of the past":     "select count(*) > 0 from gold_price_ma_5m where pair = 'PAST-USD'",
		"ticks of closed windows": "select sum(ticks) = 5 * 40 from gold_price_ma_5m where pair = 'PAST-USD' and window_end < current_timestamp() - interval 9 hours",
	} {
		if got := b.query(statement); got[0][0] != true {
			t.Errorf("%s: %v", name, got)
		}
	}
	newest := b.query("select max(event_time) from silver_prices where pair <> 'PAST-USD'")[0][0].(time.Time)
	if watermark := time.UnixMilli(b.watermark(t, "silver_prices")); watermark.After(newest.Add(-24 * time.Hour)) {
		t.Errorf("Silver's watermark is %s, and the newest live event is of %s", watermark, newest)
	}
}

// watermark is that of a query's last committed batch, milliseconds since 1970; 0 for none.
func (b *backfillTest) watermark(t *testing.T, job string) int64 {
	t.Helper()
	batch, err := checkpoint.Committed(placeOf(b.dir).Checkpoint(job))
	if err != nil {
		return 0
	}
	return batch.WatermarkMs
}

// runsOf is which run each query of a lakehouse is, and how often it was restarted.
func runsOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	runs := map[string]string{}
	for _, q := range jsonStatus(t, dir).Queries {
		if q.State != pipeline.StateRunning {
			t.Errorf("%s is %s", q.Name, q.State)
		}
		runs[q.Name] = fmt.Sprintf("%s, %d restarts", q.RunID, q.Restarts)
	}
	return runs
}
