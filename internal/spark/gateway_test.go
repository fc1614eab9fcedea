package spark_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/internal/spark"
)

// testGateway runs against the server behind TLS, tokens that are taken back, and connections that break.
func testGateway(t *testing.T, server *local.Spark) {
	g := localtest.NewGateway(t, server)
	for name, test := range map[string]func(*testing.T, *localtest.Gateway, *local.Spark){
		"headers":                 testHeaders,
		"rotated tokens":          testRotatedTokens,
		"token expires in a call": testExpiryInCall,
		"token expired for good":  testExpiredForGood,
		"statuses of a proxy":     testProxyStatuses,
		"cut in a call":           testCutInCall,
	} {
		t.Run(name, func(t *testing.T) { test(t, g, server) })
	}
}

// wallet is a token source that fetches another token when one was refused, like a login would.
type wallet struct {
	mu      sync.Mutex
	fetch   func() string
	token   string
	renewed int
}

func (w *wallet) give(_ context.Context, refused string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.token == "" || refused == w.token {
		w.token = w.fetch()
		w.renewed++
	}
	return w.token, nil
}

func throughGateway(t *testing.T, g *localtest.Gateway, change func(*spark.Options)) (*spark.Session, error) {
	t.Helper()
	o := spark.Options{
		Remote: "sc://" + g.Host + "/;use_ssl=true;x-databricks-cluster-id=" + g.Cluster, CA: g.CA,
		TokenSource: (&wallet{fetch: g.Token}).give, RetryFor: 3 * time.Second,
	}
	if change != nil {
		change(&o)
	}
	s, err := spark.Connect(t.Context(), o)
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

func testHeaders(t *testing.T, g *localtest.Gateway, _ *local.Spark) {
	for name, change := range map[string]func(*spark.Options){
		"another cluster":     func(o *spark.Options) { o.Remote = "sc://" + g.Host + "/;use_ssl=true;x-databricks-cluster-id=other" },
		"no cluster":          func(o *spark.Options) { o.Remote = "sc://" + g.Host + "/;use_ssl=true" },
		"no token":            func(o *spark.Options) { o.TokenSource = nil },
		"unknown authorities": func(o *spark.Options) { o.CA = nil },
		"no authorities":      func(o *spark.Options) { o.CA = []byte("none") },
	} {
		if _, err := throughGateway(t, g, change); err == nil {
			t.Errorf("%s: it was let in", name)
		} else if name == "no token" && !spark.Refused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func testRotatedTokens(t *testing.T, g *localtest.Gateway, _ *local.Spark) {
	w := &wallet{fetch: g.Token}
	s, err := throughGateway(t, g, func(o *spark.Options) { o.TokenSource = w.give })
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		g.Rotate()
		if rows, err := s.Query(t.Context(), "select 7"); err != nil || len(rows.Values) != 1 {
			t.Fatalf("after another token: %v", err)
		}
		g.Rotate()
		if _, err := s.Streams().Active(t.Context()); err != nil {
			t.Fatalf("a command after another token: %v", err)
		}
	}
	if w.renewed != 7 {
		t.Errorf("the token was fetched %d times for seven tokens", w.renewed)
	}
}

// testExpiryInCall has the token refused while the result of a call is waited for: the server ends each
// response stream after a second, and going on with it is another call.
func testExpiryInCall(t *testing.T, g *localtest.Gateway, _ *local.Spark) {
	s, err := throughGateway(t, g, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := g.Refused()
	time.AfterFunc(500*time.Millisecond, func() { g.Rotate() })
	rows, err := s.Query(t.Context(), "select java_method('java.lang.Thread', 'sleep', 3500L), 8 as eight")
	if err != nil || rows.Values[0][1] != int64(8) {
		t.Errorf("%v, %v", rows, err)
	}
	if g.Refused() == before {
		t.Error("no call was refused: the test is about nothing")
	}
}

func testExpiredForGood(t *testing.T, g *localtest.Gateway, server *local.Spark) {
	w := &wallet{fetch: g.Token}
	s, err := throughGateway(t, g, func(o *spark.Options) { o.TokenSource = w.give })
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	query, err := s.ReadStream("rate", nil).WriteStream().Checkpoint(dir+"/checkpoint").Start(t.Context(), dir+"/table")
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	w.fetch = func() string { return "expired" }
	w.mu.Unlock()
	g.Rotate()
	if _, err := query.Status(t.Context()); !spark.Refused(err) {
		t.Errorf("a command: %v", err)
	}
	if _, err := s.Query(t.Context(), "select 1"); !spark.Refused(err) {
		t.Errorf("a query: %v", err)
	}
	if _, err := s.ServerVersion(t.Context()); !spark.Refused(err) {
		t.Errorf("a unary call: %v", err)
	}
	direct := connect(t, server, s.ID())
	running, err := direct.Streams().Get(t.Context(), query.ID)
	if err != nil || running == nil {
		t.Fatalf("the query does not go on: %v", err)
	}
	if err := running.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func testProxyStatuses(t *testing.T, g *localtest.Gateway, _ *local.Spark) {
	s, err := throughGateway(t, g, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Fail(nil)
	for status, refused := range map[int]bool{http.StatusUnauthorized: true, http.StatusForbidden: true, http.StatusServiceUnavailable: false} {
		g.Fail(func(*http.Request) int { return status })
		_, err := s.ServerVersion(t.Context())
		if err == nil || spark.Refused(err) != refused || spark.Unavailable(err) == refused {
			t.Errorf("%d: %v", status, err)
		}
		left := 3
		g.Fail(func(*http.Request) int { // of which calls recover
			if left--; left >= 0 && status == http.StatusServiceUnavailable {
				return status
			}
			return 0
		})
		if rows, err := s.Query(t.Context(), "select 9"); err != nil || len(rows.Values) != 1 {
			t.Errorf("after some %d: %v", status, err)
		}
	}
}

func testCutInCall(t *testing.T, g *localtest.Gateway, _ *local.Spark) {
	s, err := throughGateway(t, g, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []time.Duration{200 * time.Millisecond, 2 * time.Second} {
		time.AfterFunc(after, g.Cut)
	}
	rows, err := s.Query(t.Context(), "select java_method('java.lang.Thread', 'sleep', 3500L), 10 as ten")
	if err != nil || rows.Values[0][1] != int64(10) {
		t.Errorf("%v, %v", rows, err)
	}
}
