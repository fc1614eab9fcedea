package fakeworkspace_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	databricks "github.com/databricks/databricks-sdk-go"
	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/client"
	"go.uber.org/goleak"

	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

// The SDK brings a library that starts a goroutine when it is loaded.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

const (
	me  = "me@example.com"
	you = "you@example.com"
	pat = "dapi-me"
)

// open gives a workspace with an admin and somebody else, and the SDK's client of the admin.
func open(t *testing.T, o fakeworkspace.Options) (*fakeworkspace.Workspace, *databricks.WorkspaceClient) {
	t.Helper()
	w := fakeworkspace.New(o)
	w.AddUser(me, pat, "admins")
	w.AddUser(you, "dapi-you")
	w.AddPrincipal("11112222-3333-4444-5555-666677778888", "s3cret", "admins")
	return w, dial(t, w, pat)
}

// dial serves a workspace and connects the SDK to it with a token.
func dial(t *testing.T, w *fakeworkspace.Workspace, token string) *databricks.WorkspaceClient {
	t.Helper()
	return connect(t, w, &databricks.Config{Token: token, AuthType: "pat"})
}

func connect(t *testing.T, w *fakeworkspace.Workspace, c *databricks.Config) *databricks.WorkspaceClient {
	t.Helper()
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	c.Host, c.HTTPTransport = server.URL, server.Client().Transport
	c.ConfigFile = filepath.Join(t.TempDir(), "none")
	c.RateLimitPerSecond = 1000
	client, err := databricks.NewWorkspaceClient(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// refused fails unless an error is the API's, with a status, a code and a part of the message.
func refused(t *testing.T, err error, status int, code, part string) {
	t.Helper()
	var e *apierr.APIError
	if !errors.As(err, &e) {
		t.Fatalf("error %v is none of the API; want %d %s", err, status, code)
	}
	if e.StatusCode != status || e.ErrorCode != code || !strings.Contains(e.Message, part) {
		t.Errorf("got %d %s %q, want %d %s %q", e.StatusCode, e.ErrorCode, e.Message, status, code, part)
	}
}

func must[T any](t *testing.T) func(v T, err error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// post sends what the SDK's types can't say.
func post(t *testing.T, c *databricks.WorkspaceClient, path string, body any) error {
	t.Helper()
	api, err := client.New(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	return api.Do(t.Context(), http.MethodPost, path, map[string]string{"Content-Type": "application/json"}, nil, body, nil)
}
