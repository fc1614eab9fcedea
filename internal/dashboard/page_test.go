package dashboard

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/dashboard/browsertest"
)

const drawn = "document.querySelector('#plot').uplot && document.querySelectorAll('#ticks tbody tr').length > 0"

// shown is what the tile and the row of a pair say, exactly.
type shown struct{ Tile, Change, Price, MA, RowChange, Source, At string }

func pairShown(t *testing.T, b *browsertest.Browser, name string) shown {
	t.Helper()
	return browsertest.Script[shown](b, fmt.Sprintf(`(() => {
		const tile = document.querySelector('.tile[data-pair=%[1]q]')
		const row = [...document.querySelectorAll('#ticks tbody tr')].find(r => r.cells[0].textContent === %[1]q)
		const v = e => e?.dataset.value ?? ''
		return {Tile: v(tile?.querySelector('.price')), Change: v(tile?.querySelector('.change')), Price: v(row?.cells[1]), MA: v(row?.cells[2]),
			RowChange: v(row?.cells[3]), Source: row?.cells[4].textContent ?? '', At: v(row?.cells[6])}
	})()`, name))
}

// plotted is the chart's data without times of gaps, and its scales.
type plotted struct {
	X      []float64
	Y, MA  []*float64
	Min    float64
	Max    float64
	Labels []string
}

func plot(b *browsertest.Browser) plotted {
	return browsertest.Script[plotted](b, `(() => {
		const u = document.querySelector('#plot').uplot
		return {X: u.data[0], Y: u.data[1], MA: u.data[2], Min: u.scales.x.min, Max: u.scales.x.max, Labels: u.axes[1]._values}
	})()`)
}

// TestPage looks at the page as a viewer does: numbers, chart, what is pushed, choices, keyboard.
func TestPage(t *testing.T) {
	f := &tables{status: running("binance")}
	newest := time.Now().Add(-3 * time.Second).Truncate(time.Millisecond)
	f.walk(newest, 3*time.Hour, 10*time.Second)
	f.deadLetters()
	s := serve(t, f.config())
	b := browsertest.Open(t)
	b.Size(1360, 1000)
	b.Go(s.URL())
	b.Await(drawn)

	t.Run("numbers", func(t *testing.T) {
		b.For(t)
		want, err := newNumbers(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range assets {
			b.Await(fmt.Sprintf("document.querySelector('.tile[data-pair=%q] .change')?.dataset.value", a.pair))
			if diff := cmp.Diff(want[a.pair], pairShown(t, b, a.pair)); diff != "" {
				t.Errorf("%s: %s", a.pair, diff)
			}
		}
		b.Text(".tile[data-base=BTC] .name", "Bitcoin")
		b.Text("#pill", "Live")
		b.Text("#reasons", "12 malformed_json")
		b.Text("#vitals", "binance")
		b.Text("#queries", "gold_price_hourly")
	})
	t.Run("chart", func(t *testing.T) {
		b.For(t)
		p := plot(b)
		if n := len(p.X); n < 355 || n > 365 {
			t.Errorf("%d points in an hour of a tick each 10 s", n)
		}
		last := p.Y[len(p.Y)-1]
		if want := pairShown(t, b, "BTC-USDT").Price; last == nil || fmt.Sprintf("%.2f", *last) != fmt.Sprintf("%.2f", number(t, want)) {
			t.Errorf("the line ends at %v, the price is %s", last, want)
		}
		off := browsertest.Script[string](b, "document.querySelector('#legend div:last-child dd').dataset.value")
		if seen := pairShown(t, b, "BTC-USDT"); off != change(seen.Price, seen.MA) {
			t.Errorf("the price is %s %% off its average, not %s", change(seen.Price, seen.MA), off)
		}
		if p.Max-p.Min != 3_600_000 || p.MA[len(p.MA)-1] == nil {
			t.Errorf("x from %f to %f, last average %v", p.Min, p.Max, p.MA[len(p.MA)-1])
		}
	})
	t.Run("push", func(t *testing.T) {
		b.For(t)
		before := plot(b).Max
		at := time.Now()
		f.change(func() { f.add(at, "BTC-USDT", "binance", "12345.678901234567890123") })
		b.Await("document.querySelector('.tile[data-base=BTC] .price').dataset.value === '12345.678901234567890123'")
		t.Logf("a tick was on the page after %s", time.Since(at))
		b.Text(".tile[data-base=BTC] .price", "12,345.678901234567890123")
		b.Await("document.querySelector('#plot').uplot.data[1].at(-1) === 12345.678901234567")
		if after := plot(b).Max; after <= before {
			t.Errorf("the chart ends at %f after a new tick, at %f before", after, before)
		}
		f.change(func() { f.add(at.Add(time.Millisecond), "BTC-USDT", "binance", "85000") })
		b.Await("document.querySelector('.tile[data-base=BTC] .price').dataset.value === '85000'")
	})
	t.Run("choices", func(t *testing.T) {
		b.For(t)
		b.Run(chromedp.Click(chromedp.CSS(".tile[data-base=PEPE]")))
		b.Text("#chart-title", "Pepe")
		b.Await("document.querySelector('#legend [data-value]')?.dataset.value === document.querySelector('.tile[data-base=PEPE] .price').dataset.value")
		if labels := plot(b).Labels; !strings.HasPrefix(labels[0], "0.0000") {
			t.Errorf("labels of an axis around 0.0000123: %v", labels)
		}
		b.Run(chromedp.Click(chromedp.CSS("#compare")), chromedp.Click(chromedp.CSS(".tile[data-base=BTC]")))
		b.Text("#chart-title", "2 assets compared")
		b.Await("document.querySelector('#plot').uplot.series.length === 3 && document.querySelector('#plot').uplot.data[1].find(v => v != null) === 100")
		if address := browsertest.Script[string](b, "location.search"); address != "?assets=BTC,PEPE&range=1h" {
			t.Errorf("the address says %s", address)
		}
		b.Run(chromedp.Click(chromedp.CSS("#indexed")))
		b.Await("document.querySelector('#plot').uplot.data[1].find(v => v != null) > 1000")
		b.Run(chromedp.Click(chromedp.CSS("#compare")))
		b.Text("#chart-title", "Bitcoin")
		b.Run(chromedp.Click(chromedp.CSS("input[value='15m']")))
		b.Await("document.querySelector('#plot').uplot.scales.x.max - document.querySelector('#plot').uplot.scales.x.min === 900000")
	})
	t.Run("zoom and keyboard", func(t *testing.T) {
		b.For(t)
		box := browsertest.Script[struct{ X, Y, Width, Height float64 }](b, "(() => { const r = document.querySelector('.u-over').getBoundingClientRect(); return {X: r.x, Y: r.y, Width: r.width, Height: r.height} })()")
		b.Run(chromedp.DragAndDropXY(box.X+box.Width/4, box.Y+box.Height/2, box.X+box.Width/2, box.Y+box.Height/2))
		b.Await("!document.querySelector('#unzoom').hidden && Math.abs(document.querySelector('#plot').uplot.scales.x.max - document.querySelector('#plot').uplot.scales.x.min - 225000) < 20000")
		b.Run(chromedp.Focus(chromedp.CSS("#plot")), chromedp.KeyEvent("0"))
		b.Await("document.querySelector('#unzoom').hidden && document.querySelector('#plot').uplot.scales.x.max - document.querySelector('#plot').uplot.scales.x.min === 900000")
		b.Run(chromedp.KeyEvent("+"))
		b.Await("!document.querySelector('#unzoom').hidden && document.querySelector('#plot').uplot.data[0].length < 60")
		b.Run(chromedp.KeyEvent("-"))
		b.Await("document.querySelector('#unzoom').hidden && document.querySelector('#plot').uplot.scales.x.max - document.querySelector('#plot').uplot.scales.x.min === 900000")
		b.Run(chromedp.KeyEvent(kb.Home), chromedp.KeyEvent(kb.ArrowRight))
		b.Await("document.querySelector('#plot').uplot.cursor.idx === 1")
		b.Text("#plot-said", "BTC-USDT")
	})
	t.Run("accessible", func(t *testing.T) {
		b.For(t)
		for _, scheme := range []string{"light", "dark"} {
			b.Scheme(scheme)
			b.Accessible(scheme)
		}
		b.Size(360, 740)
		b.Accessible("narrow")
		if wide := browsertest.Script[int](b, "document.documentElement.scrollWidth"); wide > 360 {
			t.Errorf("the page is %d wide on a screen of 360", wide)
		}
	})
	b.For(t)
	b.Quiet()
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	var n float64
	if _, err := fmt.Sscan(text, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// newNumbers is what the page must show of each pair, from all rows.
func newNumbers(f *tables) (map[string]shown, error) {
	rows, err := readRows(f.silver)
	if err != nil {
		return nil, err
	}
	averages, changes := naive(rowsBetween(rows, rows[len(rows)-1].at-2*recent.Microseconds(), rows[len(rows)-1].at))
	all := map[string]shown{}
	for _, r := range rows {
		all[r.pair] = shown{
			Tile: r.price, Price: r.price, Change: changes[r.pair], RowChange: changes[r.pair], Source: r.source,
			MA: averages[fmt.Sprint(r.pair, r.part, r.offset)], At: fmt.Sprint(millis(r.at)),
		}
	}
	return all, nil
}

// TestStates shows what is going on, in each state, and goes on by itself.
func TestStates(t *testing.T) {
	f := &tables{status: Status{State: Starting, Source: Source{Name: "auto", StandIn: true}}}
	s := serve(t, f.config())
	b := browsertest.Open(t)
	b.Go(s.URL())
	b.Text("#banner", "starting")
	b.Text("#stand-in", "Simulated prices")
	b.Accessible("starting")

	f.change(func() { f.status = running("binance") })
	b.Text("#pill", "No data yet")
	b.Text("#banner", "wait for the first quote")

	f.change(func() { f.walk(time.Now(), time.Minute, 10*time.Second) })
	b.Text("#pill", "Live")
	b.Await(drawn)
	b.Await("document.querySelector('#banner').hidden")

	f.change(func() { f.failure = errors.New("connect to spark at 127.0.0.1:1: connection refused") })
	b.Text("#pill", "Spark is away")
	b.Text("#banner", "connection refused")
	b.Accessible("away")
	f.change(func() {
		f.failure = nil
		f.add(time.Now(), "BTC-USDT", "binance", "77777.7")
	})
	b.Text("#pill", "Live")
	b.Text(".tile[data-base=BTC] .price", "77,777.70")

	status := func(change func(*Status)) {
		f.change(func() {
			f.status = running("binance")
			change(&f.status)
		})
	}
	status(func(s *Status) {
		s.Source.TakenAt, s.Source.Pace = time.Now().Add(-5*time.Minute), 10*time.Second
		s.Source.Error = "data-api.binance.vision answers 502 Bad Gateway"
	})
	b.Text("#pill", "Source down")
	b.Text("#banner", "502 Bad Gateway")
	status(func(s *Status) { s.Source.KafkaUp, s.Source.Waiting = false, 30 })
	b.Text("#pill", "Kafka is down")
	status(func(s *Status) {
		for i := range s.Queries {
			s.Queries[i].Healthy, s.Queries[i].State, s.Queries[i].LastError = false, "restarting", "[STREAM_FAILED] it <b>broke</b>\nat java"
		}
	})
	b.Text("#pill", "starting again")
	b.Text("#queries", "it <b>broke</b>")
	status(func(s *Status) { s.Queries[0].CatchingUp = true })
	b.Text("#pill", "Catching up")
	status(func(s *Status) { s.Source.Ended = true })
	b.Text("#pill", "has ended")
	status(func(s *Status) { s.State = Stopping })
	b.Text("#pill", "Stopping")
	status(func(s *Status) { s.State = Stopped })
	b.Text("#banner", "goes on where it ended")
	status(func(*Status) {})
	b.Text("#pill", "Live")
	b.Quiet()
}

// TestStale tells old prices from new ones, and a replay of the past from both.
func TestStale(t *testing.T) {
	f := &tables{status: running("binance")}
	f.walk(time.Now().Add(-10*time.Minute), 2*time.Hour, 30*time.Second)
	s := serve(t, f.config())
	b := browsertest.Open(t)
	b.Go(s.URL() + "/?pair=NOPE-USD<script>&range=9999y")
	b.Text("#pill", "Stale")
	b.Text(".tile .age", "10 min ago")
	b.Await(drawn)
	b.Text("#chart-note", "There is no range 9999y")
	b.Go(s.URL() + "/?pair=NOPE-USD<script>")
	b.Text("#chart-note", "There is no NOPE-USD<script> here")

	past := &tables{status: running("replay")}
	s = serve(t, past.config())
	address := s.URL()
	b.Go(address)
	b.Text("#pill", "No data yet")
	past.change(func() { past.walk(time.Date(2022, 1, 3, 12, 0, 0, 0, time.UTC), 2*time.Hour, 30*time.Second) })
	b.Text("#pill", "Replay")
	b.Await(drawn)
	b.Text(".tile .age", "2022-01-03 12:00")
	f = &tables{status: running("replay")}
	f.walk(time.Date(2022, 1, 3, 12, 0, 0, 0, time.UTC), 4*time.Hour, 30*time.Second)
	f.add(time.Date(2022, 1, 3, 9, 30, 0, 0, time.UTC), "OLD-USD", "replay", "7")
	s = serve(t, f.config())
	b.Go(s.URL())
	b.Await("[...document.querySelectorAll('#ticks tbody tr')].find(r => r.cells[0].textContent === 'OLD-USD')?.cells[2].dataset.value === '7.000000000000000000'")
	b.Go(address)
	b.Await(drawn)
	if n := len(plot(b).X); n != 120 {
		t.Errorf("%d points of the last hour of the replay", n)
	}
	b.Quiet()
}

// TestHostile shows what others have written as text, whatever it is.
func TestHostile(t *testing.T) {
	const evil = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`
	f := &tables{status: running(evil)}
	f.status.Queries[0].LastError = evil
	f.add(time.Now(), "<B>BTC\u202e-"+"USD", evil, "1")
	f.reasons = [][]any{{[]any{evil}, int64(1)}}
	f.dead = [][]any{{int64(0), int64(1), time.Now().UTC(), []any{evil}, []byte(evil), append([]byte(evil+"\u202e\u200b"), 0xff, 0), int64(9)}}
	s := serve(t, f.config())
	b := browsertest.Open(t)
	b.Go(s.URL())
	b.Await(drawn)
	b.Text("#ticks", evil)
	b.Text("#ticks", "<B>BTC⟨U+202E⟩-USD")
	b.Text("#queries", evil)
	b.Text("#reasons", evil)
	b.Run(chromedp.Click(chromedp.CSS("#letters summary")))
	b.Text("#letters pre", "⟨U+202E⟩⟨U+200B⟩")
	b.Text("#letters .hex", "3c 69 6d 67")
	if title := browsertest.Script[string](b, "document.title"); title != "CryptoStream Lakehouse" {
		t.Errorf("the title is %q", title)
	}
	if n := browsertest.Script[int](b, "document.querySelectorAll('main img, main script, main b').length"); n != 0 {
		t.Errorf("%d elements were made of text", n)
	}
	b.Quiet()
}

// TestReconnect goes on after lakectl was away, on the same address.
func TestReconnect(t *testing.T) {
	f := &tables{status: running("binance")}
	f.walk(time.Now(), 10*time.Minute, 10*time.Second)
	s := start(t, f.config(), "127.0.0.1:0")
	b := browsertest.Open(t)
	b.Go(s.URL())
	b.Await(drawn)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Text("#pill", "Not connected")
	f.change(func() { f.add(time.Now(), "BTC-USDT", "binance", "55555.5") })
	s = start(t, f.config(), s.address)
	b.Text("#pill", "Live")
	b.Text(".tile[data-base=BTC] .price", "55,555.50")

	see := func(hidden bool) {
		browsertest.Script[bool](b, fmt.Sprintf("Object.defineProperty(document, 'hidden', {value: %t, configurable: true}); document.dispatchEvent(new Event('visibilitychange'))", hidden))
	}
	see(true)
	s.unwatched(t)
	f.change(func() { f.add(time.Now(), "BTC-USDT", "binance", "66666.6") })
	see(false)
	b.Text(".tile[data-base=BTC] .price", "66,666.60")
	b.Text("#pill", "Live")
}
