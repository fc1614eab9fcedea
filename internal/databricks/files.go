package databricks

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/workspace"

	"github.com/cryptostream/lakectl/internal/deploy"
)

// ReadFile returns a file of the workspace's tree.
func (c *Client) ReadFile(ctx context.Context, file string) ([]byte, error) {
	body, err := c.sdk.Workspace.Download(ctx, file, workspace.DownloadFormat(workspace.ExportFormatAuto))
	if err != nil {
		return nil, explainFor(deploy.Folder, c.User, err)
	}
	defer body.Close()
	return io.ReadAll(body)
}

// WriteFile writes one by the call that Databricks' own tools take locks with: without overwrite only one
// of several callers succeeds.
func (c *Client) WriteFile(ctx context.Context, file string, content []byte, overwrite bool) error {
	err := c.importFile(ctx, file, content, overwrite)
	if errors.Is(err, deploy.ErrMissing) {
		if err := c.sdk.Workspace.Mkdirs(ctx, workspace.Mkdirs{Path: path.Dir(file)}); err != nil {
			return explainFor(deploy.Folder, c.User, err)
		}
		err = c.importFile(ctx, file, content, overwrite)
	}
	return err
}

func (c *Client) importFile(ctx context.Context, file string, content []byte, overwrite bool) error {
	parts := strings.Split(strings.TrimPrefix(file, "/"), "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	at := "/api/2.0/workspace-files/import-file/" + strings.Join(parts, "/")
	query := map[string]any{"overwrite": overwrite}
	err := c.raw.Do(ctx, http.MethodPost, at, nil, query, bytes.NewReader(content), nil)
	return explainFor(deploy.Folder, c.User, err)
}

// RemoveFile removes one; none is no error.
func (c *Client) RemoveFile(ctx context.Context, file string) error {
	err := explainFor(deploy.Folder, c.User, c.sdk.Workspace.Delete(ctx, workspace.Delete{Path: file}))
	if errors.Is(err, deploy.ErrMissing) {
		return nil
	}
	return err
}
