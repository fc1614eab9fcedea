package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealthcheck(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			http.Error(w, "kafka is away", http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	for _, c := range []struct {
		url, want string
		code      int
	}{
		{server.URL + "/readyz", "", 0},
		{server.URL + "/", "503 Service Unavailable: kafka is away", 1},
		{"http://127.0.0.1:1/", "connection refused", 1},
		{"http://%", "invalid URL", 2},
	} {
		var stderr bytes.Buffer
		code := run([]string{"healthcheck", c.url}, nil, &bytes.Buffer{}, &stderr)
		if code != c.code || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%s: exit code %d: %s", c.url, code, &stderr)
		}
	}
}
