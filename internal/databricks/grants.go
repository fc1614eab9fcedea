package databricks

import (
	"context"
	"slices"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/service/catalog"

	"github.com/cryptostream/lakectl/internal/deploy"
)

// grants are who has which privileges. As fields they have the form of changes from nothing, and only
// those are compared that we name.
func grants(fields map[string]any) (kind, name string, given map[string][]catalog.Privilege, err error) {
	request, err := typed[catalog.UpdatePermissions](fields)
	given = map[string][]catalog.Privilege{}
	for _, change := range request.Changes {
		given[change.Principal] = change.Add
	}
	return text(fields, "securable_type"), text(fields, "full_name"), given, err
}

func (c *Client) findGrants(ctx context.Context, o deploy.Object) ([]deploy.Found, error) {
	kind, name, given, err := grants(o.Fields)
	if err != nil {
		return nil, err
	}
	answer, err := c.sdk.Grants.Get(ctx, catalog.GetGrantRequest{SecurableType: kind, FullName: name})
	if apierr.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	changes := []any{}
	for _, a := range answer.PrivilegeAssignments {
		if _, named := given[a.Principal]; named {
			changes = append(changes, map[string]any{"principal": a.Principal, "add": words(a.Privileges)})
		}
	}
	if len(changes) == 0 && len(given) > 0 {
		return nil, nil
	}
	return []deploy.Found{{ID: name, Fields: map[string]any{"changes": changes}}}, nil
}

func words(privileges []catalog.Privilege) []any {
	all := make([]any, len(privileges))
	for i, p := range privileges {
		all[i] = string(p)
	}
	return all
}

func (c *Client) createGrants(ctx context.Context, o deploy.Object) (string, error) {
	_, name, _, err := grants(o.Fields)
	if err != nil {
		return "", err
	}
	return name, c.updateGrants(ctx, o)
}

func (c *Client) updateGrants(ctx context.Context, o deploy.Object) error {
	_, _, want, err := grants(o.Fields)
	if err != nil {
		return err
	}
	_, _, have, err := grants(o.Remote)
	if err != nil {
		return err
	}
	return c.changeGrants(ctx, o, have, want)
}

// removeGrants takes back what was given.
func (c *Client) removeGrants(ctx context.Context, o deploy.Object) error {
	_, _, have, err := grants(o.Fields)
	if err != nil {
		return err
	}
	return c.changeGrants(ctx, o, have, nil)
}

func (c *Client) changeGrants(ctx context.Context, o deploy.Object, have, want map[string][]catalog.Privilege) error {
	kind, name := text(o.Fields, "securable_type"), text(o.Fields, "full_name")
	var changes []catalog.PermissionsChange
	for _, principal := range sortedKeys(have, want) {
		change := catalog.PermissionsChange{Principal: principal}
		change.Add = without(want[principal], have[principal])
		change.Remove = without(have[principal], want[principal])
		if len(change.Add)+len(change.Remove) > 0 {
			changes = append(changes, change)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	_, err := c.sdk.Grants.Update(ctx, catalog.UpdatePermissions{SecurableType: kind, FullName: name, Changes: changes})
	return err
}

func without(all, some []catalog.Privilege) []catalog.Privilege {
	return slices.DeleteFunc(slices.Clone(all), func(p catalog.Privilege) bool { return slices.Contains(some, p) })
}

func sortedKeys[V any](maps ...map[string]V) []string {
	var keys []string
	for _, m := range maps {
		for key := range m {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
