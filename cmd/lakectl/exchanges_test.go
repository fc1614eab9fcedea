package main

import (
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/fakeexchange"
)

// TestSettle is what --source auto becomes for a local run, and where its data goes.
func TestSettle(t *testing.T) {
	t.Chdir(t.TempDir())
	good := httptest.NewServer(fakeexchange.New(fakeexchange.Options{}))
	t.Cleanup(good.Close)
	bad := httptest.NewServer(fakeexchange.New(fakeexchange.Options{Plan: fakeexchange.Always("", fakeexchange.Fault{Kind: "451"})}))
	t.Cleanup(bad.Close)
	for name, tc := range map[string]struct {
		source, binance, gecko string
		brokers                []string
		told                   string // by the parent of a detached run
		want                   contents
		dir                    string
	}{
		"answers":         {"auto", good.URL, bad.URL, nil, "", live, ".lakectl"},
		"the second does": {"auto", bad.URL, good.URL, nil, "", live, ".lakectl"},
		"none does":       {"auto", bad.URL, bad.URL, nil, "", simulated, ".lakectl-simulated"},
		"other Kafka":     {"auto", bad.URL, bad.URL, []string{"kafka:9092"}, "", live, ".lakectl"},
		"named":           {"binance", bad.URL, bad.URL, nil, "", live, ".lakectl"},
		"simulated":       {"simulated", bad.URL, bad.URL, nil, "", simulated, ".lakectl"},
		"told live":       {"auto", bad.URL, bad.URL, nil, "live", live, ".lakectl"},
		"told simulated":  {"auto", good.URL, good.URL, nil, "simulated", simulated, ".lakectl-simulated"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.told != "" {
				t.Setenv(autoVariable, tc.told)
			}
			o := runOptions{feed: feedOptions{source: tc.source, interval: 10 * time.Second}}
			o.delivery.kafka.Brokers = tc.brokers
			o.feed.exchange.binanceURL, o.feed.exchange.geckoURL = tc.binance, tc.gecko
			if err := o.settle(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
				t.Fatal(err)
			}
			if o.feed.contents() != tc.want || filepath.Base(o.dir) != tc.dir || o.feed.standIn != (tc.source == "auto" && tc.want == simulated) {
				t.Errorf("%s prices in %s, stand-in %v", o.feed.contents(), o.dir, o.feed.standIn)
			}
			if os.Getenv(autoVariable) != "" {
				t.Error("the children are told, too")
			}
		})
	}
}
