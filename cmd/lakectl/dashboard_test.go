package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/dashboard/browsertest"
)

// TestDashboard looks at a real lakehouse in a real browser: the page agrees with lakectl query, shows that
// Spark was killed, and goes on when it is back. A replay of the past stands still when it has ended, so
// that both can be asked for the same moment.
func TestDashboard(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a real Kafka, Spark and browser")
	}
	dir := t.TempDir()
	file, lines := replayFile(t)
	startRun(t, dir, "--source", "replay", "--file", file, "--speed", "max")
	address := jsonStatus(t, dir).Dashboard
	b := browsertest.Open(t)
	b.Go(address + "/?assets=BTC&range=6h")
	await(t, "all records in Silver and in the dead letters", func() bool {
		s := jsonStatus(t, dir)
		return s.rowsOf("silver_prices") >= lines && s.rowsOf("dead_letter") >= lines
	})
	b.AwaitFor(4*time.Minute, "document.querySelector('#pill').innerText.includes('has ended')")
	b.AwaitFor(4*time.Minute, "document.querySelector('#reasons').innerText.includes('bad_price')")
	b.AwaitFor(4*time.Minute, "document.querySelector('#chart-note').innerText.includes('BTC-USDT')")
	agrees(t, dir, b)
	lineAgrees(t, dir, address)
	b.Text("#reasons", "2 bad_price")
	b.Text("#reasons", "1 malformed_json")
	b.Quiet()

	killServer(t, dir, "spark")
	b.AwaitFor(4*time.Minute, "/Spark is away|starting again/.test(document.querySelector('#pill').innerText)")
	b.AwaitFor(4*time.Minute, "document.querySelector('#pill').innerText.includes('has ended')")
	await(t, "the views in the new Spark", func() bool { return jsonStatus(t, dir).Healthy })
	agrees(t, dir, b)

	other := serveOther(t, dir)
	if text := must(t, "status", "--data-dir", dir); !strings.Contains(text, "dashboard "+address) {
		t.Errorf("status does not name %s:\n%s", address, text)
	}
	b.Go(other)
	agrees(t, dir, b)
	must(t, "stop", "--now", "--data-dir", dir)
	b.AwaitFor(time.Minute, "document.querySelector('#pill').innerText.includes('Stopped')")
}

// replayFile writes three hours of ticks that end with another quote of Bitcoin, and three records that a
// check refuses. It returns how many records there are.
func replayFile(t *testing.T) (path string, lines int64) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "ticks.jsonl")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(out)
	random := rand.New(rand.NewPCG(3, 5))
	start := time.Date(2026, 11, 20, 22, 30, 0, 0, time.UTC)
	line := func(pair, price string, at time.Time) {
		lines++
		fmt.Fprintf(w, `{"event_id":"%d","pair":%q,"source":"binance","price":%q,"volume_24h":"1234567.89","quoted_at":%q,"collected_at":%q}`+"\n",
			lines, pair, price, at.Format(time.RFC3339Nano), at.Format(time.RFC3339Nano))
	}
	for step := range 1080 {
		at := start.Add(time.Duration(step)*10*time.Second + time.Duration(random.IntN(900))*time.Millisecond)
		bitcoin := "BTC-USDT"
		if step > 700 {
			bitcoin = "BTC-USD"
		}
		line(bitcoin, fmt.Sprintf("%d.%02d", 80_000+random.IntN(9000), random.IntN(100)), at)
		line("ETH-USDT", fmt.Sprintf("%d.%018d", 2900+random.IntN(90), random.Int64N(1e18)), at)
		line("PEPE-USDT", fmt.Sprintf("0.0000%04d", 1000+random.IntN(500)), at)
	}
	line("ETH-USDT", "-1", start)
	line("ETH-USDT", "<script>alert(1)</script>", start)
	lines++
	fmt.Fprintln(w, `{"event_id":`)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return path, lines
}

// figures are what is shown of a pair; decimals as the tables have them, "" for what is not there.
type figures struct {
	Price, MA, Change, Source string
	At                        int64
}

// agrees compares the page with the views.
func agrees(t *testing.T, dir string, b *browsertest.Browser) {
	t.Helper()
	b.AwaitFor(4*time.Minute, "(rows => rows.length === 4 && rows.every(r => r.cells[2].dataset.value))([...document.querySelectorAll('#ticks tbody tr')])")
	var rows []struct {
		Pair      string
		Price, MA string
		Change    *string
		Source    string
		At        time.Time
	}
	answer := must(t, "query", "-o", "json", "--data-dir", dir, `select l.pair, l.price, l.source, l.event_time as at, m.ma_5m as ma, h.change_pct as change
		from v_latest_price l join v_price_vs_ma m on m.pair = l.pair and m.event_time = l.event_time left join v_hourly_change h on h.pair = l.pair`)
	if err := json.Unmarshal([]byte(answer), &rows); err != nil {
		t.Fatal(err)
	}
	want, changes := map[string]figures{}, 0
	for _, r := range rows {
		f := figures{Price: r.Price, MA: r.MA, Source: r.Source, At: r.At.UnixMilli()}
		if r.Change != nil {
			f.Change = *r.Change
			changes++
		}
		want[r.Pair] = f
	}
	if len(want) != 4 || changes < 2 {
		t.Fatalf("the views have %d pairs and %d changes: %s", len(want), changes, answer)
	}
	got := browsertest.Script[map[string]figures](b, `Object.fromEntries([...document.querySelectorAll('#ticks tbody tr')].map(r => {
		const v = i => r.cells[i].dataset.value ?? ''
		return [r.cells[0].textContent, {Price: whole(v(1)), MA: v(2), Change: v(3), Source: r.cells[4].textContent, At: Number(v(6))}]
		function whole(price) { const [a, b = ''] = price.split('.'); return a + '.' + b.padEnd(18, '0') }
	}))`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table against the views: %s", diff)
	}
	tiles := browsertest.Script[map[string][]string](b, `Object.fromEntries([...document.querySelectorAll('.tile')].map(e => [e.dataset.pair, [e.querySelector('.price').dataset.value, e.querySelector('.change').dataset.value]]))`)
	if len(tiles) != 3 || tiles["BTC-USD"] == nil {
		t.Errorf("tiles %v: one per asset, Bitcoin's of the pair that ticks", tiles)
	}
	for pair, shown := range tiles {
		if whole := want[pair].Price; !strings.HasPrefix(whole, shown[0]) || strings.Trim(strings.TrimPrefix(whole, shown[0]), ".0") != "" || shown[1] != want[pair].Change {
			t.Errorf("tile of %s: %v, want %v", pair, shown, want[pair])
		}
	}
}

// lineAgrees compares each point of a line over both of Bitcoin's pairs with v_price_vs_ma.
func lineAgrees(t *testing.T, dir, address string) {
	t.Helper()
	var view []struct {
		Pair, Price, MA string
		At              time.Time
	}
	answer := must(t, "query", "-o", "json", "--data-dir", dir, `select pair, event_time as at, price, ma_5m as ma from v_price_vs_ma where pair like 'BTC-%'`)
	if err := json.Unmarshal([]byte(answer), &view); err != nil {
		t.Fatal(err)
	}
	type point struct{ Pair, Price, MA string }
	want := map[int64]point{}
	for _, r := range view {
		want[r.At.UnixMilli()] = point{r.Pair, strings.TrimSuffix(strings.TrimRight(r.Price, "0"), "."), r.MA}
	}
	var lines struct {
		Lines []struct {
			Pairs     []string
			Pair      []int
			At        []int64
			Price, MA []string
		}
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	await(t, "three hours of history", func() bool {
		response, err := client.Get(address + "/api/lines?bases=BTC&range=6h")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(body, &lines); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		return len(lines.Lines) == 1 && len(lines.Lines[0].At) > 700
	})
	line := lines.Lines[0]
	for i, at := range line.At {
		if got := (point{line.Pairs[line.Pair[i]], line.Price[i], line.MA[i]}); got != want[at] {
			t.Errorf("point of %s is %v, the view has %v", time.UnixMilli(at).UTC(), got, want[at])
		}
	}
	if pairs := strings.Join(line.Pairs, " "); pairs != "BTC-USD BTC-USDT" {
		t.Errorf("the line is of %s", pairs)
	}
}

// serveOther serves the lakehouse's page by another process, behind a token, and returns its address.
func serveOther(t *testing.T, dir string) string {
	t.Helper()
	cmd := lakectl(t, "dashboard", "-o", "json", "--data-dir", dir, "--addr", "127.0.0.1:0")
	cmd.Env = append(cmd.Env, dashboardToken+"=a token for the test")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("lakectl dashboard: %v", err)
		}
	})
	var said struct{ URL string }
	if err := json.NewDecoder(out).Decode(&said); err != nil {
		t.Fatal(err)
	}
	return said.URL + "?token=" + url.QueryEscape("a token for the test")
}
