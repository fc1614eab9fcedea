package backfill

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/cryptostream/lakectl/producer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func at(hour, minute int) time.Time {
	return time.Date(2026, 11, 24, hour, minute, 0, 0, time.UTC)
}

// TestFile takes the first moment of a range and not its last, and leaves out what has no time.
func TestFile(t *testing.T) {
	jsonl := `{"event_id":"a","pair":"BTC-USD","source":"coingecko","price":"1","collected_at":"2026-11-24T10:00:00Z"}
{"event_id":"b","pair":"BTC-USD","source":"binance","price":"broken","collected_at":"2026-11-24T10:30:00+01:00"}
{"event_id":"c","pair":"ETH-USD","source":"coingecko","price":"1","collected_at":"2026-11-24T11:00:00Z"}
{"pair":"ETH-USD","price":"1","collected_at":"2026-11-24T10:59:59.999Z"}
{broken
{"event_id":"d","pair":"BTC-USD","source":"coingecko","collected_at":"12:30:00"}
`
	path := write(t, "quotes.jsonl", jsonl)
	for name, tc := range map[string]struct {
		within Range
		want   Found
		lines  []int64
	}{
		"all": {Range{}, Found{
			Records: 4, NoTime: 2, First: at(9, 30), Last: at(11, 0),
			Sources: map[string][]string{"BTC-USD": {"binance", "coingecko"}, "ETH-USD": {"", "coingecko"}},
		}, []int64{1, 2, 3, 4}},
		"an hour": {Range{at(10, 0), at(11, 0)}, Found{
			Records: 2, Outside: 2, NoTime: 2, First: at(10, 0), Last: at(10, 59).Add(59*time.Second + 999*time.Millisecond),
			Sources: map[string][]string{"BTC-USD": {"coingecko"}, "ETH-USD": {""}},
		}, []int64{1, 4}},
		"nothing": {Range{at(12, 0), time.Time{}}, Found{Outside: 4, NoTime: 2, Sources: map[string][]string{}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Scan(t.Context(), path, tc.within)
			if diff := cmp.Diff(tc.want, got); diff != "" || err != nil {
				t.Errorf("%v %s", err, diff)
			}
			var lines []int64
			err = Read(t.Context(), path, tc.within, func(_ context.Context, m producer.Message) error {
				lines = append(lines, m.Line)
				return nil
			})
			if diff := cmp.Diff(tc.lines, lines); diff != "" || err != nil {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

func TestFileRefused(t *testing.T) {
	for name, text := range map[string]string{"header.csv": "pair,price\n", "row.csv": "pair,collected_at,price,volume_24h\nBTC-USD,yesterday,1,\n", "kind.txt": ""} {
		if _, err := Scan(t.Context(), write(t, name, text), Range{}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
