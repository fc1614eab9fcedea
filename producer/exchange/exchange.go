// Package exchange takes quotes from the public APIs of real exchanges, as a producer.Source.
//
//	exchange.go    the options and what is made of them
//	source.go      the schedule: polls on a grid, one source after the other when one is down
//	member.go      one source's state: up, down, when to ask again
//	binance.go     Binance's REST API; doubt.go finds symbols that are not there
//	stream.go      Binance's WebSocket
//	coingecko.go   CoinGecko's REST API; budget.go counts its monthly credits
//	history.go     its quotes of the past; chart.go: one call
//	client.go      every HTTP request; gate.go spaces them; fault.go and retryafter.go say what went wrong
//	number.go      an API's numbers as exact text; quotes.go makes quotes of them
//	metrics.go     what is counted
//	symbols.go     which asset is which symbol; refresh.go makes a new list
//
// What an API does wrong never ends a source: the poll fails, or the one quote, and it goes on. Prices
// are never floats. The package knows producer and nothing else of ours.
package exchange

import (
	"context"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/producer"
)

// The sources, as Options and metrics name them. Events of both Binance sources name "binance".
const (
	Binance   = "binance"    // REST, one request per poll
	BinanceWS = "binance-ws" // the WebSocket stream, one quote per pair and interval
	CoinGecko = "coingecko"
)

// Where the sources are, unless Options says otherwise.
const (
	BinanceURL       = "https://data-api.binance.vision"
	BinanceStreamURL = "wss://data-stream.binance.vision"
	CoinGeckoURL     = "https://api.coingecko.com"
	coinGeckoProURL  = "https://pro-api.coingecko.com"
)

// An interval below politeInterval is for a server of one's own.
const (
	politeInterval  = 5 * time.Second
	shortestPolling = time.Second
)

// Options are the settings of a Source.
type Options struct {
	// Sources in order: quotes are taken from the first that is not down.
	Sources  []string
	Interval time.Duration // between polls
	Symbols  Symbols       // what to ask for; the zero value is DefaultSymbols

	BinanceURL, BinanceStreamURL, CoinGeckoURL string // "" is the exchange's own

	// CoinGeckoKey is sent as a header, and never logged. CoinGeckoKeyKind is "demo" (also "") or "pro".
	CoinGeckoKey, CoinGeckoKeyKind string

	// CoinGeckoBudget is calls per calendar month (UTC), spread evenly; 0 is 10,000 with a demo key and
	// no limit else. They are counted in a file in StateDir, so that a restart does not forget them.
	CoinGeckoBudget int
	StateDir        string

	Log *slog.Logger // nil is no log

	dial func(ctx context.Context, network, address string) (net.Conn, error) // nil is the system's
}

// Check says what is wrong with the options, as New would, without touching anything.
func (o Options) Check() error {
	if len(o.Sources) == 0 {
		return usage("no exchange is given")
	}
	for i, name := range o.Sources {
		if slices.Contains(o.Sources[:i], name) {
			return usage("the source %s is given twice", name)
		}
		if err := o.checkSource(name); err != nil {
			return err
		}
	}
	if o.Interval < shortestPolling {
		return usage("an interval of %s is too short: at least %s", o.Interval, shortestPolling)
	}
	return o.checkCoinGecko()
}

func (o Options) checkSource(name string) error {
	var address string
	switch name {
	case Binance:
		address = o.BinanceURL
	case BinanceWS:
		_, err := parseBase(o.streamURL(), "ws", "wss")
		return err
	case CoinGecko:
		address = o.CoinGeckoURL
	default:
		return usage("%q is none of the exchanges %s, %s, %s", name, Binance, BinanceWS, CoinGecko)
	}
	if address == "" {
		if o.Interval < politeInterval {
			return usage("polls of %s are for a server of your own (--%s-url): at least every %s", name, name, politeInterval)
		}
		return nil
	}
	_, err := parseBase(address, "http", "https")
	return err
}

func (o Options) checkCoinGecko() error {
	switch o.CoinGeckoKeyKind {
	case "", keyDemo, keyPro:
	default:
		return usage("the kind of a CoinGecko key is %s or %s, not %q", keyDemo, keyPro, o.CoinGeckoKeyKind)
	}
	if o.CoinGeckoKey == "" && o.CoinGeckoKeyKind != "" {
		return usage("a kind of CoinGecko key is given, but no key")
	}
	if o.CoinGeckoBudget < 0 {
		return usage("a budget of %d calls is not possible", o.CoinGeckoBudget)
	}
	return nil
}

func (o Options) streamURL() string {
	if o.BinanceStreamURL != "" {
		return o.BinanceStreamURL
	}
	return BinanceStreamURL
}

// parseBase reads an address that paths are appended to.
func parseBase(address string, schemes ...string) (*url.URL, error) {
	base, err := url.Parse(address)
	if err != nil || !slices.Contains(schemes, base.Scheme) || base.Hostname() == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, usage("%q is not an address like %s://host:port", address, strings.Join(schemes, ":// or "))
	}
	return base, nil
}

// New makes a Source. Errors: options that can't be (exit code 2), a credit file that can't be read.
func New(o Options) (*Source, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if len(o.Symbols.Assets) == 0 {
		o.Symbols = DefaultSymbols()
	}
	metrics := newMetrics()
	s := &Source{interval: o.Interval, log: o.Log, metrics: metrics, pairs: map[pairKey]Kind{}}
	spacing := newGate()
	for _, name := range o.Sources {
		api, err := o.endpoint(name, spacing, metrics)
		if err != nil {
			return nil, err
		}
		s.members = append(s.members, newMember(api, o.Interval))
	}
	return s, nil
}

// endpoint is one API of an exchange.
type endpoint interface {
	name() string
	// poll asks once. An error is a *Fault, or that of ctx.
	poll(ctx context.Context) (answer, error)
	// close gives connections back; a later poll opens new ones.
	close()
}

// answer is what a poll gave.
type answer struct {
	quotes []producer.Quote
	faults []pairFault
	// wait is how long the source wants to be left alone after this poll.
	wait time.Duration
	// unsettled is an answer that may lack quotes although nothing is wrong.
	unsettled bool
}

// pairFault is why an answer has no quote for a pair.
type pairFault struct {
	pair string
	kind Kind // missing or bad_quote
	err  error
}

func (o Options) endpoint(name string, spacing *gate, m *metrics) (endpoint, error) {
	switch name {
	case Binance:
		return newBinance(o, spacing)
	case BinanceWS:
		return newStream(o, spacing)
	default:
		return newCoinGecko(o, spacing, m)
	}
}
