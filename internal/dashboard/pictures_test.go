package dashboard

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/cryptostream/lakectl/internal/dashboard/browsertest"
)

// TestPictures writes the screenshots of the documentation to the folder named by LAKECTL_PICTURES:
//
//	LAKECTL_PICTURES=docs/images go test -run TestPictures ./internal/dashboard
func TestPictures(t *testing.T) {
	folder := os.Getenv("LAKECTL_PICTURES")
	if folder == "" {
		t.Skip("writes pictures where LAKECTL_PICTURES says")
	}
	if !filepath.IsAbs(folder) {
		folder = filepath.Join("..", "..", folder) // of the repository, as it was typed
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	f := &tables{status: running("binance")}
	f.walk(time.Now().Add(-2*time.Second), 25*time.Hour, 10*time.Second)
	f.deadLetters()
	s := serve(t, f.config())
	b := browsertest.Open(t)
	b.Size(1360, 900)
	b.Scheme("light")
	b.Go(s.URL() + "/?assets=BTC&range=1h")
	b.Await("document.querySelector('#plot canvas') && document.querySelectorAll('#ticks tbody tr').length === 10")
	b.Picture(filepath.Join(folder, "dashboard-light.png"))
	b.Scheme("dark")
	b.Go(s.URL() + "/?assets=BTC,ETH,SOL,DOGE&range=6h")
	b.AwaitFor(2*time.Minute, "document.querySelector('#plot canvas') && document.querySelector('#legend').children.length === 5 && !document.querySelector('#chart-note').textContent")
	b.Run(chromedp.Click(chromedp.CSS("#letters details summary")))
	b.Picture(filepath.Join(folder, "dashboard-compare.png"))
	b.Scheme("light")
	b.Size(390, 844)
	b.Go(s.URL() + "/?assets=ETH&range=15m")
	b.Await("document.querySelector('#plot canvas')")
	b.Picture(filepath.Join(folder, "dashboard-narrow.png"))
}

// deadLetters fills the dead letters with what a check has refused.
func (f *tables) deadLetters() {
	now := time.Now().UTC().Truncate(time.Second)
	f.reasons = [][]any{{[]any{"malformed_json"}, int64(12)}, {[]any{"bad_price", "bad_event_time"}, int64(3)}}
	f.dead = [][]any{
		{int64(0), int64(8123), now, []any{"malformed_json"}, []byte("BTC-USD"), []byte(`{"event_id":"4f1","pair":"BTC-USD","price":`), int64(43)},
		{int64(0), int64(8090), now.Add(-time.Minute), []any{"bad_price", "bad_event_time"}, []byte("ETH-USD"), []byte(`{"event_id":"77a","pair":"ETH-USD","price":"-2930.40","collected_at":"12:30:00"}`), int64(82)},
	}
}
