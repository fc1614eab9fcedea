package deploy

// Kind is a kind of resource of a workspace.
type Kind string

// The kinds, in the order in which they can depend on each other.
const (
	Folder      Kind = "folder"
	Notebook    Kind = "notebook"
	Schema      Kind = "schema"
	Volume      Kind = "volume"
	Grants      Kind = "grants" // of a schema
	SecretScope Kind = "secret_scope"
	Secret      Kind = "secret"
	SecretACL   Kind = "secret_acl"
	Warehouse   Kind = "warehouse"
	Job         Kind = "job"
	Permissions Kind = "permissions" // of a folder, a job or a warehouse
	Dashboard   Kind = "dashboard"
	Alert       Kind = "alert"
)

// Resource is one thing that a workspace is to have.
type Resource struct {
	// Key identifies the resource within its target for ever, such as job.streaming; a plan, the state and
	// --bind name it by this.
	Key  string `json:"key"`
	Kind Kind   `json:"kind"`
	// Name is how the workspace knows it: a path, catalog.schema, a job's name. Another name is another
	// resource where the API can't rename it.
	Name string `json:"name"`
	// Fields are what the API is to be told, as the JSON of its create call. A string of the form
	// ${key.id} stands for the id that the workspace gave that resource, which must be in DependsOn.
	Fields map[string]any `json:"fields"`
	// DependsOn are the keys of what must be there first; it is deleted last.
	DependsOn []string `json:"depends_on,omitempty"`

	// Runs are the keys of the notebooks that a job runs. A job that runs continuously is restarted when one
	// of them changes, or the job itself; otherwise it is left running.
	Runs []string `json:"runs,omitempty"`
	// Guards are facts that can't change without data lost or doubled, such as a query's checkpoint or
	// output mode: a change of one is a destructive step, and its key says what is at stake.
	Guards map[string]string `json:"guards,omitempty"`
	// HoldsData says what deleting the resource would delete with it; "" for what can be made again.
	HoldsData string `json:"holds_data,omitempty"`
	// Variable is the environment variable with a secret's value, which is in no field.
	Variable string `json:"variable,omitempty"`
	// Existing is the id of a resource that is used and never changed or deleted.
	Existing string `json:"existing,omitempty"`
}
