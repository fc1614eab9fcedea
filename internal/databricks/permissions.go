package databricks

import (
	"context"
	"slices"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/service/iam"

	"github.com/cryptostream/lakectl/internal/deploy"
)

// permitted is the object that permissions are about, and the entries for it.
func permitted(fields map[string]any) (kind, id string, entries []iam.AccessControlRequest, err error) {
	request, err := typed[iam.SetObjectPermissions](fields)
	return text(fields, "request_object_type"), text(fields, "request_object_id"), request.AccessControlList, err
}

// findPermissions leaves out what is inherited, and keeps the owner apart, who is nobody's to change.
func (c *Client) findPermissions(ctx context.Context, o deploy.Object) ([]deploy.Found, error) {
	kind, id, asked, err := permitted(o.Fields)
	if err != nil {
		return nil, err
	}
	answer, err := c.sdk.Permissions.Get(ctx, iam.GetPermissionRequest{RequestObjectType: kind, RequestObjectId: id})
	if apierr.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var direct []iam.AccessControlRequest
	fields := map[string]any{}
	for _, entry := range answer.AccessControlList {
		for _, p := range entry.AllPermissions {
			if p.Inherited {
				continue
			}
			e := iam.AccessControlRequest{
				GroupName: entry.GroupName, UserName: entry.UserName, ServicePrincipalName: entry.ServicePrincipalName, PermissionLevel: p.PermissionLevel,
			}
			if p.PermissionLevel != iam.PermissionLevelIsOwner {
				direct = append(direct, e)
				continue
			}
			if fields["owner"], err = plain(e); err != nil {
				return nil, err
			}
			direct = append(direct, lesser(asked, e)...)
		}
	}
	list, err := plain(iam.SetObjectPermissions{AccessControlList: direct})
	fields["access_control_list"] = list["access_control_list"]
	return []deploy.Found{{ID: kind + "/" + id, Fields: fields}}, err
}

// lesser is what was asked for somebody who has more: the owner.
func lesser(asked []iam.AccessControlRequest, owner iam.AccessControlRequest) []iam.AccessControlRequest {
	for _, e := range asked {
		if same(e, owner) {
			return []iam.AccessControlRequest{e}
		}
	}
	return nil
}

func same(a, b iam.AccessControlRequest) bool {
	return a.GroupName == b.GroupName && a.UserName == b.UserName && a.ServicePrincipalName == b.ServicePrincipalName
}

// createPermissions is for what was made just now: it is mine, and nobody else was let in. A folder may be
// older.
func (c *Client) createPermissions(ctx context.Context, o deploy.Object) (string, error) {
	kind, id, asked, err := permitted(o.Fields)
	if err != nil {
		return "", err
	}
	if kind == "directories" {
		return kind + "/" + id, c.setPermissions(ctx, o, asked)
	}
	asked = slices.DeleteFunc(asked, func(e iam.AccessControlRequest) bool {
		return e.UserName == c.User || e.ServicePrincipalName == c.User
	})
	if len(asked) == 0 {
		return kind + "/" + id, nil
	}
	_, err = c.sdk.Permissions.Update(ctx, iam.UpdateObjectPermissions{RequestObjectType: kind, RequestObjectId: id, AccessControlList: asked})
	return kind + "/" + id, err
}

func (c *Client) updatePermissions(ctx context.Context, o deploy.Object) error {
	_, _, asked, err := permitted(o.Fields)
	if err != nil {
		return err
	}
	return c.setPermissions(ctx, o, asked)
}

func (c *Client) removePermissions(ctx context.Context, o deploy.Object) error {
	return c.setPermissions(ctx, o, nil)
}

// setPermissions replaces all that is not inherited; who owns the object goes on owning it.
func (c *Client) setPermissions(ctx context.Context, o deploy.Object, asked []iam.AccessControlRequest) error {
	kind, id, _, err := permitted(o.Fields)
	if err != nil {
		return err
	}
	found, ok := o.Remote["owner"].(map[string]any)
	if !ok && kind != "directories" {
		now, err := c.findPermissions(ctx, o)
		if err != nil {
			return err
		}
		if len(now) == 0 {
			return deploy.ErrMissing
		}
		found, _ = now[0].Fields["owner"].(map[string]any)
	}
	all := []iam.AccessControlRequest{}
	var owner iam.AccessControlRequest
	if found != nil {
		if owner, err = typed[iam.AccessControlRequest](found); err != nil {
			return err
		}
		all = append(all, owner)
	}
	for _, e := range asked {
		if found == nil || !same(e, owner) {
			all = append(all, e)
		}
	}
	_, err = c.sdk.Permissions.Set(ctx, iam.SetObjectPermissions{RequestObjectType: kind, RequestObjectId: id, AccessControlList: all})
	return err
}
