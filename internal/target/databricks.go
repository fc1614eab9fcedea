package target

// Databricks is what a deploy puts into a workspace.
type Databricks struct {
	// Profile is a section of ~/.databrickscfg, Host the workspace's address; where they are "", the SDK finds
	// out by itself, from DATABRICKS_* and the file's DEFAULT. Credentials are never in a target.
	Profile string `json:"profile"`
	Host    string `json:"host"`

	Folder string `json:"folder"` // of the workspace: the notebooks, and the deploy's state and lock
	Prefix string `json:"prefix"` // of the names of jobs and warehouses, which a workspace has in common
	Volume string `json:"volume"` // managed volume in the schema, for checkpoints; "" makes none

	Secrets     Secrets           `json:"secrets"`
	Compute     Compute           `json:"compute"`
	Streaming   Streaming         `json:"streaming"`
	Maintenance *Maintenance      `json:"maintenance"` // nil for none
	Warehouse   *Warehouse        `json:"warehouse"`   // nil for none
	Notify      Notifications     `json:"notify"`
	RunAs       *Identity         `json:"run_as"` // nil is who deploys
	Permissions []Permission      `json:"permissions"`
	Grants      []Grant           `json:"grants"`
	Tags        map[string]string `json:"tags"`
	Git         *Git              `json:"git"` // nil: the notebooks are uploaded
}

// Secrets are the scope with what logs in to Kafka. Values maps each key to the environment variable that
// has its value; what is not there is asked for on a terminal. No value is ever written down.
type Secrets struct {
	Scope  string            `json:"scope"` // "" for no secrets
	Values map[string]string `json:"values"`
}

// Compute is what the jobs run on: serverless, an existing cluster, or a cluster per job.
type Compute struct {
	Serverless      bool   `json:"serverless"`
	ExistingCluster string `json:"existing_cluster"` // id
	SparkVersion    string `json:"spark_version"`    // such as 16.4.x-scala2.13
	// NodeType is the cloud's name of a machine; "" for one with local disk and at least 4 cores that the
	// workspace offers.
	NodeType string            `json:"node_type"`
	Workers  int               `json:"workers"` // 0 for a single node
	Policy   string            `json:"policy"`  // id of a cluster policy
	Conf     map[string]string `json:"conf"`
}

// Shapes of the streaming job.
const (
	// ShapeContinuous is one job that always runs: three tasks beside each other, each with a
	// processing-time trigger. Needs a cluster.
	ShapeContinuous = "continuous"
	// ShapeScheduled is one job by the clock: Bronze, Silver, Gold in order, each reading what is there.
	ShapeScheduled = "scheduled"
	// ShapeManual is no job: the notebooks are run by hand.
	ShapeManual = "manual"
)

// Streaming is the job that runs the notebooks.
type Streaming struct {
	Shape    string   `json:"shape"`
	Trigger  Duration `json:"trigger"` // of each query in a continuous job
	Schedule Schedule `json:"schedule"`
	Paused   bool     `json:"paused"`
	Retries  int      `json:"retries"` // of a task in a scheduled job; -1 for ever. A continuous job retries by itself.
	Timeout  Duration `json:"timeout"` // of a scheduled run; 0 for none
	// MaxBacklog is how far behind a query may be before those in Notify are told; 0 for no rule.
	MaxBacklog Duration `json:"max_backlog"`
}

// Schedule is a time by the clock: a Quartz expression with seconds, and an IANA time zone.
type Schedule struct {
	Cron     string `json:"cron"`
	Timezone string `json:"timezone"`
}

// Maintenance is the job that compacts and vacuums the tables and brings in late rows.
type Maintenance struct {
	Schedule Schedule `json:"schedule"`
	Paused   bool     `json:"paused"`
	Timeout  Duration `json:"timeout"` // of a run; 0 for none
}

// Warehouse is the SQL warehouse that dashboards and Power BI ask.
type Warehouse struct {
	ID          string   `json:"id"` // of one that exists and is not ours to change; "" makes one
	Name        string   `json:"name"`
	Size        string   `json:"size"`      // "" is 2X-Small
	AutoStop    Duration `json:"auto_stop"` // whole minutes without a query, 10 or more; 0 is 10
	Serverless  bool     `json:"serverless"`
	MaxClusters int      `json:"max_clusters"`
}

// Notifications are the addresses that are told.
type Notifications struct {
	OnFailure []string `json:"on_failure"`
}

// Identity is a user or a service principal; one of the two.
type Identity struct {
	User             string `json:"user"`
	ServicePrincipal string `json:"service_principal"` // application id
}

// Permission lets somebody see or manage the folder, the jobs and the warehouse; one of the three who.
type Permission struct {
	Group            string `json:"group"`
	User             string `json:"user"`
	ServicePrincipal string `json:"service_principal"`
	Level            string `json:"level"` // VIEW, RUN or MANAGE
}

// Grant gives privileges on the schema.
type Grant struct {
	Principal  string   `json:"principal"`
	Privileges []string `json:"privileges"` // such as SELECT
}

// Git is a repository that the jobs take their notebooks from, instead of the workspace.
type Git struct {
	URL      string `json:"url"`
	Provider string `json:"provider"` // such as gitHub
	Branch   string `json:"branch"`   // exactly one of branch, tag and commit
	Tag      string `json:"tag"`
	Commit   string `json:"commit"`
	Folder   string `json:"folder"` // with the notebooks, from the repository's root
}
