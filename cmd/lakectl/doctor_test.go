package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/doctor"
)

func TestMemAvailable(t *testing.T) {
	for text, want := range map[string]uint64{"MemTotal: 8 kB\nMemAvailable:    2048 kB\nX: 1 kB\n": 2 << 20, "": 0, "MemAvailable: much kB": 0} {
		if got, ok := memAvailable([]byte(text)); got != want || ok != (want > 0) {
			t.Errorf("%q: got %d, %v", text, got, ok)
		}
	}
}

// A server that says no, redirects or has another clock tells the time all the same; one that can't be reached is no
// problem.
func TestExamineClock(t *testing.T) {
	for ahead, want := range map[time.Duration]doctor.State{0: doctor.OK, time.Hour: doctor.Problem, -time.Hour: doctor.Problem} {
		for _, code := range []int{http.StatusOK, http.StatusTeapot, http.StatusFound} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", time.Now().Add(-ahead).UTC().Format(http.TimeFormat))
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(code)
			}))
			if f := examineClock(t.Context(), server.URL); f.State != want {
				t.Errorf("%s, %d: got %+v", ahead, code, f)
			}
			server.Close()
			if f := examineClock(t.Context(), server.URL); f.State != doctor.OK {
				t.Errorf("offline: got %+v", f)
			}
		}
	}
	if f := examineClock(t.Context(), "://"); f.State != doctor.Warning || f.Remedy == "" {
		t.Errorf("no address: got %+v", f)
	}
}
