package exchange

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// longestWait bounds what a server can ask for: Binance's longest ban.
const longestWait = 3 * 24 * time.Hour

// retryAfter reads Retry-After, in seconds or as a date; 0 if there is none that can be read. A date is
// compared with the server's own, so that a clock that is wrong here does no harm.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, longestWait)
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if theirs, err := http.ParseTime(header.Get("Date")); err == nil {
		now = theirs
	}
	return min(max(until.Sub(now), 0), longestWait)
}
