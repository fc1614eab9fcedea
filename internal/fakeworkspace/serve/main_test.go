package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestServe(t *testing.T) {
	t.Setenv(tokenVar, "dapi-try")
	file := filepath.Join(t.TempDir(), "addr")
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	told, errs := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- serve(ctx, []string{"--addr-file", file, "--catalogs", "dev", "--latency", "1ms", "--fault", "GET /api/2.0/workspace/list status=503"}, &out, errs)
	}()
	line, err := bufio.NewReader(told).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSpace(string(text))
	get := func(path string) int {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer dapi-try")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	if a, b := get("/api/2.1/unity-catalog/catalogs/dev"), get("/api/2.0/workspace/list?path=/"); a != 200 || b != 503 {
		t.Errorf("answers are %d and %d", a, b)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 2 || !strings.Contains(line, url) {
		t.Errorf("wrote %s and %s", &out, line)
	}
}

func TestServeIsRefused(t *testing.T) {
	t.Setenv(tokenVar, "")
	for says, args := range map[string][]string{
		tokenVar:          nil,
		"not on loopback": {"--addr", "0.0.0.0:0"},
		"is none of":      {"--fault", "GET /x what=1"},
	} {
		if says != tokenVar {
			t.Setenv(tokenVar, "x")
		}
		if err := serve(t.Context(), args, new(bytes.Buffer), new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: error is %v", says, err)
		}
		t.Setenv(tokenVar, "")
	}
}
