package databricks

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/local/localtest"
)

func TestMain(m *testing.M) {
	// The SDK's Google part starts one goroutine per process and never ends it.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// gateway is a workspace of which only the REST API is asked, and its user's ~/.databrickscfg.
type gateway struct {
	*localtest.Gateway
	t    *testing.T
	file string
}

func newGateway(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{localtest.NewGateway(t, &local.Spark{Remote: "127.0.0.1:1"}), t, filepath.Join(t.TempDir(), "databrickscfg")}
	for _, variable := range []string{"DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CLUSTER_ID", "DATABRICKS_CONFIG_PROFILE"} {
		t.Setenv(variable, "")
	}
	t.Setenv("DATABRICKS_CONFIG_FILE", g.file)
	return g
}

// configure writes the file: host and cluster, and what logs in.
func (g *gateway) configure(login string) {
	g.t.Helper()
	text := fmt.Sprintf("[DEFAULT]\nhost = https://%s\ncluster_id = %s\n%s\n", g.Host, g.Cluster, login)
	if err := os.WriteFile(g.file, []byte(text), 0o600); err != nil {
		g.t.Fatal(err)
	}
}

func (g *gateway) open() (*Cluster, error) {
	return OpenCluster(g.t.Context(), ClusterOptions{CA: g.CA})
}

func (g *gateway) mustOpen() *Cluster {
	g.t.Helper()
	c, err := g.open()
	if err != nil {
		g.t.Fatal(err)
	}
	return c
}

// TestReplacedToken: a token that was replaced in the file is found when the old one is refused, and not before.
func TestReplacedToken(t *testing.T) {
	g := newGateway(t)
	g.configure("token = " + g.Token())
	c := g.mustOpen()
	if want := "sc://" + g.Host + "/;use_ssl=true;x-databricks-cluster-id=" + g.Cluster; c.Remote != want || c.User != "jane.doe@example.com" {
		t.Errorf("%s as %s", c.Remote, c.User)
	}
	old := g.Token()
	g.configure("token = " + g.Rotate())
	for refused, want := range map[string]string{"": old, "some other": old} {
		if got, err := c.Token(t.Context(), refused); got != want || err != nil {
			t.Errorf("refused %q: %s, %v", refused, got, err)
		}
	}
	for _, refused := range []string{old, ""} {
		if got, err := c.Token(t.Context(), refused); got != g.Token() || err != nil {
			t.Errorf("refused %q: %s, %v", refused, got, err)
		}
	}
}

// TestOAuth logs in as a service principal: a refused token is replaced by another login.
func TestOAuth(t *testing.T) {
	g := newGateway(t)
	g.configure("client_id = " + localtest.ClientID + "\nclient_secret = " + localtest.ClientSecret)
	c := g.mustOpen()
	first, err := c.Token(t.Context(), "")
	if first != g.Token() || err != nil {
		t.Fatalf("%s, %v", first, err)
	}
	g.Rotate()
	second, err := c.Token(t.Context(), first)
	if second == first || second != g.Token() || err != nil {
		t.Errorf("%s, %v", second, err)
	}
	g.configure("client_id = " + localtest.ClientID + "\nclient_secret = revoked")
	if _, err := c.Token(t.Context(), second); !strings.Contains(exit.Hint(err), "log in again") {
		t.Errorf("a revoked secret: %v", err)
	}
}

func TestClusterStates(t *testing.T) {
	g := newGateway(t)
	g.configure("token = " + g.Token())
	c := g.mustOpen()
	if err := c.AwaitRunning(t.Context(), nil); err != nil {
		t.Error(err)
	}
	g.SetState("PENDING")
	noted := ""
	if err := c.AwaitRunning(t.Context(), func(format string, args ...any) {
		noted += fmt.Sprintf(format, args...)
		g.SetState("RUNNING")
	}); err != nil || !strings.Contains(noted, "starting") {
		t.Errorf("%v, noted %q", err, noted)
	}
	g.SetState("TERMINATED")
	err := c.AwaitRunning(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "TERMINATED: Inactive for 60 minutes") || !strings.Contains(exit.Hint(err), "databricks clusters start "+g.Cluster) {
		t.Errorf("%v, hint %q", err, exit.Hint(err))
	}
}

// TestMistakes: what is wrong with the way into a workspace is said with what helps.
func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		change     func(*gateway, *ClusterOptions)
		text, hint string
		code       int
	}{
		"no file":         {func(g *gateway, _ *ClusterOptions) { _ = os.Remove(g.file) }, "no credentials", "databricks auth login", exit.Failed},
		"no login":        {func(g *gateway, _ *ClusterOptions) { g.configure("") }, "no credentials", "DATABRICKS_TOKEN", exit.Failed},
		"no such profile": {func(_ *gateway, o *ClusterOptions) { o.Profile = "nobody" }, "nobody", "~/.databrickscfg", exit.Usage},
		"wrong token":     {func(g *gateway, _ *ClusterOptions) { g.configure("token = old") }, "does not take the credentials", "log in again", exit.Failed},
		"wrong secret": {func(g *gateway, _ *ClusterOptions) {
			g.configure("client_id = " + localtest.ClientID + "\nclient_secret = wrong")
		}, "credentials of lakectl-test", "log in again", exit.Failed},
		"other authorities": {func(_ *gateway, o *ClusterOptions) { o.CA = nil }, "certificate", "--spark-ca", exit.Failed},
		"no authorities":    {func(_ *gateway, o *ClusterOptions) { o.CA = []byte("none") }, "no certificate", "PEM", exit.Usage},
		"nobody there": {func(g *gateway, o *ClusterOptions) {
			g.t.Setenv("DATABRICKS_TOKEN", "t")
			o.Host, o.Cluster = "https://127.0.0.1:1", "c"
		}, "127.0.0.1:1", "address", exit.Failed},
		"no cluster":      {func(g *gateway, _ *ClusterOptions) { g.Cluster = ""; g.configure("token = " + g.Token()) }, "names no cluster", "spark.cluster", exit.Usage},
		"another cluster": {func(_ *gateway, o *ClusterOptions) { o.Cluster = "other" }, "other does not exist", "databricks clusters list", exit.Failed},
		"a password":      {func(g *gateway, _ *ClusterOptions) { g.configure("username = u\npassword = p") }, "basic", "OAuth", exit.Usage},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			g.configure("token = " + g.Token())
			o := ClusterOptions{CA: g.CA}
			c.change(g, &o)
			cluster, err := OpenCluster(t.Context(), o)
			if err == nil {
				err = cluster.AwaitRunning(t.Context(), nil)
			}
			if err == nil || !strings.Contains(err.Error(), c.text) || !strings.Contains(exit.Hint(err), c.hint) || exit.Code(err) != c.code {
				t.Errorf("got %v, hint %q, code %d", err, exit.Hint(err), exit.Code(err))
			}
		})
	}
}
