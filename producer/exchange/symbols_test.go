package exchange_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/fakeexchange"
	"github.com/cryptostream/lakectl/producer"
	"github.com/cryptostream/lakectl/producer/exchange"
)

func TestDefaultSymbols(t *testing.T) {
	var pairs []string
	for _, a := range exchange.DefaultSymbols().Assets {
		pairs = append(pairs, a.BinancePair(), a.CoinGeckoPair())
	}
	want := strings.Fields("BTC-USDT BTC-USD ETH-USDT ETH-USD XRP-USDT XRP-USD BNB-USDT BNB-USD SOL-USDT SOL-USD DOGE-USDT DOGE-USD " +
		"ADA-USDT ADA-USD TRX-USDT TRX-USD LINK-USDT LINK-USD AVAX-USDT AVAX-USD")
	if diff := cmp.Diff(want, pairs); diff != "" {
		t.Error(diff)
	}
}

func TestParseSymbols(t *testing.T) {
	const one = "version: 1\nassets:\n"
	for name, tc := range map[string]struct{ text, want string }{
		"empty":           {"", "f: is empty"},
		"unknown key":     {"version: 1\npears: []\n", "f:2: field pears not found"},
		"unknown key in":  {one + "  - {asset: BTC, binnace: BTCUSDT}\n", "f:3: field binnace not found in type exchange.Asset"},
		"not YAML":        {"version: [", "f:1: did not find expected node content"},
		"wrong type":      {"version: one\n", "f:1: cannot unmarshal"},
		"version":         {"version: 2\nassets:\n  - {asset: BTC, binance: BTCUSDT}\n", "f:1: version is 2; this program reads 1"},
		"none":            {"version: 1\n", "f:1: there are 0 assets"},
		"two mistakes":    {one + "  - {asset: btc, coingecko: bitcoin}\n  - {asset: ETH}\n", "f:3: asset \"btc\" is not 1 to 20 capital letters or digits\nf:4: asset \"ETH\" has no symbol at any source"},
		"other's symbol":  {one + "  - {asset: BTC, binance: ETHUSDT}\n", "f:3: binance \"ETHUSDT\" is not BTC with a quote currency"},
		"no quote":        {one + "  - {asset: BTC, binance: BTC}\n", "f:3: binance \"BTC\" is not BTC with a quote currency"},
		"no id":           {one + "  - {asset: BTC, coingecko: 'bit coin'}\n", "f:3: coingecko \"bit coin\" is not an id"},
		"twice":           {one + "  - {asset: BTC, binance: BTCUSDT}\n  - {asset: BTC, coingecko: bitcoin}\n", "f:4: asset BTC is in the list twice"},
		"two documents":   {one + "  - {asset: BTC, binance: BTCUSDT}\n---\nversion: 1\n", "f: holds more than one YAML document"},
		"same id":         {one + "  - {asset: BTC, coingecko: bitcoin}\n  - {asset: ETH, coingecko: bitcoin}\n", "f:4: coingecko bitcoin is in the list twice"},
		"one source only": {one + "  - {asset: BTC, binance: BTCUSDT}\n  - {asset: ETH, coingecko: ethereum}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := exchange.ParseSymbols("f", []byte(tc.text))
			if tc.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var explained *producer.Error
			if !errors.As(err, &explained) || explained.ExitCode() != 2 || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestRefresh makes a list from the fake's ranking, and reads what it wrote.
func TestRefresh(t *testing.T) {
	fake, url := serve(t, fakeexchange.Options{Unknown: []string{"XRPUSDT"}})
	list, err := exchange.Refresh(t.Context(), exchange.Options{BinanceURL: url, CoinGeckoURL: url}, 6)
	if err != nil {
		t.Fatal(err)
	}
	var assets, left []string
	for _, a := range list.Assets {
		assets = append(assets, a.Asset+" "+a.Binance+" "+a.CoinGecko)
	}
	for _, l := range list.LeftOut {
		left = append(left, l.Asset+": "+l.Reason)
	}
	want := []string{"BTC BTCUSDT bitcoin", "ETH ETHUSDT ethereum", "BNB BNBUSDT binancecoin", "SOL SOLUSDT solana", "DOGE DOGEUSDT dogecoin", "ADA ADAUSDT cardano"}
	if diff := cmp.Diff(want, assets); diff != "" {
		t.Error(diff)
	}
	want = []string{"USDT: stablecoin", "XRP: Binance does not trade XRPUSDT", "USDC: stablecoin", "STETH: Binance does not trade STETHUSDT"}
	if diff := cmp.Diff(want, left); diff != "" {
		t.Error(diff)
	}
	file := filepath.Join(t.TempDir(), "pairs.yaml")
	if err := list.Write(file); err != nil {
		t.Fatal(err)
	}
	again, err := exchange.ReadSymbols(file)
	if diff := cmp.Diff(list, again); diff != "" || err != nil {
		t.Errorf("%s%v", diff, err)
	}
	if between := gaps(slices.Concat(fake.Arrivals(fakeexchange.CoinGecko), fake.Arrivals(fakeexchange.Binance))); slices.Min(between) < 0.45 {
		t.Errorf("requests %v s apart", between)
	}
}

func TestRefreshFails(t *testing.T) {
	_, url := serve(t, fakeexchange.Options{Plan: fakeexchange.Always(fakeexchange.CoinGecko, fakeexchange.Fault{Kind: "html"})})
	_, err := exchange.Refresh(t.Context(), exchange.Options{BinanceURL: url, CoinGeckoURL: url}, 6)
	if err == nil || !strings.Contains(err.Error(), "asking for the ranking") {
		t.Error(err)
	}
	if err := exchange.DefaultSymbols().Write(filepath.Join(t.TempDir(), "no", "folder")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestOptions(t *testing.T) {
	good := exchange.Options{Sources: []string{exchange.Binance}, Interval: 10 * time.Second}
	for name, tc := range map[string]struct {
		change func(*exchange.Options)
		want   string
	}{
		"good":       {func(*exchange.Options) {}, ""},
		"no source":  {func(o *exchange.Options) { o.Sources = nil }, "no exchange is given"},
		"unknown":    {func(o *exchange.Options) { o.Sources = []string{"kraken"} }, `"kraken" is none of the exchanges binance, binance-ws, coingecko`},
		"twice":      {func(o *exchange.Options) { o.Sources = []string{"binance", "binance"} }, "given twice"},
		"impolite":   {func(o *exchange.Options) { o.Interval = time.Second }, "polls of binance are for a server of your own (--binance-url): at least every 5s"},
		"own server": {func(o *exchange.Options) { o.Interval, o.BinanceURL = time.Second, "http://localhost:1" }, ""},
		"half own": {func(o *exchange.Options) {
			o.Interval, o.BinanceURL = time.Second, "http://localhost:1"
			o.Sources = []string{"binance", "coingecko"}
		}, "(--coingecko-url)"},
		"too short":    {func(o *exchange.Options) { o.Interval, o.BinanceURL = 999*time.Millisecond, "http://localhost:1" }, "too short: at least 1s"},
		"stream":       {func(o *exchange.Options) { o.Interval, o.Sources = time.Second, []string{"binance-ws"} }, ""},
		"address":      {func(o *exchange.Options) { o.BinanceURL = "localhost:8089" }, "is not an address like http:// or https://host:port"},
		"password":     {func(o *exchange.Options) { o.BinanceURL = "http://a:b@localhost" }, "is not an address"},
		"ws address":   {func(o *exchange.Options) { o.BinanceStreamURL = "http://x"; o.Sources = []string{"binance-ws"} }, "is not an address like ws:// or wss://host:port"},
		"kind":         {func(o *exchange.Options) { o.CoinGeckoKey, o.CoinGeckoKeyKind = "x", "gold" }, `the kind of a CoinGecko key is demo or pro, not "gold"`},
		"kind, no key": {func(o *exchange.Options) { o.CoinGeckoKeyKind = "pro" }, "but no key"},
		"budget":       {func(o *exchange.Options) { o.CoinGeckoBudget = -1 }, "a budget of -1 calls is not possible"},
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			tc.change(&o)
			_, err := exchange.New(o)
			var explained *producer.Error
			switch {
			case tc.want == "" && err != nil:
				t.Error(err)
			case tc.want != "" && (!errors.As(err, &explained) || explained.ExitCode() != 2 || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("%v", err)
			}
		})
	}
}

// TestDamagedBudget refuses a file that can't be read, rather than forget what was used.
func TestDamagedBudget(t *testing.T) {
	dir := t.TempDir()
	for _, text := range []string{"{", `{"month":"soon","used":1}`, `{"month":"2026-11","used":-1}`} {
		if err := os.WriteFile(filepath.Join(dir, "coingecko-credits.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := exchange.New(exchange.Options{Sources: []string{exchange.CoinGecko}, Interval: time.Minute, StateDir: dir, CoinGeckoBudget: 5})
		if err == nil || !strings.Contains(err.Error(), "can't be read") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
