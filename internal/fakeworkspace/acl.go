package fakeworkspace

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// acl is one right of somebody on an object, given to it and not inherited.
type acl struct {
	kind, name, level string // kind: user_name, group_name or service_principal_name
}

// levels are the rights that there are on a type of object, the least first.
var levels = map[string][]string{
	"jobs":        {"CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"},
	"warehouses":  {"CAN_VIEW", "CAN_USE", "CAN_MONITOR", "CAN_MANAGE", "IS_OWNER"},
	"directories": {"CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"},
	"notebooks":   {"CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"},
	"files":       {"CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"},
	"dashboards":  {"CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"},
	"alertsv2":    {"CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"},
}

// objectTypes are what answers call a type.
var objectTypes = map[string]string{
	"jobs": "job", "warehouses": "warehouses", "directories": "directory", "notebooks": "notebook", "files": "file",
	"dashboards": "dashboard", "alertsv2": "alertv2",
}

// permitted is the object that a request is about.
type permitted struct {
	kind, id string // "jobs", "1"
	shown    string // "/jobs/1"
	key      string // "jobs/1", of the ACLs
	parents  []string
}

func (w *Workspace) permitted(c *call) (permitted, *Error) {
	kind, id := path.Split(c.PathValue("object"))
	kind = strings.TrimSuffix(kind, "/")
	p := permitted{kind: strings.TrimPrefix(kind, "sql/"), id: id, shown: "/" + kind + "/" + id}
	if p.kind == "warehouses" {
		p.shown = "/sql/warehouses/" + id
	}
	if levels[p.kind] == nil {
		return p, invalid("'%s' is not a type of object that this fake knows", kind)
	}
	p.key = p.kind + "/" + id
	found := false
	switch p.kind {
	case "jobs":
		n, err := strconv.ParseInt(id, 10, 64)
		found = err == nil && w.jobs[n] != nil
		p.parents = []string{"/jobs/"}
	case "warehouses":
		found = w.warehouses[id] != nil
		p.parents = []string{"/sql/warehouses/"}
	case "dashboards":
		found = w.dashboards[id] != nil
	case "alertsv2":
		found = w.alerts[id] != nil
	default:
		found = w.permittedNode(&p)
	}
	if !found {
		return p, missing("%s %s does not exist.", objectTypes[p.kind], id)
	}
	return p, nil
}

func (w *Workspace) permittedNode(p *permitted) bool {
	for at, n := range w.nodes {
		if strconv.FormatInt(n.id, 10) != p.id || n.collection() != p.kind {
			continue
		}
		for dir := at; dir != "/"; {
			dir = path.Dir(dir)
			p.parents = append(p.parents, fmt.Sprintf("/directories/%d", w.nodes[dir].id))
		}
		return true
	}
	return false
}

// collection is what the API calls a type of node.
func (n *node) collection() string {
	switch n.kind {
	case "DIRECTORY":
		return "directories"
	case "NOTEBOOK":
		return "notebooks"
	default:
		return "files"
	}
}

// aclKey is where the rights on a node of the tree are kept.
func (w *Workspace) aclKey(at string) string {
	n := w.nodes[at]
	return fmt.Sprintf("%s/%d", n.collection(), n.id)
}

// may tells whether somebody has one of these rights on an object.
func (w *Workspace) may(u *User, key string, rights ...string) bool {
	return u.admin() || slices.ContainsFunc(w.acls[key], func(a acl) bool {
		mine := a.kind == u.kind() && a.name == u.Name || a.kind == "group_name" && (a.name == "users" || slices.Contains(u.Groups, a.name))
		return mine && slices.Contains(rights, a.level)
	})
}

// entry is a right of somebody who is known.
func (w *Workspace) entry(name, level string) acl {
	if u := w.users[name]; u != nil {
		return acl{u.kind(), name, level}
	}
	return acl{"user_name", name, level}
}

// asked checks a right that a request gives.
func (w *Workspace) asked(kind, user, group, principal, level string) (acl, *Error) {
	var found []acl
	for _, a := range []acl{{"user_name", user, level}, {"group_name", group, level}, {"service_principal_name", principal, level}} {
		if a.name != "" {
			found = append(found, a)
		}
	}
	if len(found) != 1 {
		return acl{}, invalid("Each entry of an access control list must have exactly one of user_name, group_name and service_principal_name")
	}
	a := found[0]
	switch {
	case !slices.Contains(levels[kind], level):
		return a, invalid("%s is not a permission level of %s: %s", level, kind, strings.Join(levels[kind], ", "))
	case a.kind == "group_name" && level == "IS_OWNER":
		return a, invalid("Group %s can't be the owner", a.name)
	case a.kind == "group_name" && a.name == adminGroup:
		return a, invalid("The permissions of group %s can't be changed", adminGroup)
	case !w.knows(a.kind, a.name):
		return a, missing("Principal: %s(%s) does not exist", a.kind, a.name)
	}
	return a, nil
}
