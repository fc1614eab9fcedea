package databricks

import (
	"context"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/service/sql"

	"github.com/cryptostream/lakectl/internal/deploy"
)

func (c *Client) findWarehouses(ctx context.Context, o deploy.Object) ([]deploy.Found, error) {
	if o.ID != "" {
		info, err := c.sdk.Warehouses.Get(ctx, sql.GetWarehouseRequest{Id: o.ID})
		if apierr.IsMissing(err) || err == nil && gone(info.State) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return oneMarked(info.Id, info, info.Tags)
	}
	all, err := c.sdk.Warehouses.ListAll(ctx, sql.ListWarehousesRequest{})
	if err != nil {
		return nil, err
	}
	for _, info := range all {
		if info.Name == o.Name && !gone(info.State) {
			return oneMarked(info.Id, info, info.Tags)
		}
	}
	return nil, nil
}

func gone(s sql.State) bool { return s == sql.StateDeleted || s == sql.StateDeleting }

func oneMarked(id string, info any, tags *sql.EndpointTags) ([]deploy.Found, error) {
	fields, err := plain(info)
	found := deploy.Found{ID: id, Fields: fields}
	if tags != nil {
		for _, tag := range tags.CustomTags {
			if tag.Key == deploy.MarkTag {
				found.Mark = tag.Value
			}
		}
	}
	return []deploy.Found{found}, err
}

func (c *Client) createWarehouse(ctx context.Context, o deploy.Object) (string, error) {
	request, err := typed[sql.CreateWarehouseRequest](o.Fields)
	if err != nil {
		return "", err
	}
	wait, err := c.sdk.Warehouses.Create(ctx, request)
	if err != nil {
		return "", err
	}
	return wait.Id, nil
}

func (c *Client) updateWarehouse(ctx context.Context, o deploy.Object) error {
	request, err := typed[sql.EditWarehouseRequest](o.Fields)
	if err != nil {
		return err
	}
	request.Id = o.ID
	_, err = c.sdk.Warehouses.Edit(ctx, request)
	return err
}

func (c *Client) removeWarehouse(ctx context.Context, o deploy.Object) error {
	return c.sdk.Warehouses.Delete(ctx, sql.DeleteWarehouseRequest{Id: o.ID})
}
