package exchange

import (
	"context"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/cryptostream/lakectl/producer"
)

// Through makes all connections by dial, so that a test's network can be in memory.
func (o Options) Through(dial func(ctx context.Context, network, address string) (net.Conn, error)) Options {
	o.dial = dial
	return o
}

// PlainNumber is how a number of an answer is read.
var PlainNumber = plain

// ParseChart reads an answer of market_chart/range.
var ParseChart = parseChart

// Asked is the range that a call really asks for.
func (h *History) Asked(c Call, now time.Time) (from, to time.Time) { return h.asked(c, now) }

// SpendCredits counts calls in the file of a folder, as one process does, and returns how many are left by its count.
func SpendCredits(dir string, credits, calls int) (left int, err error) {
	b, err := openBudget(dir, credits, newMetrics().budget.WithLabelValues(CoinGecko))
	for range calls {
		if err == nil {
			err = b.spend(time.Now())
		}
	}
	return b.remaining(), err
}

// Parse reads an answer of each API, as a poll does, for the pairs of the built-in list.
func Parse(body []byte) []producer.Quote {
	now, symbols := time.Now(), DefaultSymbols()
	tickers, _, _ := parseTickers(body, symbols.binance(), now)
	markets, _, _ := parseMarkets(body, symbols.coinGecko(), now)
	s := &stream{base: &url.URL{}, pairs: symbols.binance(), latest: map[string]tick{}, news: make(chan struct{}, 1)}
	_ = s.receive(body, now)
	return slices.Concat(tickers, markets, s.take(now).quotes)
}
