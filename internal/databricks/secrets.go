package databricks

import (
	"context"
	"strconv"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/service/workspace"

	"github.com/cryptostream/lakectl/internal/deploy"
)

func (c *Client) findScope(ctx context.Context, o deploy.Object) ([]deploy.Found, error) {
	scopes, err := c.sdk.Secrets.ListScopesAll(ctx)
	if err != nil {
		return nil, err
	}
	for _, scope := range scopes {
		if scope.Name == o.Name {
			return []deploy.Found{{ID: o.Name, Fields: map[string]any{"scope_backend_type": string(scope.BackendType)}}}, nil
		}
	}
	return nil, nil
}

func (c *Client) createScope(ctx context.Context, o deploy.Object) (string, error) {
	request, err := typed[workspace.CreateScope](o.Fields)
	if err != nil {
		return "", err
	}
	return o.Name, c.sdk.Secrets.CreateScope(ctx, request)
}

func (c *Client) removeScope(ctx context.Context, o deploy.Object) error {
	return c.sdk.Secrets.DeleteScope(ctx, workspace.DeleteScope{Scope: o.Name})
}

func (c *Client) findSecret(ctx context.Context, o deploy.Object) ([]deploy.Found, error) {
	stamp, err := c.stamp(ctx, o)
	if apierr.IsMissing(err) || err == nil && stamp == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []deploy.Found{{ID: o.Name, Fields: map[string]any{}, Stamp: stamp}}, nil
}

// Stamp says when a secret was last written; "" for never.
func (c *Client) Stamp(ctx context.Context, o deploy.Object) (string, error) {
	stamp, err := c.stamp(ctx, o)
	return stamp, explainFor(o.Kind, c.User, err)
}

func (c *Client) stamp(ctx context.Context, o deploy.Object) (string, error) {
	all, err := c.sdk.Secrets.ListSecretsAll(ctx, workspace.ListSecretsRequest{Scope: text(o.Fields, "scope")})
	if err != nil {
		return "", err
	}
	for _, secret := range all {
		if secret.Key == text(o.Fields, "key") {
			return strconv.FormatInt(secret.LastUpdatedTimestamp, 10), nil
		}
	}
	return "", nil
}

func (c *Client) putSecret(ctx context.Context, o deploy.Object) (string, error) {
	return o.Name, c.updateSecret(ctx, o)
}

func (c *Client) updateSecret(ctx context.Context, o deploy.Object) error {
	return c.sdk.Secrets.PutSecret(ctx, workspace.PutSecret{
		Scope: text(o.Fields, "scope"), Key: text(o.Fields, "key"), StringValue: o.Value,
	})
}

func (c *Client) removeSecret(ctx context.Context, o deploy.Object) error {
	return c.sdk.Secrets.DeleteSecret(ctx, workspace.DeleteSecret{Scope: text(o.Fields, "scope"), Key: text(o.Fields, "key")})
}

func (c *Client) findSecretACL(ctx context.Context, o deploy.Object) ([]deploy.Found, error) {
	item, err := c.sdk.Secrets.GetAcl(ctx, workspace.GetAclRequest{Scope: text(o.Fields, "scope"), Principal: text(o.Fields, "principal")})
	return one(o.Name, item, err)
}

func (c *Client) putSecretACL(ctx context.Context, o deploy.Object) (string, error) {
	return o.Name, c.updateSecretACL(ctx, o)
}

func (c *Client) updateSecretACL(ctx context.Context, o deploy.Object) error {
	request, err := typed[workspace.PutAcl](o.Fields)
	if err != nil {
		return err
	}
	return c.sdk.Secrets.PutAcl(ctx, request)
}

func (c *Client) removeSecretACL(ctx context.Context, o deploy.Object) error {
	return c.sdk.Secrets.DeleteAcl(ctx, workspace.DeleteAcl{Scope: text(o.Fields, "scope"), Principal: text(o.Fields, "principal")})
}
