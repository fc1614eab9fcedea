package databricks

import (
	"context"
	"fmt"

	"github.com/cryptostream/lakectl/internal/deploy"
)

// api is what a kind of resource is found, made, changed and deleted by.
type api struct {
	find   func(ctx context.Context, o deploy.Object) ([]deploy.Found, error)
	create func(ctx context.Context, o deploy.Object) (id string, err error)
	update func(ctx context.Context, o deploy.Object) error
	remove func(ctx context.Context, o deploy.Object) error
}

func (c *Client) api(kind deploy.Kind) (api, error) {
	switch kind {
	case deploy.Folder:
		return api{c.findFolder, c.createFolder, unchanged, c.removeNode}, nil
	case deploy.Notebook:
		return api{c.findNotebook, c.createNotebook, c.updateNotebook, c.removeNode}, nil
	case deploy.Schema:
		return api{c.findSchema, c.createSchema, c.updateSchema, c.removeSchema}, nil
	case deploy.Volume:
		return api{c.findVolume, c.createVolume, c.updateVolume, c.removeVolume}, nil
	case deploy.Grants:
		return api{c.findGrants, c.createGrants, c.updateGrants, c.removeGrants}, nil
	case deploy.SecretScope:
		return api{c.findScope, c.createScope, unchanged, c.removeScope}, nil
	case deploy.Secret:
		return api{c.findSecret, c.putSecret, c.updateSecret, c.removeSecret}, nil
	case deploy.SecretACL:
		return api{c.findSecretACL, c.putSecretACL, c.updateSecretACL, c.removeSecretACL}, nil
	case deploy.Warehouse:
		return api{c.findWarehouses, c.createWarehouse, c.updateWarehouse, c.removeWarehouse}, nil
	case deploy.Job:
		return api{c.findJobs, c.createJob, c.updateJob, c.removeJob}, nil
	case deploy.Permissions:
		return api{c.findPermissions, c.createPermissions, c.updatePermissions, c.removePermissions}, nil
	case deploy.Dashboard:
		return api{c.findDashboards, c.createDashboard, c.updateDashboard, c.removeDashboard}, nil
	case deploy.Alert:
		return api{c.findAlerts, c.createAlert, c.updateAlert, c.removeAlert}, nil
	}
	return api{}, fmt.Errorf("there is no API for a %s", kind)
}

// unchanged is the update of what has nothing to update.
func unchanged(context.Context, deploy.Object) error { return nil }

// Find returns what is there: the resource with that id, or else those with that name.
func (c *Client) Find(ctx context.Context, o deploy.Object) ([]deploy.Found, error) {
	a, err := c.api(o.Kind)
	if err != nil {
		return nil, err
	}
	found, err := a.find(ctx, o)
	return found, explainFor(o.Kind, c.User, err)
}

// Create makes it and returns its id.
func (c *Client) Create(ctx context.Context, o deploy.Object) (string, error) {
	a, err := c.api(o.Kind)
	if err != nil {
		return "", err
	}
	id, err := a.create(ctx, o)
	return id, explainFor(o.Kind, c.User, err)
}

// Update brings it to its fields.
func (c *Client) Update(ctx context.Context, o deploy.Object) error {
	a, err := c.api(o.Kind)
	if err != nil {
		return err
	}
	return explainFor(o.Kind, c.User, a.update(ctx, o))
}

// Delete removes it with all that it holds, a folder only if it is empty.
func (c *Client) Delete(ctx context.Context, o deploy.Object) error {
	a, err := c.api(o.Kind)
	if err != nil {
		return err
	}
	return explainFor(o.Kind, c.User, a.remove(ctx, o))
}
