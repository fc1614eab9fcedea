// Package databricks is a workspace as internal/deploy asks for one, by the SDK: the only package that calls
// its API. Credentials are found by the SDK, as Databricks' own tools find them.
//
//	client.go       Open: configuration, who I am, what the workspace has
//	transport.go    what is repeated, and what must not be
//	errors.go       what an error means, and who can help
//	workspace.go    deploy.Workspace: which API a kind has
//	files.go        files of the workspace's tree: state and lock
//	folders.go      folders and notebooks
//	catalog.go      schemas and volumes
//	grants.go       privileges on a schema
//	secrets.go      scopes, secrets, who may read them
//	warehouses.go   SQL warehouses
//	jobs.go         jobs and their runs
//	permissions.go  rights on folders, jobs and warehouses
//	dashboards.go   dashboards
//	alerts.go       alerts
//	connect.go      a cluster as a Spark Connect server: tokens, state
//	fields.go       fields as the SDK's types and back
package databricks

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	sdk "github.com/databricks/databricks-sdk-go"
	"github.com/databricks/databricks-sdk-go/client"
	"github.com/databricks/databricks-sdk-go/config"
	"github.com/databricks/databricks-sdk-go/service/catalog"
	"github.com/databricks/databricks-sdk-go/service/compute"
	"github.com/databricks/databricks-sdk-go/service/iam"
	"github.com/databricks/databricks-sdk-go/useragent"

	"github.com/cryptostream/lakectl/internal/exit"
)

// requestsPerSecond is far above what one deploy makes; the workspace's own limit is told by 429.
const requestsPerSecond = 100

// Options say which workspace; what is "" the SDK looks for itself: DATABRICKS_*, then ~/.databrickscfg.
type Options struct {
	Profile string // section of ~/.databrickscfg
	Host    string // address
	// RetryFor is how long a call is repeated that the workspace is too busy for; 0 is two minutes.
	RetryFor time.Duration
	// Transport carries the calls; nil is one like http.DefaultTransport.
	Transport http.RoundTripper
}

// Client is a workspace. It is a deploy.Workspace.
type Client struct {
	sdk *sdk.WorkspaceClient
	raw *client.DatabricksClient

	Host string // the workspace's address
	User string // who I am: a user's name, or a service principal's application id
}

// Open finds credentials and asks who they are.
func Open(ctx context.Context, o Options, version string) (*Client, error) {
	if o.RetryFor == 0 {
		o.RetryFor = 2 * time.Minute
	}
	sayWho.Do(func() { useragent.WithProduct("lakectl", userAgentVersion(version)) })
	cfg := &config.Config{
		Profile: o.Profile, Host: o.Host, HTTPTransport: newTransport(o.Transport),
		RetryTimeoutSeconds: int(o.RetryFor / time.Second),
	}
	withoutMetadata(cfg)
	if err := cfg.EnsureResolved(); err != nil {
		return nil, signIn(err, cfg)
	}
	if cfg.RateLimitPerSecond == 0 {
		cfg.RateLimitPerSecond = requestsPerSecond
	}
	w, err := sdk.NewWorkspaceClient((*sdk.Config)(cfg))
	if err != nil {
		return nil, signIn(err, cfg)
	}
	raw, err := client.New(cfg)
	if err != nil {
		return nil, signIn(err, cfg)
	}
	me, err := w.CurrentUser.Me(ctx, iam.MeRequest{})
	if err != nil {
		return nil, signIn(err, cfg)
	}
	return &Client{sdk: w, raw: raw, Host: cfg.Host, User: me.UserName}, nil
}

// withoutMetadata lets a configuration do without what a host says of itself: the first call tells better what is
// wrong with it.
func withoutMetadata(cfg *config.Config) {
	cfg.HostMetadataResolver = func(ctx context.Context, host string) (*config.HostMetadata, error) {
		found, err := cfg.DefaultHostMetadataResolver()(ctx, host)
		if err != nil {
			return nil, nil //nolint:nilerr // as above
		}
		return found, nil
	}
}

// sayWho is done once: the SDK keeps it for the whole process, without a lock.
var sayWho sync.Once

// userAgentVersion is a version as the SDK takes one: semantic, or 0.0.0.
func userAgentVersion(version string) string {
	if version == "" || version[0] < '0' || version[0] > '9' {
		return "0.0.0"
	}
	return version
}

// CheckCatalog fails if there is no such catalog.
func (c *Client) CheckCatalog(ctx context.Context, name string) error {
	_, err := c.sdk.Catalogs.Get(ctx, catalog.GetCatalogRequest{Name: name})
	if err == nil {
		return nil
	}
	err = explain(err)
	hint := exit.Hint(err)
	if hint == "" {
		hint = "name another with --set catalog=NAME, or make it; lakectl makes none"
	}
	return exit.New(exit.Failed, fmt.Errorf("the target's catalog %s: %w", name, err), hint)
}

// NodeType chooses the smallest machine with a local disk and at least four cores.
func (c *Client) NodeType(ctx context.Context) (string, error) {
	name, err := c.sdk.Clusters.SelectNodeType(ctx, compute.NodeTypeRequest{LocalDisk: true, MinCores: 4})
	if err != nil {
		return "", exit.New(exit.Failed, explain(err), "name one in the target: databricks.compute.node_type")
	}
	return name, nil
}
