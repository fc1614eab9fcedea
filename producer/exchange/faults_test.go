package exchange_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/cryptostream/lakectl/internal/fakeexchange"
	"github.com/cryptostream/lakectl/producer/exchange"
)

// TestFaults has each fault of each API on a real connection: its name in the metric, and one line of
// log that names it.
func TestFaults(t *testing.T) {
	kinds := map[string]exchange.Kind{
		"429": exchange.KindRateLimited, "418": exchange.KindBanned, "451": exchange.KindRestricted,
		"403": exchange.KindForbidden, "500": exchange.KindServer,
		"503": exchange.KindServer, "html": exchange.KindContentType, "empty": exchange.KindEmpty,
		"malformed": exchange.KindMalformed, "cut": exchange.KindNetwork, "drip": exchange.KindTimeout,
		"endless": exchange.KindTooLarge, "bomb": exchange.KindTooLarge, "reset": exchange.KindNetwork,
		"redirect": exchange.KindRedirect,
	}
	for fault, kind := range kinds {
		for _, source := range []string{exchange.Binance, exchange.CoinGecko} {
			t.Run(source+" "+fault, func(t *testing.T) {
				t.Parallel()
				_, url := serve(t, fakeexchange.Options{Plan: fakeexchange.Always("", fakeexchange.Fault{Kind: fault})})
				downBy(t, exchange.Options{Sources: []string{source}, Interval: 4 * time.Second, BinanceURL: url, CoinGeckoURL: url}, kind)
			})
		}
	}
}

// downBy expects that a source is down at once, for a reason.
func downBy(t *testing.T, o exchange.Options, kind exchange.Kind) string {
	t.Helper()
	log, logger := logTo(slog.LevelInfo)
	registry := prometheus.NewPedanticRegistry()
	o.Log = logger
	source, events, stop := run(t, o, registry)
	line := log.await(t, "source is down")
	stop()
	if !strings.Contains(line, "kind="+string(kind)+" ") {
		t.Errorf("not %s: %s", kind, line)
	}
	if more := log.all(); len(more) > 0 {
		t.Errorf("it says more: %q", more)
	}
	if got := drain(events); len(got) > 0 {
		t.Errorf("quotes: %v", got)
	}
	if source.Using() != "" {
		t.Errorf("quotes come from %q", source.Using())
	}
	wanted := `# HELP lakectl_producer_errors_total What went wrong with a source, polls and single quotes, by kind.
# TYPE lakectl_producer_errors_total counter
lakectl_producer_errors_total{kind="` + string(kind) + `",source="` + o.Sources[0] + "\"} 1\n"
	if err := testutil.GatherAndCompare(registry, strings.NewReader(wanted), "lakectl_producer_errors_total"); err != nil {
		t.Error(err)
	}
	t.Log(line)
	return line
}

func TestStreamFaults(t *testing.T) {
	for fault, kind := range map[string]exchange.Kind{
		"429": exchange.KindRateLimited, "451": exchange.KindRestricted, "500": exchange.KindServer, "html": exchange.KindHTTP,
		"reset": exchange.KindNetwork, "close": exchange.KindNetwork, "malformed": exchange.KindMalformed, "shutdown": exchange.KindNetwork,
		"redirect": exchange.KindRedirect,
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			_, url := serve(t, fakeexchange.Options{TickEvery: 50 * time.Millisecond, Plan: fakeexchange.Always(fakeexchange.Stream, fakeexchange.Fault{Kind: fault})})
			o := exchange.Options{Sources: []string{exchange.BinanceWS}, Interval: 10 * time.Second, BinanceStreamURL: "ws" + strings.TrimPrefix(url, "http")}
			downBy(t, o, kind)
		})
	}
}

// TestUnreachable is about servers that are not there, or are somebody else.
func TestUnreachable(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, tc := range map[string]struct {
		url  string
		kind exchange.Kind
	}{
		"unknown authority": {secure.URL, exchange.KindTLS},
		"no TLS":            {"https" + strings.TrimPrefix(plain.URL, "http"), exchange.KindTLS},
		"no such host":      {"http://exchange.invalid", exchange.KindDNS},
		"refused":           {gone.URL, exchange.KindNetwork},
		"not found":         {plain.URL, exchange.KindHTTP},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			downBy(t, exchange.Options{Sources: []string{exchange.Binance}, Interval: 5 * time.Second, BinanceURL: tc.url}, tc.kind)
			ws := "ws" + strings.TrimPrefix(tc.url, "http")
			downBy(t, exchange.Options{Sources: []string{exchange.BinanceWS}, Interval: 5 * time.Second, BinanceStreamURL: ws}, tc.kind)
		})
	}
}

// TestOneQuoteOnly is about faults of one quote: the others go on, and it is said once when it begins
// and once when it ends.
func TestOneQuoteOnly(t *testing.T) {
	for _, source := range []string{exchange.Binance, exchange.CoinGecko, exchange.BinanceWS} {
		for fault, kind := range map[string]exchange.Kind{"null": exchange.KindBadQuote, "missing": exchange.KindMissing} {
			if source == exchange.BinanceWS && fault == "missing" {
				continue // TestStreamMissing
			}
			t.Run(source+" "+fault, func(t *testing.T) {
				t.Parallel()
				fake, url := serve(t, fakeexchange.Options{TickEvery: 100 * time.Millisecond, Plan: fakeexchange.Always("", fakeexchange.Fault{Kind: fault})})
				log, logger := logTo(slog.LevelInfo)
				_, events, stop := run(t, exchange.Options{
					Sources: []string{source}, Interval: time.Second, BinanceURL: url, CoinGeckoURL: url,
					BinanceStreamURL: "ws" + strings.TrimPrefix(url, "http"), Log: logger,
				})
				line := log.await(t, "no quote of a pair")
				if !strings.Contains(line, "kind="+string(kind)) || !strings.Contains(line, "pair=BTC-USD") {
					t.Error(line)
				}
				for range 18 { // of two polls
					if e := <-events; strings.HasPrefix(e.Pair, "BTC") {
						t.Errorf("a quote of %v", e)
					}
				}
				fake.Misbehave(nil)
				log.await(t, "quotes of a pair again")
				stop()
				if lines := log.all(); len(lines) > 0 {
					t.Errorf("it says more: %q", lines)
				}
			})
		}
	}
}

// TestKeyStaysSecret has a server that shows the key it was sent.
func TestKeyStaysSecret(t *testing.T) {
	_, url := serve(t, fakeexchange.Options{DemoKey: "CG-another"})
	line := downBy(t, exchange.Options{
		Sources: []string{exchange.CoinGecko}, Interval: time.Second, CoinGeckoURL: url, StateDir: t.TempDir(),
		CoinGeckoKey: "CG-very-secret",
	}, exchange.KindUnauthorized)
	if strings.Contains(line, "very-secret") || !strings.Contains(line, "***") {
		t.Error(line)
	}
}

func TestProbe(t *testing.T) {
	for name, tc := range map[string]struct{ binance, gecko, want string }{
		"first":   {"", "drip", "binance"},
		"second":  {"451", "", "coingecko"},
		"neither": {"html", "drip", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, binance := serve(t, fakeexchange.Options{Plan: fakeexchange.Always("", fakeexchange.Fault{Kind: tc.binance})})
			_, gecko := serve(t, fakeexchange.Options{Plan: fakeexchange.Always("", fakeexchange.Fault{Kind: tc.gecko})})
			source, err := exchange.New(exchange.Options{
				Sources: []string{exchange.Binance, exchange.CoinGecko}, Interval: time.Second, BinanceURL: binance, CoinGeckoURL: gecko,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer source.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			got, err := source.Probe(ctx)
			if got != tc.want || (err == nil) != (tc.want != "") {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}
