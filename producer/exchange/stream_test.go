package exchange_test

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cryptostream/lakectl/internal/fakeexchange"
	"github.com/cryptostream/lakectl/producer/exchange"
)

// TestStream is two days of a stream: a quote per pair and interval, pings answered, and the end of
// each connection after 24 hours not seen from outside.
func TestStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, o := bubble(t, fakeexchange.Options{TickEvery: 25 * time.Second}, exchange.BinanceWS)
		o.Interval = time.Minute
		log, logger := logTo(slog.LevelInfo)
		o.Log = logger
		_, events, stop := run(t, o)
		time.Sleep(2*24*time.Hour + 30*time.Second)
		stop()
		if n := len(fake.Arrivals(fakeexchange.Stream)); n != 3 {
			t.Errorf("%d connections", n)
		}
		got := drain(events)
		if want := 10 * 2 * 24 * 60; len(got) != want {
			t.Errorf("%d quotes, wanted %d", len(got), want)
		}
		for _, e := range got {
			if e.Source != "binance" || e.CollectedAt.Before(e.QuotedAt) || e.CollectedAt.Sub(e.QuotedAt) > time.Second {
				t.Fatalf("%+v", e)
			}
		}
		if lines := log.all(); len(lines) != 1 {
			t.Errorf("log: %q", lines)
		}
	})
}

// TestStreamStalls has a connection that stays open and says nothing.
func TestStreamStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, o := bubble(t, fakeexchange.Options{}, exchange.BinanceWS)
		log, logger := logTo(slog.LevelInfo)
		o.Log = logger
		_, events, _ := run(t, o)
		log.await(t, "source answers")
		fake.Misbehave(fakeexchange.Always(fakeexchange.Stream, fakeexchange.Fault{Kind: "stall"}))
		line := log.await(t, "source is down")
		if !strings.Contains(line, "kind=stalled") {
			t.Error(line)
		}
		time.Sleep(time.Hour)
		if n := len(fake.Arrivals(fakeexchange.Stream)); n < 40 || n > 130 {
			t.Errorf("%d connections in an hour of silence", n)
		}
		drain(events)
		fake.Misbehave(nil)
		log.await(t, "source is up again")
		if lines := log.all(); len(lines) > 0 {
			t.Errorf("log: %q", lines)
		}
	})
}

// TestStreamMissing has pairs without ticks: one is reported, and again when it is back.
func TestStreamMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, o := bubble(t, fakeexchange.Options{Unknown: []string{"SOLUSDT"}}, exchange.BinanceWS)
		log, logger := logTo(slog.LevelInfo)
		o.Log = logger
		run(t, o)
		log.await(t, "source answers")
		line := log.await(t, "no quote of a pair")
		if !strings.Contains(line, "pair=SOL-USDT") {
			t.Error(line)
		}
		fake.Misbehave(fakeexchange.Always(fakeexchange.Stream, fakeexchange.Fault{Kind: "missing"}))
		log.await(t, "pair=BTC-USDT")
		fake.Misbehave(nil)
		log.await(t, "quotes of a pair again")
		if lines := log.all(); len(lines) > 0 {
			t.Errorf("log: %q", lines)
		}
	})
}
