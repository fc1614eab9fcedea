package dashboard

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/dashboard/browsertest"
)

// TestSpeed measures the page and reports; it holds nothing against a busy machine. It runs as long as
// LAKECTL_MEASURE says:
//
//	LAKECTL_MEASURE=30m go test -v -timeout 40m -run TestSpeed ./internal/dashboard
func TestSpeed(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("LAKECTL_MEASURE"))
	if err != nil {
		t.Skip("measures as long as LAKECTL_MEASURE says")
	}
	f := &tables{status: running("binance")}
	begin := time.Now()
	f.walk(begin.Add(-24*time.Hour), 0, 10*time.Second)
	f.status.Source.Name = "replay" // so that the past is read
	s := serve(t, f.config())
	b := browsertest.Open(t)
	b.Size(1360, 900)
	b.Go(s.URL() + "/?assets=BTC,ETH,XRP,BNB,SOL,DOGE,ADA,TRX,LINK,PEPE&range=24h")
	b.Await(drawn)
	f.change(func() { f.walk(begin, 24*time.Hour-10*time.Second, 10*time.Second) })
	b.Await("document.querySelector('#plot').uplot.data[0].length > 10000")

	var paints, draws []float64
	for range 7 {
		b.Go(s.URL() + "/?assets=BTC,ETH,XRP,BNB,SOL,DOGE,ADA,TRX,LINK,PEPE&range=24h")
		b.Await("document.querySelector('#plot').uplot && document.querySelector('#plot').uplot.data[0].length > 10000")
		paints = append(paints, browsertest.Script[float64](b, "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1"))
		draws = append(draws, browsertest.Script[float64](b, `(async () => {
			const u = document.querySelector('#plot').uplot
			const began = performance.now()
			u.setData(u.data)
			await new Promise(done => queueMicrotask(done))
			u.ctx.getImageData(0, 0, 1, 1) // what is drawn is drawn when it can be read
			return performance.now() - began
		})()`))
	}
	slices.Sort(paints)
	slices.Sort(draws)
	t.Logf("first contentful paint %.0f ms (%.0f to %.0f)", paints[3], paints[0], paints[6])
	t.Logf("24 hours of ten pairs, %d points: drawn in %.0f ms (%.0f to %.0f)",
		browsertest.Script[int](b, "document.querySelector('#plot').uplot.data[0].length"), draws[3], draws[0], draws[6])

	b.Go(s.URL() + "/?assets=BTC&range=1h")
	b.Await(drawn)
	before := b.Metrics()
	began := time.Now()
	ticker := time.NewTicker(2 * time.Second) // a batch of Silver
	defer ticker.Stop()
	for n := 0; time.Since(began) < length; n++ {
		<-ticker.C
		f.change(func() {
			for _, a := range assets {
				f.add(time.Now(), a.pair, "binance", fmt.Sprintf("%.*f", a.decimals, a.price*(1+0.001*float64(n%7))))
			}
		})
	}
	after := b.Metrics()
	t.Logf("a push of ten ticks each 2 s for %s: %.1f %% of a core, heap from %.1f to %.1f MB, %.0f to %.0f nodes", time.Since(began).Round(time.Second),
		100*(after["TaskDuration"]-before["TaskDuration"])/time.Since(began).Seconds(), before["JSHeapUsedSize"]/1e6, after["JSHeapUsedSize"]/1e6, before["Nodes"], after["Nodes"])
}
