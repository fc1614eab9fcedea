package fakeworkspace

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// adminGroup are the workspace's admins, who may do everything.
const adminGroup = "admins"

// User is somebody who calls: a user or a service principal.
type User struct {
	Name      string // an email; of a service principal, its application id
	Principal bool   // a service principal
	ID        string
	Groups    []string
}

func (u *User) admin() bool { return slices.Contains(u.Groups, adminGroup) }

type token struct {
	user    *User
	expires time.Time // zero is never
}

// AddUser adds a user with a personal access token, "" for none; groups that do not exist are made.
func (w *Workspace) AddUser(name, pat string, groups ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.addUser(&User{Name: name, Groups: groups}, pat)
}

// AddPrincipal adds a service principal, which gets tokens from /oidc/v1/token for its secret.
func (w *Workspace) AddPrincipal(applicationID, secret string, groups ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.addUser(&User{Name: applicationID, Principal: true, Groups: groups}, "")
	w.clients[applicationID] = secret
}

func (w *Workspace) addUser(u *User, pat string) {
	u.ID = strconv.FormatInt(w.id(), 10)
	for _, group := range u.Groups {
		w.groups[group] = true
	}
	w.users[u.Name] = u
	if pat != "" {
		w.tokens[pat] = &token{user: u}
	}
	w.makeDir("/Users/" + u.Name)
	w.acls[w.aclKey("/Users/"+u.Name)] = []acl{{u.kind(), u.Name, "CAN_MANAGE"}}
}

// AddAccountGroup adds a group of the account, which Unity Catalog can grant to; it does not know the groups
// of the workspace, `admins` and `users` among them.
func (w *Workspace) AddAccountGroup(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.groups[name], w.accounts[name] = true, true
}

// ExpireTokens ends every token that was given out, personal ones too. A service principal gets new ones.
func (w *Workspace) ExpireTokens() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.tokens {
		t.expires = w.opts.Now().Add(-time.Second)
	}
}

func (u *User) kind() string {
	if u.Principal {
		return "service_principal_name"
	}
	return "user_name"
}

func (w *Workspace) authRoutes() {
	w.handle("GET /.well-known/databricks-config", w.config)
	w.handle("GET /oidc/.well-known/oauth-authorization-server", w.discovery)
	w.handle("POST /oidc/v1/token", w.giveToken)
}

// authenticate finds who calls; nil where nobody needs to say.
func (w *Workspace) authenticate(r *http.Request) (*User, *Error) {
	if strings.HasPrefix(r.URL.Path, "/oidc/") || strings.HasPrefix(r.URL.Path, "/.well-known/") {
		return nil, nil
	}
	bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, refusal(http.StatusUnauthorized, "UNAUTHENTICATED", "Credential was not sent or was of an unsupported type for this API.")
	}
	if id := r.Header.Get("X-Databricks-Workspace-Id"); id != "" && id != strconv.Itoa(OrgID) {
		return nil, refusal(http.StatusBadRequest, "INVALID_PARAMETER_VALUE", "Workspace %s is not the one of this host.", id)
	}
	t, ok := w.tokens[bearer]
	if !ok {
		return nil, &Error{Status: http.StatusForbidden, Code: http.StatusForbidden, Message: "Invalid access token."}
	}
	if !t.expires.IsZero() && !w.opts.Now().Before(t.expires) {
		return nil, refusal(http.StatusUnauthorized, "UNAUTHENTICATED", "Token is expired")
	}
	return t.user, nil
}

func (c *call) host() string {
	if c.TLS != nil {
		return "https://" + c.Host
	}
	return "http://" + c.Host
}

func (w *Workspace) config(c *call) (any, *Error) {
	return object{
		"oidc_endpoint": c.host() + "/oidc", "workspace_id": strconv.Itoa(OrgID), "host_type": "WORKSPACE_HOST", "cloud": "AWS",
		"token_federation_default_oidc_audiences": []string{c.host() + "/oidc/v1/token"},
	}, nil
}

func (w *Workspace) discovery(c *call) (any, *Error) {
	return object{
		"issuer": c.host() + "/oidc", "authorization_endpoint": c.host() + "/oidc/v1/authorize", "token_endpoint": c.host() + "/oidc/v1/token",
		"grant_types_supported": []string{"client_credentials", "authorization_code", "refresh_token"},
	}, nil
}

// giveToken is OAuth's client credentials grant.
func (w *Workspace) giveToken(c *call) (any, *Error) {
	id, secret, ok := c.BasicAuth()
	user := w.users[id]
	if !ok || user == nil || secret == "" || w.clients[id] != secret {
		return nil, refusal(http.StatusUnauthorized, "invalid_client", "Client authentication failed")
	}
	bearer := fmt.Sprintf("oauth-%d", w.id())
	// A little more than is said, for a request on its way.
	w.tokens[bearer] = &token{user: user, expires: w.opts.Now().Add(w.opts.TokenLifetime + 2*time.Second)}
	return object{"access_token": bearer, "token_type": "Bearer", "expires_in": int(w.opts.TokenLifetime.Seconds()), "scope": "all-apis"}, nil
}

// knows finds a principal of a kind: user_name, group_name or service_principal_name.
func (w *Workspace) knows(kind, name string) bool {
	if kind == "group_name" {
		return w.groups[name]
	}
	u := w.users[name]
	return u != nil && u.kind() == kind
}
