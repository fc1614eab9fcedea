package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/producer"
)

// The kinds of a CoinGecko key; without one, CoinGecko answers too.
const (
	keyDemo = "demo"
	keyPro  = "pro"
)

// geckoCache is how long CoinGecko's own server gives the same answer to who does not pay.
const geckoCache = time.Minute

// coingecko is CoinGecko's REST API: one request for all coins, in dollars.
type coingecko struct {
	*client
	pairs   []listing
	atLeast time.Duration // between requests
	budget  *budget       // nil is no limit
}

func newCoinGecko(o Options, spacing *gate, m *metrics) (*coingecko, error) {
	client, err := geckoClient(o, spacing)
	if err != nil {
		return nil, err
	}
	pairs := o.Symbols.coinGecko()
	if len(pairs) == 0 {
		return nil, usage("the list of pairs has none for CoinGecko")
	}
	c := &coingecko{client: client, pairs: pairs}
	if o.CoinGeckoURL == "" && o.CoinGeckoKeyKind != keyPro {
		c.atLeast = geckoCache
	}
	if credits := o.coinGeckoCredits(); credits > 0 {
		c.budget, err = openBudget(o.StateDir, credits, m.budget.WithLabelValues(CoinGecko))
	}
	return c, err
}

func (o Options) coinGeckoCredits() int {
	const demoCredits = 10_000
	if o.CoinGeckoBudget == 0 && o.CoinGeckoKey != "" && o.CoinGeckoKeyKind != keyPro {
		return demoCredits
	}
	return o.CoinGeckoBudget
}

// geckoClient sends the key, if there is one, by the header of its kind.
func geckoClient(o Options, spacing *gate) (*client, error) {
	address := o.CoinGeckoURL
	switch {
	case address != "":
	case o.CoinGeckoKeyKind == keyPro:
		address = coinGeckoProURL
	default:
		address = CoinGeckoURL
	}
	base, err := parseBase(address, "http", "https")
	if err != nil {
		return nil, err
	}
	client := newClient(base, o, spacing)
	client.secret = o.CoinGeckoKey
	switch {
	case o.CoinGeckoKey == "":
	case o.CoinGeckoKeyKind == keyPro:
		client.header.Set("x-cg-pro-api-key", o.CoinGeckoKey)
	default:
		client.header.Set("x-cg-demo-api-key", o.CoinGeckoKey)
	}
	return client, nil
}

func (c *coingecko) name() string { return CoinGecko }

func (c *coingecko) close() { c.http.CloseIdleConnections() }

func (c *coingecko) poll(ctx context.Context) (answer, error) {
	if c.budget != nil {
		if err := c.budget.check(time.Now()); err != nil {
			return answer{}, err
		}
	}
	ids := make([]string, len(c.pairs))
	for i, l := range c.pairs {
		ids[i] = l.symbol
	}
	reply, err := c.get(ctx, "/api/v3/coins/markets", url.Values{
		"vs_currency": {"usd"}, "ids": {strings.Join(ids, ",")}, "per_page": {"250"}, "precision": {"full"},
	})
	wait, serr := c.spend(err)
	if serr != nil {
		return answer{}, serr
	}
	var quotes []producer.Quote
	var faults []pairFault
	if err == nil {
		quotes, faults, err = parseMarkets(reply.body, c.pairs, reply.at)
	}
	var f *Fault
	if errors.As(err, &f) {
		f.After = max(f.After, wait)
	}
	return answer{quotes: quotes, faults: faults, wait: wait}, err
}

// spend counts the request that ended with err, and returns when the next may follow: an answer with
// any status costs a credit.
func (c *coingecko) spend(err error) (wait time.Duration, _ error) {
	if !answered(err) {
		return 0, nil
	}
	if c.budget == nil {
		return c.atLeast, nil
	}
	now := time.Now()
	if err := c.budget.spend(now); err != nil {
		return 0, err
	}
	return max(c.atLeast, c.budget.pace(now)), nil
}

// answered tells whether the request reached the server, as far as can be told.
func answered(err error) bool {
	var f *Fault
	if !errors.As(err, &f) {
		return err == nil
	}
	switch f.Kind {
	case KindDNS, KindTLS, KindNetwork:
		return false
	}
	return true
}

// market is what is read of one coin.
type market struct {
	ID          string          `json:"id"`
	Price       json.RawMessage `json:"current_price"`
	Volume      json.RawMessage `json:"total_volume"`
	LastUpdated json.RawMessage `json:"last_updated"`
}

// parseMarkets reads an answer of coins/markets, as parseTickers does one of Binance.
func parseMarkets(body []byte, pairs []listing, now time.Time) ([]producer.Quote, []pairFault, error) {
	var rows []json.RawMessage
	if err := json.Unmarshal(body, &rows); err != nil {
		return nil, nil, fault(KindMalformed, "coingecko answers with something else than a list: %s", clip(string(body)))
	}
	found := map[string]market{}
	for _, row := range rows {
		var m market
		if err := json.Unmarshal(row, &m); err != nil {
			continue
		}
		if _, twice := found[m.ID]; !twice {
			found[m.ID] = m
		}
	}
	quotes, faults := collect(pairs, func(symbol string) (producer.Quote, bool, error) {
		m, ok := found[symbol]
		if !ok {
			return producer.Quote{}, false, nil
		}
		quote, err := m.quote()
		quote.CollectedAt = now
		return quote, true, err
	})
	return quotes, faults, nil
}

func (m market) quote() (producer.Quote, error) {
	quote, err := newQuote(CoinGecko, m.Price, m.Volume)
	if err != nil {
		return quote, err
	}
	var at *time.Time
	if err := json.Unmarshal(m.LastUpdated, &at); err != nil {
		return quote, errors.New("its time: " + clip(string(m.LastUpdated)) + " is not RFC 3339")
	}
	if at == nil {
		return quote, errors.New("its time: " + errNull.Error())
	}
	quote.QuotedAt = at.UTC()
	if year := quote.QuotedAt.Year(); year < 1 || year > 9999 {
		return quote, errors.New("its time: no year between 1 and 9999")
	}
	return quote, nil
}
