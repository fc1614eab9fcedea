package databricks

import (
	"context"
	"slices"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/sql"

	"github.com/cryptostream/lakectl/internal/deploy"
)

// findAlerts finds by id, or by name and folder.
func (c *Client) findAlerts(ctx context.Context, o deploy.Object) ([]deploy.Found, error) {
	id := o.ID
	if id == "" {
		all, err := c.sdk.AlertsV2.ListAlertsAll(ctx, sql.ListAlertsV2Request{})
		if err != nil {
			return nil, err
		}
		for _, alert := range all {
			if alert.DisplayName == text(o.Fields, "display_name") && inFolder(alert.ParentPath, text(o.Fields, "parent_path")) &&
				alert.LifecycleState != sql.AlertLifecycleStateDeleted {
				id = alert.Id
			}
		}
		if id == "" {
			return nil, nil
		}
	}
	answer, err := c.sdk.AlertsV2.GetAlert(ctx, sql.GetAlertV2Request{Id: id})
	if err == nil && answer.LifecycleState == sql.AlertLifecycleStateDeleted {
		return nil, nil
	}
	return one(id, answer, err)
}

// inFolder compares paths; /Workspace/Users and /Users are the same place.
func inFolder(a, b string) bool {
	return strings.TrimPrefix(a, "/Workspace") == strings.TrimPrefix(b, "/Workspace")
}

func (c *Client) createAlert(ctx context.Context, o deploy.Object) (string, error) {
	request, err := typed[sql.AlertV2](o.Fields)
	if err != nil {
		return "", err
	}
	made, err := c.sdk.AlertsV2.CreateAlert(ctx, sql.CreateAlertV2Request{Alert: request})
	if err != nil {
		return "", err
	}
	return made.Id, nil
}

// settable are the fields of an alert that can be changed.
var settable = []string{
	"custom_description", "custom_summary", "display_name", "evaluation", "parameters", "query_text", "run_as", "schedule", "warehouse_id",
}

func (c *Client) updateAlert(ctx context.Context, o deploy.Object) error {
	request, err := typed[sql.AlertV2](o.Fields)
	if err != nil {
		return err
	}
	request.ParentPath = "" // can't be changed
	named := slices.DeleteFunc(sortedKeys(o.Fields), func(name string) bool { return !slices.Contains(settable, name) })
	_, err = c.sdk.AlertsV2.UpdateAlert(ctx, sql.UpdateAlertV2Request{Id: o.ID, Alert: request, UpdateMask: strings.Join(named, ",")})
	return err
}

func (c *Client) removeAlert(ctx context.Context, o deploy.Object) error {
	return c.sdk.AlertsV2.TrashAlert(ctx, sql.TrashAlertV2Request{Id: o.ID})
}
