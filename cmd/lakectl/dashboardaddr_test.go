package main

import (
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/internal/exit"
)

func TestTokenFor(t *testing.T) {
	const given = "0123456789abcdef"
	for _, c := range []struct {
		addr, given string
		token       string // "made" for a made up one
		code        int
	}{
		{"", "", "", 0},
		{"127.0.0.1:0", "", "", 0},
		{"localhost:8088", "", "", 0},
		{"[::1]:8088", "", "", 0},
		{"127.0.0.1:0", given, given, 0},
		{"0.0.0.0:8088", "", "made", 0},
		{":8088", "", "made", 0},
		{"example.org:8088", "", "made", 0},
		{"0.0.0.0:8088", given, given, 0},
		{"0.0.0.0:8088", "short", "", 2},
		{"8088", "", "", 2},
	} {
		token, made, err := tokenFor(c.addr, c.given)
		if exit.Code(err) != c.code || (err == nil && made != (c.token == "made")) || (err == nil && !made && token != c.token) || (made && len(token) < 32) {
			t.Errorf("%q with token %q: %q, made up %t, %v", c.addr, c.given, token, made, err)
		}
	}
}

// TestListenDashboard takes another port where the default one is taken, but never another than was named.
func TestListenDashboard(t *testing.T) {
	if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(defaultDashboardPort))); err == nil {
		t.Cleanup(func() { l.Close() })
	}
	l, err := listenDashboard("")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if port := l.Addr().(*net.TCPAddr).Port; port == defaultDashboardPort || !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		t.Errorf("listens on %s", l.Addr())
	}
	_, err = listenDashboard(l.Addr().String())
	if exit.Code(err) != exit.Failed || !strings.Contains(exit.Hint(err), "--addr") {
		t.Errorf("a port that is taken: %v, hint %q", err, exit.Hint(err))
	}
	if url := shownURL(l.Addr()); url != "http://"+l.Addr().String()+"/" {
		t.Errorf("shown as %s", url)
	}
	if url := shownURL(&net.TCPAddr{IP: net.IPv4zero, Port: 8088}); strings.Contains(url, "0.0.0.0") || !strings.HasSuffix(url, ":8088/") {
		t.Errorf("shown as %s", url)
	}
}
