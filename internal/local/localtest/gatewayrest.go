package localtest

import (
	"encoding/json"
	"net/http"
)

// The gateway's service principal, for OAuth.
const (
	ClientID     = "lakectl-test"
	ClientSecret = "s3cret"
)

// routes are the part of the REST API that running on a cluster takes.
func (g *Gateway) routes() {
	g.rest.HandleFunc("GET /oidc/.well-known/oauth-authorization-server", func(w http.ResponseWriter, _ *http.Request) {
		g.json(w, http.StatusOK, map[string]any{"authorization_endpoint": "https://" + g.Host + "/oidc/v1/authorize", "token_endpoint": "https://" + g.Host + "/oidc/v1/token"})
	})
	g.rest.HandleFunc("POST /oidc/v1/token", func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if id != ClientID || secret != ClientSecret {
			g.json(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client", "error_description": "Client authentication failed"})
			return
		}
		g.json(w, http.StatusOK, map[string]any{"access_token": g.Rotate(), "token_type": "Bearer", "expires_in": 3600})
	})
	g.rest.HandleFunc("GET /api/2.1/clusters/get", g.withToken(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		state := g.state
		g.mu.Unlock()
		if r.URL.Query().Get("cluster_id") != g.Cluster {
			g.refuse(w, http.StatusBadRequest, "INVALID_PARAMETER_VALUE", "Cluster "+r.URL.Query().Get("cluster_id")+" does not exist")
			return
		}
		g.json(w, http.StatusOK, map[string]any{"cluster_id": g.Cluster, "cluster_name": "shared", "state": state, "state_message": "Inactive for 60 minutes"})
	}))
	g.rest.HandleFunc("GET /api/2.0/preview/scim/v2/Me", g.withToken(func(w http.ResponseWriter, _ *http.Request) {
		g.json(w, http.StatusOK, map[string]any{"userName": "jane.doe@example.com"})
	}))
}

func (g *Gateway) withToken(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+g.Token() {
			g.refuse(w, http.StatusForbidden, "PERMISSION_DENIED", "Invalid access token.")
			return
		}
		handle(w, r)
	}
}

func (g *Gateway) refuse(w http.ResponseWriter, status int, code, message string) {
	g.json(w, status, map[string]string{"error_code": code, "message": message})
}

func (g *Gateway) json(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
