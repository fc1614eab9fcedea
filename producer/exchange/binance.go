package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/cryptostream/lakectl/producer"
)

// binance is Binance's REST API: one request for all symbols.
type binance struct {
	*client
	pairs []listing
	asked doubt
}

// listing is a pair under the name that a source has for it.
type listing struct{ symbol, pair string }

func newBinance(o Options, spacing *gate) (*binance, error) {
	address := o.BinanceURL
	if address == "" {
		address = BinanceURL
	}
	base, err := parseBase(address, "http", "https")
	if err != nil {
		return nil, err
	}
	pairs := o.Symbols.binance()
	if len(pairs) == 0 {
		return nil, usage("the list of pairs has none for Binance")
	}
	return &binance{client: newClient(base, o, spacing), pairs: pairs, asked: newDoubt(pairs)}, nil
}

func (b *binance) name() string { return Binance }

func (b *binance) close() { b.http.CloseIdleConnections() }

// poll asks for all symbols that are known to be there, and, while there is time, for those of which
// it is not known: one that is not there makes Binance refuse the whole request.
func (b *binance) poll(ctx context.Context) (answer, error) {
	var a answer
	b.asked.begin(time.Now())
	for group := b.asked.next(); group != nil; group = b.asked.next() {
		err := b.ask(ctx, group, &a)
		switch {
		case err == nil:
			b.asked.there()
		case unknownSymbol(err):
			b.asked.notAll()
		case len(a.quotes) > 0: // what was got counts; the next poll sees whether it lasts
			a.unsettled = true
			return a, nil
		default:
			return answer{}, err
		}
		if !enoughTime(ctx) {
			break
		}
	}
	a.unsettled = b.asked.open()
	for _, l := range b.asked.missing {
		a.faults = append(a.faults, pairFault{l.pair, KindMissing, errors.New("Binance has no symbol " + l.symbol)})
	}
	return a, nil
}

// enoughTime tells whether another request fits in before ctx ends.
func enoughTime(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() == nil && (!ok || time.Until(deadline) > betweenRequests+leastTime)
}

func (b *binance) ask(ctx context.Context, group []listing, a *answer) error {
	reply, err := b.get(ctx, "/api/v3/ticker/24hr", url.Values{"symbols": {symbolList(group)}})
	if err != nil {
		return err
	}
	quotes, faults, err := parseTickers(reply.body, group, reply.at)
	if err != nil {
		return err
	}
	a.quotes, a.faults = append(a.quotes, quotes...), append(a.faults, faults...)
	a.wait = max(a.wait, weightWait(reply.header, reply.at))
	return nil
}

// symbolList is the list as Binance takes it: JSON without spaces.
func symbolList(group []listing) string {
	names := make([]string, len(group))
	for i, l := range group {
		names[i] = l.symbol
	}
	text, err := json.Marshal(names)
	if err != nil { // never fails on strings
		panic(err)
	}
	return string(text)
}

// unknownSymbol tells Binance's code for a symbol that is not there.
func unknownSymbol(err error) bool {
	var f *Fault
	if !errors.As(err, &f) || f.Kind != KindHTTP {
		return false
	}
	var said struct{ Code int }
	return json.Unmarshal(f.body, &said) == nil && said.Code == -1121
}

// ticker is what is read of one symbol's statistics.
type ticker struct {
	Symbol      string          `json:"symbol"`
	LastPrice   json.RawMessage `json:"lastPrice"`
	QuoteVolume json.RawMessage `json:"quoteVolume"`
	CloseTime   json.RawMessage `json:"closeTime"`
}

// parseTickers reads an answer of ticker/24hr. A row that can't be read is one of no symbol; the error
// is a *Fault about the answer as a whole.
func parseTickers(body []byte, group []listing, now time.Time) ([]producer.Quote, []pairFault, error) {
	var rows []json.RawMessage
	if err := json.Unmarshal(body, &rows); err != nil {
		return nil, nil, fault(KindMalformed, "binance answers with something else than a list: %s", clip(string(body)))
	}
	found := map[string]ticker{}
	for _, row := range rows {
		var t ticker
		if err := json.Unmarshal(row, &t); err != nil {
			continue
		}
		if _, twice := found[t.Symbol]; !twice {
			found[t.Symbol] = t
		}
	}
	quotes, faults := collect(group, func(symbol string) (producer.Quote, bool, error) {
		t, ok := found[symbol]
		if !ok {
			return producer.Quote{}, false, nil
		}
		quote, err := binanceQuote(t.LastPrice, t.QuoteVolume, t.CloseTime)
		quote.CollectedAt = now
		return quote, true, err
	})
	return quotes, faults, nil
}

// binanceQuote makes a quote of the three values, as REST and the stream give them.
func binanceQuote(price, volume, at json.RawMessage) (producer.Quote, error) {
	quote, err := newQuote(Binance, price, volume)
	if err != nil {
		return quote, err
	}
	quote.QuotedAt, err = millis(at)
	if err != nil {
		return quote, errors.New("its time: " + err.Error())
	}
	return quote, nil
}

// The weight that Binance allows to an address per minute, and what we leave of it to others.
const (
	weightLimit = 6000
	weightPause = weightLimit * 8 / 10
)

// weightWait is how long to wait where the address has used most of its weight: until the next minute
// begins, by the server's clock.
func weightWait(header http.Header, now time.Time) time.Duration {
	used, err := strconv.Atoi(header.Get("X-MBX-USED-WEIGHT-1M"))
	if err != nil || used < weightPause {
		return 0
	}
	if theirs, err := http.ParseTime(header.Get("Date")); err == nil {
		now = theirs
	}
	return now.Truncate(time.Minute).Add(time.Minute).Sub(now)
}
