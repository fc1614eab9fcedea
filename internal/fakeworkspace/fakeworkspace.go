// Package fakeworkspace is a Databricks workspace over HTTP, held in memory, for tests: the real SDK talks to
// it unchanged. It is as strict as the real one where that is known, and stricter in one point: a field that
// the API does not have is refused, where the real one may drop it in silence.
//
// Paths, fields and enums are those of databricks-sdk-go; messages and defaults are those that users of the
// real API quote in public issues and that the REST reference names. None of it was compared with a real
// workspace.
//
// Files go by API: workspace.go with import.go and export.go; catalog.go, schemas.go, volumes.go, files.go,
// tables.go, grants.go and ucrights.go; secrets.go; jobs.go with jobread.go and jobchange.go, *check.go for
// what is refused and jobfill.go for what is added; runs.go; warehouses.go; permissions.go and acl.go;
// dashboards.go and publish.go; alerts.go; clusters.go and compute.go; scim.go; destinations.go. A request
// passes server.go, which records it (record.go), lets faults and hooks have their way (fault.go), knows the
// caller (auth.go) and holds the body against the SDK's own type (strict.go).
package fakeworkspace

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// OrgID is the workspace's id, which each answer carries in a header.
const OrgID = 6051921418418893

// object is a JSON object as it came or will be sent; numbers that came are json.Number.
type object = map[string]any

// Options are the settings of a Workspace; the zero value is good.
type Options struct {
	// Latency is what each answer takes at least.
	Latency time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Free makes it a workspace of the Free Edition: serverless only, and one SQL warehouse of the least size.
	Free bool
	// TokenLifetime is how long a token of a service principal is good; 0 is an hour.
	TokenLifetime time.Duration
}

// Workspace is the server; it is an http.Handler. It starts with a catalog `main`, the groups `admins` and
// `users`, and no user: see AddUser.
type Workspace struct {
	opts Options
	mux  *http.ServeMux

	mu       sync.Mutex // all below
	before   func(n int, r Request)
	after    func(n int, r Request)
	faults   []*Fault
	kills    map[int]Fault // by the request's number
	requests []*Request
	nextID   int64

	users      map[string]*User // by name; of service principals, the application id
	groups     map[string]bool
	accounts   map[string]bool   // groups that Unity Catalog knows too
	tokens     map[string]*token // by the token
	clients    map[string]string // secrets of service principals, by application id
	nodes      map[string]*node  // of the workspace's tree, by path
	catalogs   map[string]object
	schemas    map[string]object
	volumes    map[string]object
	tables     map[string]object
	files      map[string]*file               // in volumes, by path
	grants     map[string]map[string][]string // privileges by principal, by "schema/main.x"
	scopes     map[string]*scope
	jobs       map[int64]*job
	runs       map[int64]*run
	runTokens  map[string]int64 // idempotency tokens of run-now
	warehouses map[string]object
	acls       map[string][]acl // by "jobs/1"
	dashboards map[string]*dashboard
	alerts     map[string]object
	webhooks   map[string]bool // ids of notification destinations
	clusters   map[string]object
}

// New makes a Workspace.
func New(o Options) *Workspace {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.TokenLifetime == 0 {
		o.TokenLifetime = time.Hour
	}
	w := &Workspace{
		opts: o, mux: http.NewServeMux(), nextID: 618_402_913_577_001,
		users: map[string]*User{}, groups: map[string]bool{adminGroup: true, "users": true}, accounts: map[string]bool{"account users": true},
		tokens: map[string]*token{}, clients: map[string]string{}, nodes: map[string]*node{},
		catalogs: map[string]object{}, schemas: map[string]object{}, volumes: map[string]object{}, tables: map[string]object{}, files: map[string]*file{},
		grants: map[string]map[string][]string{}, scopes: map[string]*scope{},
		jobs: map[int64]*job{}, runs: map[int64]*run{}, runTokens: map[string]int64{},
		warehouses: map[string]object{}, acls: map[string][]acl{}, dashboards: map[string]*dashboard{}, alerts: map[string]object{},
		webhooks: map[string]bool{}, clusters: map[string]object{},
	}
	w.plantTree()
	w.AddCatalog("main")
	w.routes()
	return w
}

func (w *Workspace) routes() {
	for _, add := range []func(){
		w.authRoutes, w.scimRoutes, w.treeRoutes, w.catalogRoutes, w.volumeRoutes, w.fileRoutes, w.tableRoutes, w.grantRoutes, w.secretRoutes,
		w.jobRoutes, w.runRoutes, w.warehouseRoutes, w.permissionRoutes, w.dashboardRoutes, w.alertRoutes, w.clusterRoutes, w.destinationRoutes,
	} {
		add()
	}
	w.mux.HandleFunc("/", w.serve(nil))
}

// id gives numbers as long as the real ones, in no pattern that a test could lean on.
func (w *Workspace) id() int64 {
	w.nextID += 7_919 + w.nextID%97
	return w.nextID
}

// uuid gives ids of that form, the same in each run.
func (w *Workspace) uuid() string {
	n := w.id()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(n*2_654_435_761), n&0xffff, n>>16&0xfff, n>>28&0xfff, n)
}

// millis is the time as the APIs tell it.
func (w *Workspace) millis() int64 { return w.opts.Now().UnixMilli() }
