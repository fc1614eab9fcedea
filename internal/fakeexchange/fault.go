package fakeexchange

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is one way to misbehave; the zero value is none. See Kinds.
type Fault struct {
	Kind string
	// Arg is a Retry-After for a status: seconds such as "5", or "date:5" for the same as a date.
	Arg string
}

// Kinds are the faults of the REST APIs. A number is a status, whose argument is a Retry-After. For the
// stream a status is that of the handshake; it also knows "stall", "close", "shutdown", "reset",
// "malformed", "null" and "exponent".
var Kinds = []string{
	"429", "418", "451", "403", "500", "502", "503", "html", "empty", "missing", "null", "exponent",
	"malformed", "cut", "drip", "endless", "bomb", "reset", "redirect",
}

var streamKinds = []string{"stall", "close", "shutdown"}

// Plan says what is wrong with request n (from 0) to an API, so long after the start. The stream asks
// for each of its ticks too.
type Plan func(api string, n int, since time.Duration) Fault

// Always is one fault for all requests to an API; "" is every API.
func Always(api string, f Fault) Plan {
	return func(asked string, _ int, _ time.Duration) Fault {
		if api != "" && asked != api {
			return Fault{}
		}
		return f
	}
}

// Cycle answers so many requests well, then one with the next fault, and so on from the first again.
func Cycle(good int, faults ...Fault) Plan {
	return func(_ string, n int, _ time.Duration) Fault {
		if n%(good+1) < good {
			return Fault{}
		}
		return faults[n/(good+1)%len(faults)]
	}
}

// window is a part of a script.
type window struct {
	from, to time.Duration // since the start; to 0 is no end
	api      string        // "" is every
	fault    Fault
}

// ParseScript reads a plan such as "10s-15s 429=2, 20s- 500 coingecko": from, to, the fault with its
// argument, and the API it is for.
func ParseScript(text string) (Plan, error) {
	var windows []window
	for part := range strings.SplitSeq(text, ",") {
		w, err := parseWindow(strings.Fields(part))
		if err != nil {
			return nil, fmt.Errorf("script %q: %w", strings.TrimSpace(part), err)
		}
		windows = append(windows, w)
	}
	return func(api string, _ int, since time.Duration) Fault {
		for _, w := range windows {
			if since >= w.from && (w.to == 0 || since < w.to) && (w.api == "" || w.api == api) {
				return w.fault
			}
		}
		return Fault{}
	}, nil
}

func parseWindow(words []string) (w window, err error) {
	if len(words) < 2 || len(words) > 3 {
		return w, fmt.Errorf(`must be like "10s-15s 429=2 binance"`)
	}
	from, to, ok := strings.Cut(words[0], "-")
	if w.from, err = time.ParseDuration(from); err != nil || !ok {
		return w, fmt.Errorf(`%q is no span of time like 10s-15s`, words[0])
	}
	if to != "" {
		if w.to, err = time.ParseDuration(to); err != nil || w.to <= w.from {
			return w, fmt.Errorf("%q is no span of time like 10s-15s", words[0])
		}
	}
	if w.fault, err = ParseFault(words[1]); err != nil {
		return w, err
	}
	if len(words) == 3 {
		if w.api = words[2]; !slices.Contains([]string{Binance, Stream, CoinGecko}, w.api) {
			return w, fmt.Errorf("%q is none of %s, %s, %s", w.api, Binance, Stream, CoinGecko)
		}
	}
	return w, nil
}

// ParseFault reads a fault such as "429=date:5".
func ParseFault(text string) (Fault, error) {
	kind, arg, _ := strings.Cut(text, "=")
	if !slices.Contains(Kinds, kind) && !slices.Contains(streamKinds, kind) {
		return Fault{}, fmt.Errorf("%q is none of %s", kind, strings.Join(slices.Concat(Kinds, streamKinds), ", "))
	}
	f := Fault{kind, arg}
	if arg != "" && (f.status() == 0 || f.wait() <= 0) {
		return Fault{}, fmt.Errorf("%q: only a status takes an argument, a Retry-After like 5 or date:5", text)
	}
	return f, nil
}

// status is the HTTP status that the fault is; 0 if it is none.
func (f Fault) status() int {
	n, err := strconv.Atoi(f.Kind)
	if err != nil {
		return 0
	}
	return n
}

// wait is how long the client is told to stay away.
func (f Fault) wait() time.Duration {
	n, err := strconv.Atoi(strings.TrimPrefix(f.Arg, "date:"))
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

// inAnswer tells whether the API answers and the fault, if there is one, is within.
func (f Fault) inAnswer(api string) bool {
	switch f.Kind {
	case "", "missing", "null", "exponent":
		return true
	}
	return api == Stream && f.status() == 0 && f.Kind != "html" && f.Kind != "redirect"
}

// retryAfter prints as the header's seconds, rounded up.
type retryAfter time.Duration

func (r retryAfter) String() string {
	return strconv.Itoa(int((time.Duration(r) + time.Second - 1) / time.Second))
}
