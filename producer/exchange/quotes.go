package exchange

import (
	"encoding/json"
	"errors"

	"github.com/cryptostream/lakectl/producer"
)

// collect asks for the quote of each listing. found is false where the source gave none, err says why
// one can't be used.
func collect(listings []listing, quoteOf func(symbol string) (quote producer.Quote, found bool, err error)) (quotes []producer.Quote, faults []pairFault) {
	for _, l := range listings {
		quote, found, err := quoteOf(l.symbol)
		switch {
		case !found:
			faults = append(faults, pairFault{l.pair, KindMissing, errors.New("the answer has no " + l.symbol)})
		case err != nil:
			faults = append(faults, pairFault{l.pair, KindBadQuote, err})
		default:
			quote.Pair = l.pair
			quotes = append(quotes, quote)
		}
	}
	return quotes, faults
}

// newQuote reads price and volume. A price that is no number is an error; a volume may be null. Whether
// a number makes sense is for the checks of the Silver table.
func newQuote(source string, price, volume json.RawMessage) (producer.Quote, error) {
	quote := producer.Quote{Source: source}
	var err error
	if quote.Price, err = plain(price); err != nil {
		return quote, errors.New("its price: " + err.Error())
	}
	quote.Volume24h, err = plain(volume)
	if err != nil && !errors.Is(err, errNull) {
		return quote, errors.New("its volume: " + err.Error())
	}
	return quote, nil
}
