package fakeworkspace

import (
	"maps"
	"net/http"
	"slices"

	"github.com/databricks/databricks-sdk-go/service/catalog"
)

func (w *Workspace) grantRoutes() {
	const at = "/api/2.1/unity-catalog/permissions/{type}/{name}"
	w.handle("GET "+at, w.getGrants)
	w.handle("PATCH "+at, w.updateGrants)
	w.handle("GET /api/2.1/unity-catalog/effective-permissions/{type}/{name}", w.effectiveGrants)
}

// privileges are those that can be granted on a securable; what is below it inherits them.
var privileges = map[string][]catalog.Privilege{
	"table":  {"SELECT", "MODIFY", "APPLY_TAG", "MANAGE", "ALL_PRIVILEGES"},
	"volume": {"READ_VOLUME", "WRITE_VOLUME", "APPLY_TAG", "MANAGE", "ALL_PRIVILEGES"},
	"schema": {
		"USE_SCHEMA", "SELECT", "MODIFY", "READ_VOLUME", "WRITE_VOLUME", "EXECUTE", "REFRESH", "CREATE_TABLE", "CREATE_VOLUME",
		"CREATE_FUNCTION", "CREATE_MODEL", "CREATE_MODEL_VERSION", "CREATE_MATERIALIZED_VIEW", "APPLY_TAG", "EXTERNAL_USE_SCHEMA", "MANAGE", "ALL_PRIVILEGES",
	},
	"catalog": {
		"USE_CATALOG", "USE_SCHEMA", "SELECT", "MODIFY", "READ_VOLUME", "WRITE_VOLUME", "EXECUTE", "REFRESH", "CREATE_SCHEMA", "CREATE_TABLE",
		"CREATE_VOLUME", "CREATE_FUNCTION", "CREATE_MODEL", "CREATE_MODEL_VERSION", "CREATE_MATERIALIZED_VIEW", "APPLY_TAG", "BROWSE", "MANAGE", "ALL_PRIVILEGES",
	},
}

// ucKnows finds a principal of the account; the workspace's own groups are not.
func (w *Workspace) ucKnows(name string) bool { return w.users[name] != nil || w.accounts[name] }

// securable is the key of grants on something that exists.
func (w *Workspace) securable(c *call) (kind, key string, failed *Error) {
	kind, name := c.PathValue("type"), c.PathValue("name")
	var o object
	switch kind {
	case "catalog":
		o, failed = w.catalog(name)
	case "schema":
		o, failed = w.schema(name)
	case "volume":
		o, failed = w.volume(name)
	case "table":
		o, failed = w.table(name)
	default:
		failed = invalid("'%s' is not a type of securable that this fake knows", kind)
	}
	return kind, kind + "/" + text(o, "full_name"), failed
}

func (w *Workspace) getGrants(c *call) (any, *Error) {
	_, key, failed := w.securable(c)
	if failed != nil {
		return nil, failed
	}
	return w.assignments(key), nil
}

func (w *Workspace) assignments(key string) object {
	all := []object{}
	for _, principal := range slices.Sorted(maps.Keys(w.grants[key])) {
		all = append(all, object{"principal": principal, "privileges": w.grants[key][principal]})
	}
	return object{"privilege_assignments": all}
}

func (w *Workspace) updateGrants(c *call) (any, *Error) {
	kind, key, failed := w.securable(c)
	if failed != nil {
		return nil, failed
	}
	_, request, failed := read[catalog.UpdatePermissions](c)
	if failed != nil {
		return nil, failed
	}
	if failed := w.ucAllow(c.user, kind, key[len(kind)+1:]); failed != nil {
		return nil, failed
	}
	for _, change := range request.Changes {
		if !w.ucKnows(change.Principal) {
			return nil, ucError(http.StatusNotFound, "PRINCIPAL_DOES_NOT_EXIST", "Could not find principal with name %s", change.Principal)
		}
		for _, privilege := range change.Add {
			if !slices.Contains(privileges[kind], privilege) {
				return nil, invalid("Privilege %s is not applicable to this entity [%s].", privilege, key)
			}
		}
	}
	for _, change := range request.Changes {
		w.grant(key, change)
	}
	if request.OmitPermissionsInResponse {
		return nil, nil
	}
	return w.assignments(key), nil
}

func (w *Workspace) grant(key string, change catalog.PermissionsChange) {
	if w.grants[key] == nil {
		w.grants[key] = map[string][]string{}
	}
	held := w.grants[key][change.Principal]
	for _, privilege := range change.Add {
		held = append(held, string(privilege))
	}
	slices.Sort(held)
	held = slices.DeleteFunc(slices.Compact(held), func(one string) bool {
		return slices.Contains(change.Remove, catalog.Privilege(one))
	})
	w.grants[key][change.Principal] = held
	if len(held) == 0 {
		delete(w.grants[key], change.Principal)
	}
}
