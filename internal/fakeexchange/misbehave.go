package fakeexchange

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// dripEvery lies between the bytes of a body that drips.
const dripEvery = 200 * time.Millisecond

// fail answers as the fault says.
func (e *Exchange) fail(w http.ResponseWriter, r *http.Request, api string, f Fault) {
	h := w.Header()
	switch f.Kind {
	case "html":
		h.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, "<!DOCTYPE html><html><title>Just a moment...</title></html>")
	case "empty":
		answer(w, http.StatusOK, "", "[]")
	case "malformed":
		answer(w, http.StatusOK, "", `[{"symbol":"BTCUSDT","lastPrice":`)
	case "cut":
		h.Set("Content-Length", "1000")
		answer(w, http.StatusOK, "", `[{"symbol":"BTCUSDT","lastPrice":"64`)
	case "redirect":
		http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusFound)
	case "reset":
		reset(w)
	case "drip":
		e.drip(w, r)
	case "endless":
		h.Set("Content-Type", "application/json")
		pour(r, func(text []byte) error { _, err := w.Write(text); return err })
	case "bomb":
		h.Set("Content-Type", "application/json")
		h.Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		pour(r, func(text []byte) error {
			if _, err := packed.Write(text); err != nil {
				return err
			}
			return packed.Flush()
		})
	default:
		e.refuse(w, api, f)
	}
}

// refuse answers with a status, and with Retry-After if the fault has it.
func (e *Exchange) refuse(w http.ResponseWriter, api string, f Fault) {
	after := ""
	if wait := f.wait(); wait > 0 {
		after = retryAfter(wait).String()
		if strings.HasPrefix(f.Arg, "date:") {
			after = time.Now().Add(wait).UTC().Format(http.TimeFormat)
		}
	}
	text := `{"code":-1003,"msg":"Too much request weight used."}`
	switch {
	case f.status() == http.StatusUnavailableForLegalReasons:
		text = `{"code":0,"msg":"Service unavailable from a restricted location according to 'b. Eligibility'."}`
	case api == CoinGecko:
		text = fmt.Sprintf(`{"status":{"error_code":%d,"error_message":"You've exceeded the Rate Limit."}}`, f.status())
	}
	answer(w, f.status(), after, text)
}

// drip sends a byte now and then, until the client has enough.
func (e *Exchange) drip(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	ticker := time.NewTicker(dripEvery)
	defer ticker.Stop()
	for {
		if _, err := w.Write([]byte("[")); err != nil || http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			return
		case <-e.ctx.Done():
			return
		}
	}
}

// pour sends blanks until the client has enough; a GiB at most, in case that it never has.
func pour(r *http.Request, write func([]byte) error) {
	blanks := []byte(strings.Repeat(" ", 64<<10))
	for range 1 << 30 / len(blanks) {
		if r.Context().Err() != nil || write(blanks) != nil {
			return
		}
	}
}
