package backfill

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/producer"
)

func TestCheckMixing(t *testing.T) {
	for name, tc := range map[string]struct {
		source string
		madeUp bool
		want   int
	}{
		"real into real":       {"coingecko", false, exit.OK},
		"replay into real":     {"replay", false, exit.OK},
		"unnamed into real":    {"", false, exit.OK},
		"made up into real":    {"simulated", false, exit.Refused},
		"made up into made up": {"simulated", true, exit.OK},
		"real into made up":    {"coingecko", true, exit.Refused},
		"unnamed into made up": {"", true, exit.Refused},
	} {
		err := CheckMixing(map[string][]string{"BTC-USD": {tc.source}}, tc.madeUp)
		if exit.Code(err) != tc.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLimit never lets through what is as new as the newest event.
func TestLimit(t *testing.T) {
	newest := at(12, 0)
	for name, tc := range map[string]struct {
		within Range
		newest time.Time
		to     time.Time // zero: refused
	}{
		"before it":   {Range{at(10, 0), at(11, 0)}, newest, at(11, 0)},
		"up to it":    {Range{at(10, 0), newest}, newest, newest},
		"beyond it":   {Range{at(10, 0), at(13, 0)}, newest, newest},
		"no end":      {Range{at(10, 0), time.Time{}}, newest, newest},
		"no bounds":   {Range{}, newest, newest},
		"from it on":  {Range{newest, at(13, 0)}, newest, time.Time{}},
		"no newest":   {Range{at(10, 0), at(11, 0)}, time.Time{}, time.Time{}},
		"after it":    {Range{at(12, 30), time.Time{}}, newest, time.Time{}},
		"just before": {Range{newest.Add(-1), time.Time{}}, newest, newest},
	} {
		got, err := Limit(tc.within, tc.newest)
		if tc.to.IsZero() {
			if exit.Code(err) != exit.Refused || exit.Hint(err) == "" {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
			continue
		}
		if err != nil || !got.To.Equal(tc.to) || got.Has(newest) || !got.Has(newest.Add(-1)) && tc.to.Equal(newest) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestCheckOverlap(t *testing.T) {
	some := []Overlap{{"BTC-USD", "binance", 7}, {"ETH-USD", "", 3}, {"C-D", "x", 1}, {"E-F", "y", 1}}
	if err := CheckOverlap(nil, false); err != nil {
		t.Error(err)
	}
	if err := CheckOverlap(some, true); err != nil {
		t.Error(err)
	}
	err := CheckOverlap(some, false)
	if exit.Code(err) != exit.Refused || !strings.Contains(err.Error(), "12 ticks of other sources in the range (BTC-USD from binance, ETH-USD from no source, C-D from x, …)") {
		t.Errorf("got %v", err)
	}
}

func TestSumOf(t *testing.T) {
	if got := fmt.Sprintf("%x", SumOf(producer.Message{Value: []byte("a")})); got != "ca978112ca1bbdcafac231b39a23dc4d" {
		t.Errorf("got %s, and sha256sum says otherwise", got)
	}
}

// TestPending survives a backfill that was cut off, and a damaged file.
func TestPending(t *testing.T) {
	dir := t.TempDir()
	expect := func(what string, want Left, there bool) {
		t.Helper()
		got, left, err := Pending(dir)
		if diff := cmp.Diff(want, got); diff != "" || left != there || err != nil {
			t.Errorf("%s: %v, %v %s", what, left, err, diff)
		}
	}
	expect("nothing yet", Left{}, false)
	first := Left{at(9, 59), map[int32]int64{0: 7}}
	for what, offsets := range []map[int32]int64{{0: 7}, {0: 9}} {
		if err := Begin(dir, at(10+what, 0), offsets); err != nil {
			t.Fatal(err)
		}
		expect("begun", first, true)
	}
	if err := os.WriteFile(filepath.Join(dir, "pending.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect("damaged", Left{}, true)
	for range 2 {
		if err := End(dir); err != nil {
			t.Error(err)
		}
	}
	expect("ended", Left{}, false)
}
