package databricks

import (
	"context"
	"strings"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/service/catalog"
	"github.com/databricks/databricks-sdk-go/service/files"

	"github.com/cryptostream/lakectl/internal/deploy"
)

// one is what was found by a name that only one can have.
func one(id string, answer any, err error) ([]deploy.Found, error) {
	if apierr.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	fields, err := plain(answer)
	return []deploy.Found{{ID: id, Fields: fields}}, err
}

func (c *Client) findSchema(ctx context.Context, o deploy.Object) ([]deploy.Found, error) {
	info, err := c.sdk.Schemas.Get(ctx, catalog.GetSchemaRequest{FullName: o.Name})
	return one(o.Name, info, err)
}

func (c *Client) createSchema(ctx context.Context, o deploy.Object) (string, error) {
	request, err := typed[catalog.CreateSchema](o.Fields)
	if err != nil {
		return "", err
	}
	_, err = c.sdk.Schemas.Create(ctx, request)
	return o.Name, err
}

func (c *Client) updateSchema(ctx context.Context, o deploy.Object) error {
	request, err := typed[catalog.CreateSchema](o.Fields)
	if err != nil {
		return err
	}
	_, err = c.sdk.Schemas.Update(ctx, catalog.UpdateSchema{
		FullName: o.Name, Comment: request.Comment, Properties: request.Properties, ForceSendFields: []string{"Comment"},
	})
	return err
}

func (c *Client) removeSchema(ctx context.Context, o deploy.Object) error {
	return c.sdk.Schemas.Delete(ctx, catalog.DeleteSchemaRequest{FullName: o.Name, Force: true})
}

func (c *Client) findVolume(ctx context.Context, o deploy.Object) ([]deploy.Found, error) {
	info, err := c.sdk.Volumes.Read(ctx, catalog.ReadVolumeRequest{Name: o.Name})
	return one(o.Name, info, err)
}

func (c *Client) createVolume(ctx context.Context, o deploy.Object) (string, error) {
	request, err := typed[catalog.CreateVolumeRequestContent](o.Fields)
	if err != nil {
		return "", err
	}
	_, err = c.sdk.Volumes.Create(ctx, request)
	return o.Name, err
}

func (c *Client) updateVolume(ctx context.Context, o deploy.Object) error {
	_, err := c.sdk.Volumes.Update(ctx, catalog.UpdateVolumeRequestContent{
		Name: o.Name, Comment: text(o.Fields, "comment"), ForceSendFields: []string{"Comment"},
	})
	return err
}

func (c *Client) removeVolume(ctx context.Context, o deploy.Object) error {
	return c.sdk.Volumes.Delete(ctx, catalog.DeleteVolumeRequest{Name: o.Name})
}

// Holds names the tables and views of a schema, or the folders and files at the root of a volume.
func (c *Client) Holds(ctx context.Context, o deploy.Object) ([]string, error) {
	var names []string
	var err error
	switch o.Kind {
	case deploy.Schema:
		names, err = c.tables(ctx, o.Name)
	case deploy.Volume:
		names, err = c.files(ctx, "/Volumes/"+strings.ReplaceAll(o.Name, ".", "/"))
	}
	return names, explainFor(o.Kind, c.User, err)
}

func (c *Client) tables(ctx context.Context, schema string) ([]string, error) {
	in, name, _ := strings.Cut(schema, ".")
	tables, err := c.sdk.Tables.ListAll(ctx, catalog.ListTablesRequest{CatalogName: in, SchemaName: name, OmitColumns: true, OmitProperties: true})
	names := make([]string, len(tables))
	for i, table := range tables {
		names[i] = table.Name
	}
	return names, err
}

func (c *Client) files(ctx context.Context, folder string) ([]string, error) {
	entries, err := c.sdk.Files.ListDirectoryContentsAll(ctx, files.ListDirectoryContentsRequest{DirectoryPath: folder})
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name
	}
	return names, err
}
