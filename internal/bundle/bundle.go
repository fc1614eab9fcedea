// Package bundle says what a target wants its workspace to have: a pure function of the jobs and the target
// to resources, for a deploy to bring about. The same job settings are exported as files, for teams that
// use the Jobs API or bundles themselves.
//
//	bundle.go       Resources, all of them
//	catalog.go      schema, volume, grants
//	secrets.go      scope, secrets, who may read them
//	warehouse.go    the SQL warehouse
//	notebooks.go    folder and notebooks; the parameters they get
//	streaming.go    the job that runs the queries, in each shape
//	maintenance.go  the job that keeps the tables in shape
//	reports.go      the dashboard and the alerts
//	compute.go      what the jobs run on
//	notify.go       who is told, and when
//	permissions.go  who may see, run and manage
//	guard.go        what can't change without data lost or doubled
//	fields.go       the SDK's types as fields of a resource
//	check.go        what can be known to fail before the first call; checkjob.go, checknames.go,
//	                checkbroker.go and checkplace.go: about what
//	files.go        job definitions as files; yml.go: databricks.yml
//
// Field names are those of the SDK's types, so that none is misspelt.
package bundle

import (
	"fmt"

	"github.com/cryptostream/lakectl/internal/deploy"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/target"
	"github.com/cryptostream/lakectl/jobs"
)

// Keys of the resources, which a state keeps for ever. A notebook's is notebook. and its name, a secret's
// secret. and its key, an alert's alert. and its key, those of permissions are permissions. and the key of what they are for.
const (
	KeyFolder      = "folder"
	KeySchema      = "schema"
	KeyVolume      = "volume"
	KeyGrants      = "grants"
	KeyScope       = "secret_scope"
	KeyScopeReader = "secret_acl.run_as"
	KeyWarehouse   = "warehouse"
	KeyStreaming   = "job.streaming"
	KeyMaintenance = "job.maintenance"
	KeyDashboard   = "dashboard"
)

// builder makes the resources of one target.
type builder struct {
	target target.Target
	*target.Databricks
	lakehouse *jobs.Lakehouse
}

// Resources returns what the target's workspace is to have, each resource after those it depends on. It
// fails for a target that is no workspace.
func Resources(t target.Target, lakehouse *jobs.Lakehouse) ([]deploy.Resource, error) {
	if t.Databricks == nil {
		return nil, exit.New(exit.Usage, fmt.Errorf("target %s is no Databricks workspace", t.Name),
			"give it a databricks part to deploy to it; without one it is for lakectl run --target "+t.Name)
	}
	b := builder{t, t.Databricks, lakehouse}
	var all []deploy.Resource
	for _, make := range []func() []deploy.Resource{
		b.folder, b.notebooks, b.schema, b.volume, b.grants, b.secrets, b.warehouse, b.streaming, b.maintenance,
	} {
		made := make()
		all = append(append(all, made...), b.permissions(made)...)
	}
	reports, err := b.reports()
	return append(all, reports...), err
}

// name is what a job or warehouse is called: a workspace has all targets' ones in one list.
func (b builder) name(role string) string {
	return fmt.Sprintf("%sCryptoStream %s (%s)", b.Prefix, role, b.target.Name)
}

// ref stands in a field for the id that the workspace gives to a resource.
func ref(key string) string { return "${" + key + ".id}" }
