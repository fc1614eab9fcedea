package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/cryptostream/lakectl/producer"
)

// try makes a call once. It costs a credit, whatever is answered.
func (h *History) try(ctx context.Context, c Call) ([]producer.Quote, int, error) {
	if b := h.gecko.budget; b != nil {
		if err := b.check(time.Now()); err != nil {
			return nil, 0, err
		}
	}
	from, to := h.asked(c, time.Now())
	reply, err := h.gecko.get(ctx, "/api/v3/coins/"+url.PathEscape(c.id)+"/market_chart/range", url.Values{
		"vs_currency": {"usd"}, "from": {seconds(from, 0)}, "to": {seconds(to, time.Second-1)}, "precision": {"full"},
	})
	if _, serr := h.gecko.spend(err); serr != nil {
		return nil, 0, serr
	}
	if err != nil {
		return nil, 0, err
	}
	return parseChart(reply.body, c)
}

// seconds is a time as the API takes it, in whole seconds since 1970.
func seconds(at time.Time, up time.Duration) string { return strconv.FormatInt(at.Add(up).Unix(), 10) }

// chart is what is read of an answer: points of milliseconds since 1970 and a number, its digits as they came.
type chart struct {
	Prices  []json.RawMessage `json:"prices"`
	Volumes []json.RawMessage `json:"total_volumes"`
}

// parseChart reads the quotes of a call's range from an answer of market_chart/range, in order of time, and counts the
// points of it that are none. A quote's volume is that of the same time, and "" where there is none.
func parseChart(body []byte, c Call) (quotes []producer.Quote, bad int, err error) {
	var all chart
	if err := json.Unmarshal(body, &all); err != nil || all.Prices == nil {
		return nil, 0, fault(KindMalformed, "coingecko answers with something else than prices: %s", clip(string(body)))
	}
	volumes := map[int64]json.RawMessage{}
	for _, raw := range all.Volumes {
		if at, volume, err := point(raw); err == nil {
			volumes[at.UnixMilli()] = volume
		}
	}
	for _, raw := range all.Prices {
		at, price, err := point(raw)
		if err != nil {
			bad++
			continue
		}
		if at.Before(c.From) || !at.Before(c.To) {
			continue
		}
		quote, err := newQuote(CoinGecko, price, volumes[at.UnixMilli()])
		if err != nil {
			bad++
			continue
		}
		quote.Pair, quote.QuotedAt, quote.CollectedAt = c.Pair, at, at
		quotes = append(quotes, quote)
	}
	slices.SortStableFunc(quotes, func(a, b producer.Quote) int { return a.QuotedAt.Compare(b.QuotedAt) })
	return quotes, bad, nil
}

func point(raw json.RawMessage) (at time.Time, value json.RawMessage, err error) {
	var pair []json.RawMessage
	if err := json.Unmarshal(raw, &pair); err != nil || len(pair) != 2 {
		return at, nil, fmt.Errorf("%s is no point of time and number", clip(string(raw)))
	}
	at, err = millis(pair[0])
	return at, pair[1], err
}

// explainChart gives the refusals of this API a hint.
func explainChart(err error) error {
	var f *Fault
	if !errors.As(err, &f) {
		return err
	}
	hint := ""
	switch f.Kind {
	case KindUnauthorized:
		hint = "check " + keyVariables + "; without a paid plan CoinGecko gives the last 365 days only"
	case KindBudget:
		hint = "what was published is kept: the same command goes on next month, or with a larger --coingecko-budget"
	case KindHTTP:
		hint = "lakectl pairs shows the ids that are asked for"
	case KindRateLimited, KindBanned:
		hint = "try again later: what was published is kept"
	default:
		return err
	}
	return producer.NewError(1, hint, err)
}

// keyVariables are where lakectl takes a key from.
const keyVariables = "LAKECTL_COINGECKO_KEY and LAKECTL_COINGECKO_KEY_KIND"
