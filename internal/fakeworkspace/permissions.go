package fakeworkspace

import (
	"net/http"
	"slices"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/iam"
)

func (w *Workspace) permissionRoutes() {
	const at = "/api/2.0/permissions/{object...}"
	w.handle("GET "+at, w.getPermissions)
	w.handle("PUT "+at, w.setPermissions)
	w.handle("PATCH "+at, w.updatePermissions)
}

func (w *Workspace) getPermissions(c *call) (any, *Error) {
	p, failed := w.permitted(c)
	if failed != nil {
		return nil, failed
	}
	if !w.may(c.user, p.key, levels[p.kind]...) {
		return nil, denied("%s does not have permission to see the permissions of %s", c.user.Name, p.shown)
	}
	return w.permissions(p), nil
}

func (w *Workspace) permissions(p permitted) object {
	entries := []object{}
	add := func(a acl, from []string) {
		right := object{"permission_level": a.level, "inherited": from != nil}
		if from != nil {
			right["inherited_from_object"] = from
		}
		for _, e := range entries {
			if e[a.kind] == a.name {
				e["all_permissions"] = append(e["all_permissions"].([]object), right)
				return
			}
		}
		entry := object{a.kind: a.name, "all_permissions": []object{right}}
		if a.kind != "group_name" {
			entry["display_name"] = a.name
		}
		entries = append(entries, entry)
	}
	for _, a := range w.acls[p.key] {
		add(a, nil)
	}
	admins := []string{"/"}
	for _, parent := range p.parents {
		for _, a := range w.acls[strings.TrimPrefix(parent, "/")] {
			add(a, []string{parent})
		}
		admins = []string{parent}
	}
	add(acl{"group_name", adminGroup, "CAN_MANAGE"}, admins)
	return object{"object_id": p.shown, "object_type": objectTypes[p.kind], "access_control_list": entries}
}

func (w *Workspace) setPermissions(c *call) (any, *Error) {
	p, asked, failed := w.change(c)
	if failed != nil {
		return nil, failed
	}
	return w.settlePermissions(p, asked)
}

// updatePermissions adds to what is there; a new owner takes the old one's place, and a principal's new
// right that of the one that it had.
func (w *Workspace) updatePermissions(c *call) (any, *Error) {
	p, asked, failed := w.change(c)
	if failed != nil {
		return nil, failed
	}
	kept := slices.DeleteFunc(slices.Clone(w.acls[p.key]), func(old acl) bool {
		return slices.ContainsFunc(asked, func(a acl) bool {
			return a.kind == old.kind && a.name == old.name || a.level == "IS_OWNER" && old.level == "IS_OWNER"
		})
	})
	return w.settlePermissions(p, append(kept, asked...))
}

// change reads a request for other rights, from somebody who may.
func (w *Workspace) change(c *call) (p permitted, asked []acl, failed *Error) {
	if p, failed = w.permitted(c); failed != nil {
		return p, nil, failed
	}
	if !w.may(c.user, p.key, toManage...) {
		return p, nil, denied("%s does not have Manage permissions on %s. Please contact the owner or an administrator for access.", c.user.Name, p.shown)
	}
	_, request, failed := read[iam.UpdateObjectPermissions](c)
	if failed != nil {
		return p, nil, failed
	}
	for _, r := range request.AccessControlList {
		a, failed := w.asked(p.kind, r.UserName, r.GroupName, r.ServicePrincipalName, string(r.PermissionLevel))
		if failed != nil {
			return p, nil, failed
		}
		if slices.ContainsFunc(asked, func(one acl) bool { return one.kind == a.kind && one.name == a.name }) {
			return p, nil, invalid("Duplicate entry of %s in the access control list", a.name)
		}
		asked = append(asked, a)
	}
	return p, asked, nil
}

func (w *Workspace) settlePermissions(p permitted, asked []acl) (any, *Error) {
	owners := 0
	for _, a := range asked {
		if a.level == "IS_OWNER" {
			owners++
		}
	}
	if owned := p.kind == "jobs" || p.kind == "warehouses"; owned && owners != 1 {
		return nil, refusal(http.StatusBadRequest, "INVALID_PARAMETER_VALUE", "The %s must have exactly one owner.", strings.TrimSuffix(objectTypes[p.kind], "s"))
	}
	w.acls[p.key] = asked
	return w.permissions(p), nil
}
