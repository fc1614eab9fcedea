package exchange

import (
	"fmt"
	"time"

	"github.com/cryptostream/lakectl/producer"
)

// Kind says what went wrong, in the words of the metric lakectl_producer_errors_total.
type Kind string

// What can go wrong with a poll; the last two are about one quote of a good answer.
const (
	KindDNS          Kind = "dns"
	KindTLS          Kind = "tls"
	KindNetwork      Kind = "network" // refused, reset, cut
	KindTimeout      Kind = "timeout"
	KindRateLimited  Kind = "rate_limited" // 429
	KindBanned       Kind = "banned"       // 418
	KindForbidden    Kind = "forbidden"    // 403
	KindRestricted   Kind = "restricted"   // 451
	KindUnauthorized Kind = "unauthorized" // 401, a wrong key
	KindServer       Kind = "server"       // 5xx
	KindHTTP         Kind = "http"         // any other status
	KindRedirect     Kind = "redirect"     // to another host
	KindContentType  Kind = "content_type" // not JSON
	KindTooLarge     Kind = "too_large"
	KindMalformed    Kind = "malformed" // not the JSON it should be
	KindEmpty        Kind = "empty"     // no usable quote
	KindStalled      Kind = "stalled"   // a stream that gives nothing
	KindBudget       Kind = "budget"    // no credits left, nothing was asked
	KindMissing      Kind = "missing"
	KindBadQuote     Kind = "bad_quote"
)

// Fault is a failed poll.
type Fault struct {
	Kind Kind
	// After is how long the source asked to be left alone; 0 if it did not say.
	After time.Duration

	err  error
	body []byte // of an answer with a bad status
	here bool   // to ask again costs the source nothing
}

func (f *Fault) Error() string { return f.err.Error() }

// Unwrap returns the error that this one explains.
func (f *Fault) Unwrap() error { return f.err }

func fault(kind Kind, format string, args ...any) *Fault {
	return &Fault{Kind: kind, err: fmt.Errorf(format, args...)}
}

// refusal tells whether the source has said no: it will say so again, and to ask is impolite.
func (f *Fault) refusal() bool {
	switch f.Kind {
	case KindRateLimited, KindBanned, KindForbidden, KindRestricted, KindUnauthorized, KindBudget:
		return true
	}
	return false
}

// leastWait is how long to leave a source alone that did not say itself.
func (f *Fault) leastWait() time.Duration {
	switch f.Kind {
	case KindRateLimited:
		return time.Minute
	case KindBanned, KindForbidden, KindRestricted, KindUnauthorized:
		return 5 * time.Minute
	}
	return 0
}

// usage is an error about an option.
func usage(format string, args ...any) error {
	return producer.NewError(2, "", fmt.Errorf(format, args...))
}

// failed is an error of exit code 1 whose reader can act on the hint.
func failed(hint, format string, args ...any) error {
	return producer.NewError(1, hint, fmt.Errorf(format, args...))
}
