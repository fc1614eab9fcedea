package exchange

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Bounds of one request. The whole of it, the body too, takes requestTimeout at most.
const (
	requestTimeout = 10 * time.Second
	connectTimeout = 5 * time.Second
	longestBody    = 4 << 20 // bytes, unpacked: ten pairs have about 8 KiB
	longestHeader  = 64 << 10
	mostRedirects  = 3
)

const userAgent = "lakectl (+https://github.com/cryptostream/lakectl)"

// client asks one API.
type client struct {
	base    *url.URL
	http    *http.Client
	header  http.Header // sent with each request
	secret  string      // never to be shown, even if the server does; "" is none
	spacing *gate
}

// reply is an answer with status 200 and a JSON body.
type reply struct {
	body   []byte
	header http.Header
	at     time.Time // when it was complete
}

func newClient(base *url.URL, o Options, spacing *gate) *client {
	return &client{base: base, http: newHTTPClient(o), header: http.Header{}, spacing: spacing}
}

func newHTTPClient(o Options) *http.Client {
	dial := o.dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: connectTimeout}).DialContext
	}
	return &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dial,
			TLSHandshakeTimeout: connectTimeout, IdleConnTimeout: 5 * time.Minute,
			MaxResponseHeaderBytes: longestHeader, MaxIdleConnsPerHost: 1,
		},
		CheckRedirect: checkRedirect,
	}
}

// checkRedirect stays with the host and with TLS: a key is not carried elsewhere, and a portal that
// answers in the exchange's place is not the exchange.
func checkRedirect(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	if next.URL.Host != first.Host || next.URL.Scheme != first.Scheme {
		return fault(KindRedirect, "sends us on to %s://%s", next.URL.Scheme, clip(next.URL.Host))
	}
	if len(before) > mostRedirects {
		return fault(KindRedirect, "sends us on more than %d times", mostRedirects)
	}
	return nil
}

// get asks for a path below the base. Its error is a *Fault, or that of ctx where it was cancelled.
func (c *client) get(ctx context.Context, path string, query url.Values) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	address := c.base.JoinPath(path)
	address.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(c.spacing.each(ctx, c.base.Host), http.MethodGet, address.String(), nil)
	if err != nil {
		return reply{}, fault(KindHTTP, "making a request: %w", err)
	}
	request.Header = c.header.Clone()
	request.Header.Set("User-Agent", userAgent)
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return reply{}, c.explain(err)
	}
	defer func() { _ = response.Body.Close() }()
	return c.read(response)
}

func (c *client) read(response *http.Response) (reply, error) {
	if response.StatusCode != http.StatusOK {
		return reply{}, c.refused(response)
	}
	if kind := response.Header.Get("Content-Type"); !isJSON(kind) {
		return reply{}, fault(KindContentType, "%s answers with %q instead of JSON", c.base.Host, clip(kind))
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, longestBody+1))
	if err != nil {
		return reply{}, c.explain(err)
	}
	if len(body) > longestBody {
		return reply{}, fault(KindTooLarge, "%s answers with more than %d bytes", c.base.Host, longestBody)
	}
	if !json.Valid(body) {
		return reply{}, fault(KindMalformed, "%s answers with broken JSON: %s", c.base.Host, clip(string(body)))
	}
	return reply{body, response.Header, time.Now()}, nil
}

func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/json" || kind == "text/json" || strings.HasSuffix(kind, "+json"))
}

// refused makes a fault of an answer with another status than 200.
func (c *client) refused(response *http.Response) *Fault {
	body, _ := io.ReadAll(io.LimitReader(response.Body, 4<<10)) // what was read is what is shown
	said := string(body)
	if c.secret != "" {
		said = strings.ReplaceAll(said, c.secret, "***")
	}
	if !isJSON(response.Header.Get("Content-Type")) {
		said = "" // a page of HTML tells nothing in one line
	}
	f := fault(kindOfStatus(response.StatusCode), "%s answers %s %s", c.base.Host, response.Status, clip(strings.TrimSpace(said)))
	f.After = retryAfter(response.Header, time.Now())
	f.body = body
	return f
}

func kindOfStatus(status int) Kind {
	switch {
	case status == http.StatusTooManyRequests:
		return KindRateLimited
	case status == http.StatusTeapot:
		return KindBanned
	case status == http.StatusForbidden:
		return KindForbidden
	case status == http.StatusUnavailableForLegalReasons:
		return KindRestricted
	case status == http.StatusUnauthorized:
		return KindUnauthorized
	case status >= 500:
		return KindServer
	}
	return KindHTTP
}

// explain makes a fault of a request that got no answer, or not all of it.
func (c *client) explain(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	var known *Fault
	if errors.As(err, &known) {
		return fault(known.Kind, "%s %w", c.base.Host, known.err)
	}
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err // without the address: it is long, and the same each time
	}
	return fault(kindOf(err), "asking %s: %w", c.base.Host, err)
}

func kindOf(err error) Kind {
	var dns *net.DNSError
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var authority x509.UnknownAuthorityError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &dns):
		return KindDNS
	case errors.As(err, &verify), errors.As(err, &record), errors.As(err, &alert), errors.As(err, &authority), errors.Is(err, http.ErrSchemeMismatch):
		return KindTLS
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return KindTimeout
	}
	return KindNetwork
}
