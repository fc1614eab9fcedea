package deploy

import "slices"

// traits is what differs between kinds, as far as the comparison is concerned.
type traits struct {
	// named kinds are found by their name alone; another name is another resource.
	named bool
	// put kinds are made by a call that takes over what is there: nobody else's is in the way.
	put bool
	// fixed are the fields that the API can't change.
	fixed []string
	// unread are the fields that are not compared with the workspace: it does not tell them, or they are
	// what the resource was found by.
	unread []string
}

var kinds = map[Kind]traits{
	Folder:   {named: true, put: true, unread: []string{"path"}},
	Notebook: {named: true, unread: []string{"path", "format", "overwrite", "language"}},
	Schema:   {named: true, fixed: []string{"storage_root"}, unread: []string{"name", "catalog_name", "storage_root"}},
	Volume: {named: true, fixed: []string{"volume_type", "storage_location"},
		unread: []string{"name", "catalog_name", "schema_name", "storage_location"}},
	Grants:      {named: true, put: true, unread: []string{"securable_type", "full_name"}},
	SecretScope: {named: true, fixed: []string{"scope_backend_type"}, unread: []string{"scope", "initial_manage_principal"}},
	Secret:      {named: true, put: true, unread: []string{"scope", "key"}},
	SecretACL:   {named: true, put: true, unread: []string{"scope", "principal"}},
	Permissions: {named: true, put: true, unread: []string{"request_object_type", "request_object_id"}},
	Warehouse:   {},
	Job:         {unread: []string{"apply_policy_default_values"}},
	Dashboard:   {fixed: []string{"parent_path"}, unread: []string{"parent_path"}},
	Alert:       {fixed: []string{"parent_path"}, unread: []string{"parent_path"}},
}

// Marked are the kinds whose names a workspace gives twice: ours carry a mark.
func (k Kind) Marked() bool { return k == Job || k == Warehouse }

func (t traits) isFixed(c difference) bool {
	return len(c.at) > 0 && slices.Contains(t.fixed, c.at[0].name)
}

func (t traits) isUnread(name string) bool { return slices.Contains(t.unread, name) }
