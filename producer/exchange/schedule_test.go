package exchange_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/cryptostream/lakectl/internal/fakeexchange"
	"github.com/cryptostream/lakectl/producer/exchange"
)

// gaps are the times between requests, in seconds.
func gaps(arrivals []time.Time) (seconds []float64) {
	for i := 1; i < len(arrivals); i++ {
		seconds = append(seconds, arrivals[i].Sub(arrivals[i-1]).Seconds())
	}
	return seconds
}

// TestGrid expects a poll at each ten seconds, to the microsecond, whatever the one before did.
func TestGrid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := fakeexchange.Cycle(2, fakeexchange.Fault{Kind: "drip"}, fakeexchange.Fault{Kind: "500"}, fakeexchange.Fault{Kind: "cut"})
		fake, o := bubble(t, fakeexchange.Options{Plan: plan}, exchange.Binance)
		began := time.Now()
		_, events, stop := run(t, o)
		time.Sleep(time.Hour + time.Second)
		stop()
		arrivals := fake.Arrivals(fakeexchange.Binance)
		if len(arrivals) != 361 {
			t.Errorf("%d polls in an hour", len(arrivals))
		}
		for i, at := range arrivals {
			if off := at.Sub(began) - time.Duration(i)*10*time.Second; off != 0 {
				t.Fatalf("poll %d is off by %s", i, off)
			}
		}
		if got := len(drain(events)); got != 241*10 {
			t.Errorf("%d quotes", got)
		}
	})
}

// TestRetryAfter expects that a server is left alone for as long as it asks, in seconds or as a date.
// The fake complains about requests that come too early.
func TestRetryAfter(t *testing.T) {
	for _, fault := range []fakeexchange.Fault{
		{Kind: "429", Arg: "95"}, {Kind: "429", Arg: "date:95"}, {Kind: "418", Arg: "1200"}, {Kind: "503", Arg: "date:600"}, {Kind: "503", Arg: "95"},
	} {
		for _, source := range []string{exchange.Binance, exchange.CoinGecko, exchange.BinanceWS} {
			t.Run(fmt.Sprintf("%s %s=%s", source, fault.Kind, fault.Arg), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					fake, o := bubble(t, fakeexchange.Options{TickEvery: 20 * time.Second, Plan: second(fault)}, source)
					if source == exchange.BinanceWS {
						fake.Misbehave(first(fault))
					}
					log, logger := logTo(slog.LevelInfo)
					o.Log = logger
					_, events, stop := run(t, o)
					time.Sleep(25 * time.Minute)
					stop()
					if len(drain(events)) == 0 {
						t.Error("no quotes")
					}
					lines := log.all()
					if fault.Kind != "503" && len(lines) > 3 {
						t.Errorf("log: %q", lines)
					}
				})
			})
		}
	}
}

func first(f fakeexchange.Fault) fakeexchange.Plan {
	return func(_ string, n int, _ time.Duration) fakeexchange.Fault {
		if n == 0 {
			return f
		}
		return fakeexchange.Fault{}
	}
}

func second(f fakeexchange.Fault) fakeexchange.Plan {
	return func(api string, n int, since time.Duration) fakeexchange.Fault { return first(f)(api, n-1, since) }
}

// TestBackoff expects tries that grow apart up to a minute, and one line of log for a day of trouble.
func TestBackoff(t *testing.T) {
	for _, source := range []string{exchange.Binance, exchange.CoinGecko, exchange.BinanceWS} {
		t.Run(source, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake, o := bubble(t, fakeexchange.Options{}, source)
				log, logger := logTo(slog.LevelInfo)
				o.Log = logger
				_, events, stop := run(t, o)
				log.await(t, "source answers")
				fake.Misbehave(fakeexchange.Always("", fakeexchange.Fault{Kind: "500"}))
				time.Sleep(24 * time.Hour)
				fake.Misbehave(nil)
				log.await(t, "source is up again")
				stop()
				if len(drain(events)) == 0 {
					t.Error("no quotes")
				}
				if lines := log.all(); len(lines) > 0 {
					t.Errorf("log: %q", lines)
				}
				arrivals := slices.Concat(fake.Arrivals(fakeexchange.Binance), fake.Arrivals(fakeexchange.CoinGecko), fake.Arrivals(fakeexchange.Stream))
				between := gaps(arrivals)
				t.Logf("%.0f …", between[:10])
				if slices.Max(between) > 91 || len(between) > 24*60*60/40 {
					t.Errorf("%d tries, at most %.0f s apart", len(between), slices.Max(between))
				}
			})
		})
	}
}

// TestFailover goes to CoinGecko when Binance is down and comes back; each event names its true source
// and pair.
func TestFailover(t *testing.T) {
	for _, tc := range []struct {
		fault string
		polls int // until CoinGecko is asked
	}{{"451", 0}, {"403", 0}, {"500", 2}, {"drip", 2}} {
		t.Run(tc.fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake, o := bubble(t, fakeexchange.Options{}, exchange.Binance, exchange.CoinGecko)
				log, logger := logTo(slog.LevelInfo)
				registry := prometheus.NewPedanticRegistry()
				o.Log = logger
				source, events, stop := run(t, o, registry)
				time.Sleep(time.Minute - time.Second) // six polls
				for _, e := range drain(events) {
					if e.Source != "binance" || !strings.HasSuffix(e.Pair, "-USDT") {
						t.Fatalf("%+v", e)
					}
				}
				fake.Misbehave(fakeexchange.Always(fakeexchange.Binance, fakeexchange.Fault{Kind: tc.fault}))
				time.Sleep(time.Hour)
				got := drain(events)
				for _, e := range got {
					if e.Source != "coingecko" || !strings.HasSuffix(e.Pair, "-USD") {
						t.Fatalf("%+v", e)
					}
				}
				if want := (360 - tc.polls) * 10; len(got) < want-10 || len(got) > want {
					t.Errorf("%d quotes of CoinGecko, wanted %d", len(got), want)
				}
				if source.Using() != exchange.CoinGecko {
					t.Errorf("using %q", source.Using())
				}
				wanted := "# HELP lakectl_producer_source_up 1 for the source that quotes are taken from now.\n# TYPE lakectl_producer_source_up gauge\n" +
					"lakectl_producer_source_up{source=\"binance\"} 0\nlakectl_producer_source_up{source=\"coingecko\"} 1\n"
				if err := testutil.GatherAndCompare(registry, strings.NewReader(wanted), "lakectl_producer_source_up"); err != nil {
					t.Error(err)
				}
				fake.Misbehave(nil)
				time.Sleep(31 * time.Minute)
				if source.Using() != exchange.Binance {
					t.Errorf("using %q", source.Using())
				}
				stop()
				lines := log.all()
				t.Log(strings.Join(lines, "\n"))
				if len(lines) != 4 {
					t.Errorf("%d lines of log", len(lines))
				}
			})
		})
	}
}

// TestAllDown keeps trying all, and takes the first that answers.
func TestAllDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, o := bubble(t, fakeexchange.Options{Plan: fakeexchange.Always("", fakeexchange.Fault{Kind: "reset"})}, exchange.Binance, exchange.CoinGecko)
		log, logger := logTo(slog.LevelInfo)
		o.Log = logger
		_, events, _ := run(t, o)
		time.Sleep(time.Hour)
		if lines := log.all(); len(lines) != 2 {
			t.Errorf("log: %q", lines)
		}
		fake.Misbehave(fakeexchange.Always(fakeexchange.Binance, fakeexchange.Fault{Kind: "reset"}))
		time.Sleep(2 * time.Minute)
		if got := drain(events); len(got) == 0 || got[0].Source != "coingecko" {
			t.Errorf("%d events", len(got))
		}
	})
}

// TestBudget spreads a month's credits evenly, over a restart too.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, o := bubble(t, fakeexchange.Options{}, exchange.CoinGecko)
		o.CoinGeckoBudget = 300
		_, _, stop := run(t, o)
		time.Sleep(10*24*time.Hour - time.Second) // the bubble's clock begins with January 2000
		stop()
		time.Sleep(time.Second)
		_, _, stop = run(t, o)
		time.Sleep(21*24*time.Hour - time.Minute)
		stop()
		used := len(fake.Arrivals(fakeexchange.CoinGecko))
		if used > 300 || used < 298 {
			t.Errorf("%d calls in January", used)
		}
		file := filepath.Join(o.StateDir, "coingecko-credits.json")
		text, err := os.ReadFile(file)
		if err != nil || string(text) != fmt.Sprintf(`{"month":"2000-01","used":%d}`+"\n", used) {
			t.Errorf("%s, %v", text, err)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	})
}

// TestPace is how often CoinGecko is asked by each kind of key, with polls every ten seconds.
func TestPace(t *testing.T) {
	for name, tc := range map[string]struct {
		kind, key string
		apart     float64 // seconds
		remaining float64
	}{"keyless": {"", "", 10, -1}, "demo": {"", "CG-demo", 270, 9986}, "pro": {"pro", "CG-pro", 10, -1}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake, o := bubble(t, fakeexchange.Options{DemoKey: "CG-demo", ProKey: "CG-pro", Cache: time.Minute}, exchange.CoinGecko)
				registry := prometheus.NewPedanticRegistry()
				o.CoinGeckoKey, o.CoinGeckoKeyKind = tc.key, tc.kind
				_, events, stop := run(t, o, registry)
				time.Sleep(time.Hour)
				stop()
				between := gaps(fake.Arrivals(fakeexchange.CoinGecko))
				if slices.Min(between) != tc.apart || slices.Max(between) != tc.apart {
					t.Errorf("%v s apart", between)
				}
				ids := map[string]bool{}
				got := drain(events)
				for _, e := range got {
					ids[e.ID] = true
				}
				if tc.apart == 10 && len(ids) > 61*10 { // a minute's six answers are one
					t.Errorf("%d events have %d ids: a cached answer must give the same", len(got), len(ids))
				}
				if tc.remaining < 0 {
					return
				}
				wanted := fmt.Sprintf("# HELP lakectl_producer_budget_credits_remaining Calls that are left of the month's budget.\n# TYPE lakectl_producer_budget_credits_remaining gauge\nlakectl_producer_budget_credits_remaining{source=\"coingecko\"} %v\n", tc.remaining)
				if err := testutil.GatherAndCompare(registry, strings.NewReader(wanted), "lakectl_producer_budget_credits_remaining"); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestBudgetUsedUp stops asking until the next month begins.
func TestBudgetUsedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, o := bubble(t, fakeexchange.Options{}, exchange.Binance, exchange.CoinGecko)
		o.Sources = []string{exchange.CoinGecko}
		o.CoinGeckoBudget = 100
		if err := os.WriteFile(filepath.Join(o.StateDir, "coingecko-credits.json"), []byte(`{"month":"2000-01","used":100}`), 0o600); err != nil {
			t.Fatal(err)
		}
		log, logger := logTo(slog.LevelInfo)
		o.Log = logger
		_, events, _ := run(t, o)
		time.Sleep(31*24*time.Hour - time.Minute)
		if n := len(fake.Arrivals(fakeexchange.CoinGecko)); n != 0 {
			t.Errorf("%d calls without credits", n)
		}
		log.await(t, "used up")
		time.Sleep(12 * time.Hour)
		if n := len(fake.Arrivals(fakeexchange.CoinGecko)); n != 2 || len(drain(events)) != 20 {
			t.Errorf("%d calls in twelve hours of February with 100 credits", n)
		}
	})
}

// TestWeight pauses until the next minute when the address has used most of its weight.
func TestWeight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, o := bubble(t, fakeexchange.Options{}, exchange.Binance)
		_, _, _ = run(t, o)
		time.Sleep(11 * time.Second)
		fake.SetWeight(5900)
		time.Sleep(time.Minute)
		var seconds []float64
		for _, at := range fake.Arrivals(fakeexchange.Binance) {
			seconds = append(seconds, at.Sub(fake.Arrivals(fakeexchange.Binance)[0]).Seconds())
		}
		if !slices.Equal(seconds, []float64{0, 10, 20, 60, 70}) {
			t.Errorf("polls at %v", seconds)
		}
	})
}

// TestUnknownSymbols finds symbols that Binance refuses; the others go on from the first poll.
func TestUnknownSymbols(t *testing.T) {
	for _, unknown := range [][]string{{"BTCUSDT"}, {"AVAXUSDT", "SOLUSDT", "XRPUSDT"}, {
		"BTCUSDT", "ETHUSDT", "XRPUSDT", "BNBUSDT", "SOLUSDT", "DOGEUSDT", "ADAUSDT", "TRXUSDT", "LINKUSDT", "AVAXUSDT"}} {
		t.Run(fmt.Sprint(len(unknown)), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake, o := bubble(t, fakeexchange.Options{Unknown: unknown}, exchange.Binance)
				log, logger := logTo(slog.LevelInfo)
				o.Log = logger
				_, events, stop := run(t, o)
				time.Sleep(time.Hour - time.Second)
				stop()
				got := drain(events)
				want := 360 * (10 - len(unknown))
				if len(got) < want-10 || len(got) > want {
					t.Errorf("%d quotes, wanted %d", len(got), want)
				}
				lines := strings.Join(log.all(), "\n")
				if n := strings.Count(lines, "no quote of a pair"); len(unknown) < 10 && n != len(unknown) {
					t.Errorf("%d pairs reported:\n%s", n, lines)
				}
				if len(unknown) == 10 && strings.Count(lines, "\n") != 0 {
					t.Errorf("log:\n%s", lines)
				}
				t.Logf("%d requests\n%s", len(fake.Arrivals(fakeexchange.Binance)), lines)
			})
		})
	}
}
