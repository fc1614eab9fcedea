package fakeworkspace

import (
	"maps"
	"slices"
	"strings"
)

// chain is a securable and what it is in, as keys of grants: "volume/a.b.c", "schema/a.b", "catalog/a".
func chain(kind, full string) []string {
	parts := strings.Split(full, ".")
	keys := []string{kind + "/" + full}
	if len(parts) > 2 {
		keys = append(keys, "schema/"+parts[0]+"."+parts[1])
	}
	if len(parts) > 1 {
		keys = append(keys, "catalog/"+parts[0])
	}
	return keys
}

// owner of what a key of grants names.
func (w *Workspace) owner(key string) string {
	kind, full, _ := strings.Cut(key, "/")
	return text(map[string]map[string]object{"catalog": w.catalogs, "schema": w.schemas, "volume": w.volumes, "table": w.tables}[kind][full], "owner")
}

// ucAllow refuses who has none of these privileges on a securable or on what it is in. Admins of the
// workspace have all, as they have of the catalog that comes with it.
func (w *Workspace) ucAllow(u *User, kind, full string, privileges ...string) *Error {
	if u.admin() {
		return nil
	}
	for _, key := range chain(kind, full) {
		if w.ucIs(u, w.owner(key)) {
			return nil
		}
		for principal, held := range w.grants[key] {
			for _, one := range append([]string{"ALL_PRIVILEGES", "MANAGE"}, privileges...) {
				if w.ucIs(u, principal) && slices.Contains(held, one) {
					return nil
				}
			}
		}
	}
	what := strings.ToUpper(kind[:1]) + kind[1:]
	if len(privileges) == 0 {
		return denied("User is not an owner of %s '%s'.", what, full)
	}
	return denied("User does not have %s on %s '%s'.", strings.ReplaceAll(privileges[0], "_", " "), what, full)
}

// ucIs tells whether a principal is somebody or a group that they are in.
func (w *Workspace) ucIs(u *User, principal string) bool {
	return principal == u.Name || principal == "account users" || w.accounts[principal] && slices.Contains(u.Groups, principal)
}

// effectiveGrants are those on a securable and those that it inherits.
func (w *Workspace) effectiveGrants(c *call) (any, *Error) {
	kind, key, failed := w.securable(c)
	if failed != nil {
		return nil, failed
	}
	_, full, _ := strings.Cut(key, "/")
	held := map[string][]object{}
	for i, from := range chain(kind, full) {
		fromKind, fromName, _ := strings.Cut(from, "/")
		for principal, all := range w.grants[from] {
			for _, privilege := range all {
				one := object{"privilege": privilege}
				if i > 0 {
					one["inherited_from_type"], one["inherited_from_name"] = strings.ToUpper(fromKind), fromName
				}
				held[principal] = append(held[principal], one)
			}
		}
	}
	asked, assignments := c.query("principal"), []object{}
	for _, principal := range slices.Sorted(maps.Keys(held)) {
		if u := w.users[asked]; asked == "" || asked == principal || u != nil && w.ucIs(u, principal) {
			assignments = append(assignments, object{"principal": principal, "privileges": held[principal]})
		}
	}
	return object{"privilege_assignments": assignments}, nil
}
