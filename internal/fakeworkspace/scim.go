package fakeworkspace

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/iam"
)

func (w *Workspace) scimRoutes() {
	const at = "/api/2.0/preview/scim/v2"
	w.handle("GET "+at+"/Me", w.me)
	w.handle("GET "+at+"/Users", func(c *call) (any, *Error) { return w.listUsers(c, false) })
	w.handle("GET "+at+"/ServicePrincipals", func(c *call) (any, *Error) { return w.listUsers(c, true) })
	w.handle("GET "+at+"/Groups", w.listGroups)
}

func (w *Workspace) me(c *call) (any, *Error) {
	groups := []iam.ComplexValue{}
	for _, name := range c.user.Groups {
		groups = append(groups, iam.ComplexValue{Display: name, Type: "direct", Value: name, Ref: "Groups/" + name})
	}
	return iam.User{
		Schemas: []iam.UserSchema{iam.UserSchemaUrnIetfParamsScimSchemasCore20User},
		Id:      c.user.ID, UserName: c.user.Name, DisplayName: c.user.Name, Active: true, Groups: groups,
		Emails: []iam.ComplexValue{{Type: "work", Value: c.user.Name, Primary: true}},
	}, nil
}

// filterForm is the one kind of filter that the fake reads.
var filterForm = regexp.MustCompile(`^(\w+) eq "?([^"]*)"?$`)

// filtered are the objects that a request's filter lets through, from startIndex on.
func filtered(c *call, all []object) (any, *Error) {
	if filter := c.query("filter"); filter != "" {
		parts := filterForm.FindStringSubmatch(filter)
		if parts == nil {
			return nil, refusal(http.StatusBadRequest, "INVALID_PARAMETER_VALUE", "This fake reads filters such as 'userName eq \"x\"' only, not %q", filter)
		}
		all = slices.DeleteFunc(all, func(o object) bool { return !strings.EqualFold(text(o, parts[1]), parts[2]) })
	}
	from, failed := c.number("startIndex", 1)
	if failed != nil {
		return nil, failed
	}
	count, failed := c.number("count", 100)
	if failed != nil {
		return nil, failed
	}
	first := min(max(int(from)-1, 0), len(all))
	page := all[first:min(first+int(max(count, 0)), len(all))]
	return object{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, "totalResults": len(all),
		"startIndex": from, "itemsPerPage": len(page), "Resources": page,
	}, nil
}

func (w *Workspace) listUsers(c *call, principals bool) (any, *Error) {
	var all []object
	for _, name := range slices.Sorted(maps.Keys(w.users)) {
		u := w.users[name]
		if u.Principal != principals {
			continue
		}
		o := object{"id": u.ID, "displayName": u.Name, "active": true}
		if principals {
			o["applicationId"] = u.Name
		} else {
			o["userName"] = u.Name
		}
		all = append(all, o)
	}
	return filtered(c, all)
}

func (w *Workspace) listGroups(c *call) (any, *Error) {
	var all []object
	for _, name := range slices.Sorted(maps.Keys(w.groups)) {
		kind := "WorkspaceGroup"
		if w.accounts[name] {
			kind = "Group"
		}
		all = append(all, object{"id": name, "displayName": name, "meta": object{"resourceType": kind}})
	}
	return filtered(c, all)
}
