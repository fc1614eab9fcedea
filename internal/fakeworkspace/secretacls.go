package fakeworkspace

import (
	"maps"
	"slices"

	"github.com/databricks/databricks-sdk-go/service/workspace"
)

func (w *Workspace) putSecretACL(c *call) (any, *Error) {
	_, request, failed := read[workspace.PutAcl](c)
	if failed != nil {
		return nil, failed
	}
	s, failed := w.scope(c, request.Scope, workspace.AclPermissionManage)
	if failed != nil {
		return nil, failed
	}
	if w.users[request.Principal] == nil && !w.groups[request.Principal] {
		return nil, missing("Principal %s does not exist.", request.Principal)
	}
	s.acls[request.Principal] = request.Permission
	return nil, nil
}

func (w *Workspace) getSecretACL(c *call) (any, *Error) {
	s, failed := w.scope(c, c.query("scope"), workspace.AclPermissionManage)
	if failed != nil {
		return nil, failed
	}
	permission, ok := s.acls[c.query("principal")]
	if !ok {
		return nil, missing("No ACL for principal %s on scope %s", c.query("principal"), c.query("scope"))
	}
	return workspace.AclItem{Principal: c.query("principal"), Permission: permission}, nil
}

func (w *Workspace) listSecretACLs(c *call) (any, *Error) {
	s, failed := w.scope(c, c.query("scope"), workspace.AclPermissionManage)
	if failed != nil {
		return nil, failed
	}
	items := []workspace.AclItem{}
	for _, principal := range slices.Sorted(maps.Keys(s.acls)) {
		items = append(items, workspace.AclItem{Principal: principal, Permission: s.acls[principal]})
	}
	return object{"items": items}, nil
}

func (w *Workspace) deleteSecretACL(c *call) (any, *Error) {
	_, request, failed := read[workspace.DeleteAcl](c)
	if failed != nil {
		return nil, failed
	}
	s, failed := w.scope(c, request.Scope, workspace.AclPermissionManage)
	if failed != nil {
		return nil, failed
	}
	if _, ok := s.acls[request.Principal]; !ok {
		return nil, missing("No ACL for principal %s on scope %s", request.Principal, request.Scope)
	}
	delete(s.acls, request.Principal)
	return nil, nil
}
