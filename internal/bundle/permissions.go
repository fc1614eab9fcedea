package bundle

import (
	"slices"

	"github.com/databricks/databricks-sdk-go/service/iam"

	"github.com/cryptostream/lakectl/internal/deploy"
	"github.com/cryptostream/lakectl/internal/target"
)

// permitted are the kinds that have permissions: what the API calls them, and its words for VIEW, RUN and
// MANAGE.
var permitted = map[deploy.Kind]struct {
	objects string
	levels  map[string]iam.PermissionLevel
}{
	deploy.Folder: {"directories", map[string]iam.PermissionLevel{
		"VIEW": iam.PermissionLevelCanRead, "RUN": iam.PermissionLevelCanRun, "MANAGE": iam.PermissionLevelCanManage,
	}},
	deploy.Job: {"jobs", map[string]iam.PermissionLevel{
		"VIEW": iam.PermissionLevelCanView, "RUN": iam.PermissionLevelCanManageRun, "MANAGE": iam.PermissionLevelCanManage,
	}},
	deploy.Warehouse: {"warehouses", map[string]iam.PermissionLevel{
		"VIEW": iam.PermissionLevelCanView, "RUN": iam.PermissionLevelCanUse, "MANAGE": iam.PermissionLevelCanManage,
	}},
}

// permissions are those of the resources that have some. Who owns a resource is not among them.
func (b builder) permissions(all []deploy.Resource) []deploy.Resource {
	var found []deploy.Resource
	for _, r := range all {
		kind, has := permitted[r.Kind]
		who := b.permittedOn(r.Kind)
		if !has || len(who) == 0 || r.Existing != "" {
			continue
		}
		var request iam.SetObjectPermissions
		for _, p := range who {
			request.AccessControlList = append(request.AccessControlList, iam.AccessControlRequest{
				GroupName: p.Group, UserName: p.User, ServicePrincipalName: p.ServicePrincipal, PermissionLevel: kind.levels[p.Level],
			})
		}
		f := fields(request)
		f["request_object_type"], f["request_object_id"] = kind.objects, ref(r.Key)
		found = append(found, deploy.Resource{
			Key: "permissions." + r.Key, Kind: deploy.Permissions, Name: r.Name, Fields: f, DependsOn: []string{r.Key},
		})
	}
	return found
}

// permittedOn are the target's permissions, and on the folder who runs the notebooks in it.
func (b builder) permittedOn(kind deploy.Kind) []target.Permission {
	runner := target.Permission{Level: "RUN"}
	if kind != deploy.Folder || b.RunAs == nil || b.Git != nil {
		return b.Permissions
	}
	runner.User, runner.ServicePrincipal = b.RunAs.User, b.RunAs.ServicePrincipal
	if slices.ContainsFunc(b.Permissions, func(p target.Permission) bool {
		return p.User == runner.User && p.ServicePrincipal == runner.ServicePrincipal && p.Group == "" && p.Level != "VIEW"
	}) {
		return b.Permissions
	}
	return append(slices.Clone(b.Permissions), runner)
}
