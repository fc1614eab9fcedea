package databricks

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/service/workspace"

	"github.com/cryptostream/lakectl/internal/deploy"
)

// findFolder's id is the one that permissions go by.
func (c *Client) findFolder(ctx context.Context, o deploy.Object) ([]deploy.Found, error) {
	info, err := c.sdk.Workspace.GetStatus(ctx, workspace.GetStatusRequest{Path: o.Name})
	if apierr.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if info.ObjectType != workspace.ObjectTypeDirectory {
		return nil, fmt.Errorf("%s is no folder but a %s", o.Name, info.ObjectType)
	}
	return []deploy.Found{{ID: strconv.FormatInt(info.ObjectId, 10), Fields: map[string]any{}}}, nil
}

func (c *Client) createFolder(ctx context.Context, o deploy.Object) (string, error) {
	if err := c.sdk.Workspace.Mkdirs(ctx, workspace.Mkdirs{Path: o.Name}); err != nil {
		return "", err
	}
	found, err := c.findFolder(ctx, o)
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("look for the folder %s that was made: %w", o.Name, err)
	}
	return found[0].ID, nil
}

func (c *Client) removeNode(ctx context.Context, o deploy.Object) error {
	return c.sdk.Workspace.Delete(ctx, workspace.Delete{Path: o.Name})
}

func (c *Client) findNotebook(ctx context.Context, o deploy.Object) ([]deploy.Found, error) {
	exported, err := c.sdk.Workspace.Export(ctx, workspace.ExportRequest{Path: o.Name, Format: workspace.ExportFormatSource})
	if apierr.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	source, err := base64.StdEncoding.DecodeString(exported.Content)
	if err != nil {
		return nil, fmt.Errorf("the content of %s: %w", o.Name, err)
	}
	return []deploy.Found{{ID: o.Name, Fields: map[string]any{"content_sha256": deploy.Digest(source)}}}, nil
}

func (c *Client) createNotebook(ctx context.Context, o deploy.Object) (string, error) {
	return o.Name, c.importNotebook(ctx, o, false)
}

func (c *Client) updateNotebook(ctx context.Context, o deploy.Object) error {
	return c.importNotebook(ctx, o, true)
}

func (c *Client) importNotebook(ctx context.Context, o deploy.Object, overwrite bool) error {
	request, err := typed[workspace.Import](o.Fields)
	if err != nil {
		return err
	}
	request.Overwrite = overwrite
	return c.sdk.Workspace.Import(ctx, request)
}
