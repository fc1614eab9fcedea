package localtest

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/cryptostream/lakectl/internal/local"
)

// Gateway stands in front of a Spark Connect server as a Databricks workspace does: one TLS port for gRPC
// and the REST API, which wants a token that expires and the id of a cluster. Tests use it to cut, refuse
// and delay.
type Gateway struct {
	Host    string // 127.0.0.1:port
	CA      []byte // signed its certificate, PEM
	Cluster string // the id that x-databricks-cluster-id must have

	server *httptest.Server
	rest   http.ServeMux

	mu      sync.Mutex
	tokens  int    // made so far
	token   string // the only good one
	state   string // of the cluster
	fails   func(r *http.Request) int
	refused int
	started int
}

// NewGateway starts one and stops it when the test ends. It speaks for the cluster "0123-456789-abcdefgh",
// which runs.
func NewGateway(t testing.TB, spark *local.Spark) *Gateway {
	t.Helper()
	g := &Gateway{Cluster: "0123-456789-abcdefgh", state: "RUNNING"}
	g.Rotate()
	backend := &http.Transport{Protocols: new(http.Protocols)}
	backend.Protocols.SetUnencryptedHTTP2(true)
	proxy := &httputil.ReverseProxy{
		Transport: backend,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: spark.Remote})
			r.Out.Header.Set("Authorization", "Bearer "+spark.Token)
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) { answer(w, 14, err.Error()) },
	}
	g.routes()
	g.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch status := g.failure(r); {
		case status != 0:
			http.Error(w, http.StatusText(status), status)
		case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc"):
			g.rest.ServeHTTP(w, r)
		case g.admits(w, r):
			proxy.ServeHTTP(w, r)
		}
	}))
	g.server.EnableHTTP2 = true
	g.server.StartTLS()
	t.Cleanup(func() {
		g.server.CloseClientConnections() // streams may be open
		g.server.Close()
		backend.CloseIdleConnections()
	})
	g.Host = g.server.Listener.Addr().String()
	g.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: g.server.Certificate().Raw})
	return g
}

// admits refuses a call as a workspace would, unless its headers are right.
func (g *Gateway) admits(w http.ResponseWriter, r *http.Request) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case r.Header.Get("Authorization") != "Bearer "+g.token:
		g.refused++
		answer(w, 16, "Invalid access token.")
	case r.Header.Get("x-databricks-cluster-id") != g.Cluster:
		answer(w, 3, "Cluster "+r.Header.Get("x-databricks-cluster-id")+" does not exist")
	case g.state != "RUNNING":
		answer(w, 14, "TEMPORARILY_UNAVAILABLE: Cluster "+g.Cluster+" is temporarily unavailable.")
	default:
		g.started++
		return true
	}
	return false
}

// answer ends a call with a gRPC status and nothing else.
func answer(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Grpc-Status", fmt.Sprint(status))
	w.Header().Set("Grpc-Message", url.PathEscape(message))
	w.WriteHeader(http.StatusOK)
}

func (g *Gateway) failure(r *http.Request) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fails == nil {
		return 0
	}
	return g.fails(r)
}

// Token returns the token that is good now.
func (g *Gateway) Token() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.token
}

// Rotate makes another token the good one; calls with the old one are refused from now on.
func (g *Gateway) Rotate() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tokens++
	g.token = fmt.Sprintf("dapi-%d", g.tokens)
	return g.token
}

// Refused returns how many calls had a wrong token.
func (g *Gateway) Refused() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refused
}

// Admitted returns how many calls were passed on to Spark.
func (g *Gateway) Admitted() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.started
}

// Fail answers requests with the HTTP status that fails gives, 0 for none; nil ends it.
func (g *Gateway) Fail(fails func(r *http.Request) int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fails = fails
}

// SetState puts the cluster into a state such as TERMINATED or PENDING; calls pass while it is RUNNING.
func (g *Gateway) SetState(state string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.state = state
}

// Cut closes every connection, whatever is under way on it.
func (g *Gateway) Cut() { g.server.CloseClientConnections() }
