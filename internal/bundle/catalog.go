package bundle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/catalog"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/deploy"
)

func (b builder) schema() []deploy.Resource {
	var tables []string
	for _, job := range b.lakehouse.Jobs {
		if !slices.Contains(tables, job.Sink.Table) {
			tables = append(tables, job.Sink.Table)
		}
	}
	return []deploy.Resource{{
		Key: KeySchema, Kind: deploy.Schema, Name: b.target.Catalog + "." + b.target.Schema,
		Fields:    fields(catalog.CreateSchema{CatalogName: b.target.Catalog, Name: b.target.Schema, Comment: ddl.SchemaComment}),
		HoldsData: fmt.Sprintf("the tables %s, and %d views", strings.Join(tables, ", "), len(b.lakehouse.Views)),
	}}
}

func (b builder) volume() []deploy.Resource {
	if b.Volume == "" {
		return nil
	}
	holds := fmt.Sprintf("the checkpoints of %d queries", len(b.lakehouse.Jobs))
	if b.target.Kafka.Files != "" {
		holds += ", and the files that they read"
	}
	return []deploy.Resource{{
		Key: KeyVolume, Kind: deploy.Volume, Name: strings.Join([]string{b.target.Catalog, b.target.Schema, b.Volume}, "."),
		Fields: fields(catalog.CreateVolumeRequestContent{
			CatalogName: b.target.Catalog, SchemaName: b.target.Schema, Name: b.Volume,
			VolumeType: catalog.VolumeTypeManaged, Comment: "Checkpoints of the streaming queries",
		}),
		DependsOn: []string{KeySchema},
		HoldsData: holds,
	}}
}

// runAsPrivileges are what the jobs need on the schema when they don't run as who owns it. On the catalog
// they need USE_CATALOG, which is not ours to give.
var runAsPrivileges = []string{"CREATE_TABLE", "MODIFY", "READ_VOLUME", "SELECT", "USE_SCHEMA", "WRITE_VOLUME"}

func (b builder) grants() []deploy.Resource {
	given := map[string][]string{}
	for _, g := range b.Grants {
		given[g.Principal] = append(given[g.Principal], g.Privileges...)
	}
	if who := b.runAs(); who != "" {
		given[who] = append(given[who], runAsPrivileges...)
	}
	if len(given) == 0 {
		return nil
	}
	// The API takes changes; these are from nothing.
	var request catalog.UpdatePermissions
	for _, principal := range sorted(given) {
		slices.Sort(given[principal])
		var add []catalog.Privilege
		for _, p := range slices.Compact(given[principal]) {
			add = append(add, catalog.Privilege(p))
		}
		request.Changes = append(request.Changes, catalog.PermissionsChange{Principal: principal, Add: add})
	}
	f := fields(request)
	f["securable_type"], f["full_name"] = "schema", b.target.Catalog+"."+b.target.Schema
	return []deploy.Resource{{
		Key: KeyGrants, Kind: deploy.Grants, Name: b.target.Catalog + "." + b.target.Schema, Fields: f, DependsOn: []string{KeySchema},
	}}
}

// runAs is the user's name or the service principal's application id that the jobs run as; "" is who
// deploys.
func (b builder) runAs() string {
	if b.RunAs == nil {
		return ""
	}
	return b.RunAs.User + b.RunAs.ServicePrincipal
}
