package dashboard

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"strings"
)

// headers are on every answer. The page has no inline script or style, and talks to its own server only.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

// guard sets the headers and lets in who may see the page: with a token, who has it; without, who calls
// this machine by a name that no other site can have (DNS rebinding).
func guard(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		switch {
		case token == "" && !loopback(r.Host):
			refuse(w, http.StatusMisdirectedRequest, "this dashboard answers to localhost and 127.0.0.1 only")
		case token == "":
			next.ServeHTTP(w, r)
		default:
			checkToken(w, r, token, next)
		}
	})
}

func loopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	ip := net.ParseIP(name)
	return strings.EqualFold(name, "localhost") || ip != nil && ip.IsLoopback()
}

// checkToken takes a token from the address once and keeps a cookie of it, so that it does not stay in
// the address bar, in the history and in screenshots.
func checkToken(w http.ResponseWriter, r *http.Request, token string, next http.Handler) {
	proof := proofOf(token)
	cookie := "lakectl_" + proof[:8] // other dashboards of this machine have their own
	if c, err := r.Cookie(cookie); err == nil && same(c.Value, proof) {
		if r.URL.Path == "/" && r.URL.Query().Has("token") {
			withoutToken(w, r)
			return
		}
		next.ServeHTTP(w, r)
		return
	}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && same(bearer, token) {
		next.ServeHTTP(w, r)
		return
	}
	if r.URL.Path == "/" && same(r.URL.Query().Get("token"), token) {
		http.SetCookie(w, &http.Cookie{Name: cookie, Value: proof, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		withoutToken(w, r)
		return
	}
	deny(w, r)
}

// withoutToken sends the browser to the same page without the token in its address.
func withoutToken(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	q.Del("token")
	target := "/"
	if len(q) > 0 {
		target += "?" + q.Encode()
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// deny shows the page that asks for the token, and the style that it needs.
func deny(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/static/style.css":
		pages["style.css"].ServeHTTP(w, r)
	case "/":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write(pages["denied.html"].plain)
	default:
		refuse(w, http.StatusUnauthorized, "a token is needed: open the address that lakectl has printed")
	}
}

// proofOf is what the cookie holds instead of the token.
func proofOf(token string) string {
	sum := sha256.Sum256([]byte("lakectl dashboard\x00" + token))
	return hex.EncodeToString(sum[:])
}

// same compares without telling by its time how much is equal.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
