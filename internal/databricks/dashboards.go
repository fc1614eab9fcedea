package databricks

import (
	"context"
	"encoding/json"
	"path"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/service/dashboards"
	"github.com/databricks/databricks-sdk-go/service/workspace"

	"github.com/cryptostream/lakectl/internal/deploy"
)

// findDashboards finds by id, or by the file that a dashboard is in its folder.
func (c *Client) findDashboards(ctx context.Context, o deploy.Object) ([]deploy.Found, error) {
	id := o.ID
	if id == "" {
		file := path.Join(text(o.Fields, "parent_path"), text(o.Fields, "display_name")+".lvdash.json")
		info, err := c.sdk.Workspace.GetStatus(ctx, workspace.GetStatusRequest{Path: file})
		if apierr.IsMissing(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		id = info.ResourceId
	}
	answer, err := c.sdk.Lakeview.Get(ctx, dashboards.GetDashboardRequest{DashboardId: id})
	if err == nil && answer.LifecycleState == dashboards.LifecycleStateTrashed {
		return nil, nil
	}
	found, err := one(id, answer, err)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var document any
	if json.Unmarshal([]byte(answer.SerializedDashboard), &document) == nil {
		found[0].Fields["serialized_dashboard"] = document
	}
	return found, nil
}

func (c *Client) createDashboard(ctx context.Context, o deploy.Object) (string, error) {
	request, err := typed[dashboards.Dashboard](o.Fields)
	if err != nil {
		return "", err
	}
	made, err := c.sdk.Lakeview.Create(ctx, dashboards.CreateDashboardRequest{Dashboard: request})
	if err != nil {
		return "", err
	}
	return made.DashboardId, nil
}

func (c *Client) updateDashboard(ctx context.Context, o deploy.Object) error {
	request, err := typed[dashboards.Dashboard](o.Fields)
	if err != nil {
		return err
	}
	request.ParentPath = "" // can't be changed
	_, err = c.sdk.Lakeview.Update(ctx, dashboards.UpdateDashboardRequest{DashboardId: o.ID, Dashboard: request})
	return err
}

func (c *Client) removeDashboard(ctx context.Context, o deploy.Object) error {
	return c.sdk.Lakeview.Trash(ctx, dashboards.TrashDashboardRequest{DashboardId: o.ID})
}
