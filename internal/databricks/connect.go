package databricks

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	sdk "github.com/databricks/databricks-sdk-go"
	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/config"
	"github.com/databricks/databricks-sdk-go/service/compute"
	"github.com/databricks/databricks-sdk-go/service/iam"

	"github.com/cryptostream/lakectl/internal/exit"
)

// ClusterOptions say which cluster of which workspace; what is "" the SDK looks for itself: DATABRICKS_*, then
// ~/.databrickscfg.
type ClusterOptions struct {
	Profile string // section of ~/.databrickscfg
	Host    string // the workspace's address
	Cluster string // id
	CA      []byte // authorities to trust, PEM; the system's where empty
}

// Cluster is a cluster as a Spark Connect server, and who is let in there. It is safe for concurrent use.
type Cluster struct {
	ID     string
	Remote string // connection string, without a token
	User   string // who I am: a user's name, or a service principal's application id

	options ClusterOptions

	mu     sync.Mutex
	config *config.Config
	token  string // the last one given
}

// OpenCluster finds credentials and asks who they are. It does not look at the cluster.
func OpenCluster(ctx context.Context, o ClusterOptions) (*Cluster, error) {
	c := &Cluster{options: o}
	var err error
	if c.config, err = c.configure(""); err != nil {
		return nil, err
	}
	if c.ID = c.config.ClusterID; c.ID == "" {
		hint := "name it by --set spark.cluster=ID, DATABRICKS_CLUSTER_ID, or cluster_id in ~/.databrickscfg"
		if c.config.ServerlessComputeID != "" {
			hint += "; serverless compute runs no queries that go on, deploy notebooks there"
		}
		return nil, exit.New(exit.Usage, errors.New("the target names no cluster"), hint)
	}
	host, err := url.Parse(c.config.Host)
	if err != nil {
		return nil, fmt.Errorf("the workspace's address: %w", err)
	}
	port := host.Port()
	if port == "" {
		port = "443"
	}
	c.Remote = fmt.Sprintf("sc://%s:%s/;use_ssl=true;x-databricks-cluster-id=%s", host.Hostname(), port, c.ID)
	if _, err := c.Token(ctx, ""); err != nil {
		return nil, err
	}
	w, err := c.workspace()
	if err != nil {
		return nil, err
	}
	me, err := w.CurrentUser.Me(ctx, iam.MeRequest{})
	if err != nil {
		return nil, c.refusal(err)
	}
	c.User = me.UserName
	return c, nil
}

// configure reads the configuration: at each call anew, so that a token that was replaced there is found.
// authType is the kind of login that has worked before; "" tries each.
func (c *Cluster) configure(authType string) (*config.Config, error) {
	transport, err := transportFor(c.options.CA)
	if err != nil {
		return nil, err
	}
	cfg := &config.Config{
		Profile: c.options.Profile, Host: c.options.Host, ClusterID: c.options.Cluster,
		HTTPTransport: transport, RetryTimeoutSeconds: 5, AuthType: authType,
	}
	withoutMetadata(cfg)
	if err := cfg.EnsureResolved(); err != nil {
		return nil, exit.New(exit.Usage, fmt.Errorf("the workspace's configuration: %w", err), "look at ~/.databrickscfg, --profile and DATABRICKS_*")
	}
	cfg.Host = cfg.CanonicalHostName()
	if cfg.Host == "" {
		return nil, noCredentials()
	}
	return cfg, nil
}

func transportFor(ca []byte) (http.RoundTripper, error) {
	if len(ca) == 0 {
		return http.DefaultTransport, nil
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, exit.New(exit.Usage, errors.New("there is no certificate among the authorities"), "give them in PEM")
	}
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second}
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return t, nil
}

// Token gives the bearer token for the next call. refused is one that the cluster has just refused: the
// configuration is then read, and logged in with, anew. The error of one that can't be had at the moment has
// no exit code; one that can't be had at all has.
func (c *Cluster) Token(ctx context.Context, refused string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if refused != "" && refused == c.token {
		fresh, err := c.configure(c.config.AuthType)
		if err != nil {
			return "", err
		}
		c.config = fresh
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.config.Host, nil)
	if err != nil {
		return "", fmt.Errorf("the workspace's address: %w", err)
	}
	if err := c.config.Authenticate(request); err != nil {
		return "", c.signInFailed(err)
	}
	token, isBearer := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
	if !isBearer {
		return "", exit.New(exit.Usage, fmt.Errorf("credentials of the kind %s don't open Spark Connect", c.config.AuthType), "use a token or OAuth")
	}
	c.token = token
	return token, nil
}

// signInFailed has an exit code where trying again won't help.
func (c *Cluster) signInFailed(err error) error {
	switch id := c.config.ClientID; {
	case errors.Is(err, apierr.ErrUnauthenticated), errors.Is(err, apierr.ErrPermissionDenied), errors.Is(err, apierr.ErrBadRequest):
		return exit.New(exit.Failed, fmt.Errorf("the workspace %s does not take the credentials (%s): %w", c.config.Host, c.config.AuthType, err), logInAgain)
	case errors.Is(err, config.ErrCannotConfigureDefault) && id != "":
		return exit.New(exit.Failed, fmt.Errorf("the workspace %s does not take the credentials of %s", c.config.Host, id), logInAgain)
	case errors.Is(err, config.ErrCannotConfigureDefault):
		return noCredentials()
	}
	return fmt.Errorf("sign in to %s: %w", c.config.Host, err)
}

// logInAgain is what helps when credentials are refused.
const logInAgain = "log in again with databricks auth login, or give a new token; --profile NAME takes other credentials"

func (c *Cluster) workspace() (*sdk.WorkspaceClient, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w, err := sdk.NewWorkspaceClient((*sdk.Config)(c.config))
	if err != nil {
		return nil, fmt.Errorf("the workspace's configuration: %w", err)
	}
	return w, nil
}

// refusal explains why a workspace gives no answer.
func (c *Cluster) refusal(err error) error {
	host := c.config.Host
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, apierr.ErrUnauthenticated), errors.Is(err, apierr.ErrPermissionDenied):
		return exit.New(exit.Failed, fmt.Errorf("the workspace %s does not take the credentials (%s): %w", host, c.config.AuthType, err), logInAgain)
	}
	return exit.New(exit.Failed, fmt.Errorf("ask the workspace %s: %w", host, err),
		"is the address right? It is the target's databricks.host, DATABRICKS_HOST or the profile's host; --spark-ca trusts other authorities")
}

// AwaitRunning returns when the cluster runs. It waits for one that starts, says so, and starts none: that
// costs money. Any other state is an error.
func (c *Cluster) AwaitRunning(ctx context.Context, note func(format string, args ...any)) error {
	w, err := c.workspace()
	if err != nil {
		return err
	}
	for said := false; ; said = true {
		about, err := w.Clusters.GetByClusterId(ctx, c.ID)
		if errors.Is(err, apierr.ErrNotFound) || errors.Is(err, apierr.ErrInvalidParameterValue) {
			return exit.New(exit.Failed, fmt.Errorf("the workspace %s has no cluster %s: %w", c.config.Host, c.ID, err), "databricks clusters list shows those that there are")
		}
		if err != nil {
			return c.refusal(err)
		}
		switch about.State {
		case compute.StateRunning, compute.StateResizing:
			return nil
		case compute.StatePending, compute.StateRestarting:
			if !said {
				note("cluster %s (%s) is starting", about.ClusterName, c.ID)
			}
		default:
			return exit.New(exit.Failed, fmt.Errorf("cluster %s (%s) is %s: %s", about.ClusterName, c.ID, about.State, about.StateMessage),
				"start it: databricks clusters start "+c.ID)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

// pollEvery is how often a cluster that starts is looked at; it takes minutes.
const pollEvery = 3 * time.Second
