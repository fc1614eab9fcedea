package fakeworkspace_test

import (
	"fmt"
	"testing"

	"github.com/databricks/databricks-sdk-go/service/iam"
	"github.com/databricks/databricks-sdk-go/service/workspace"

	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

func TestPermissionsOfAJob(t *testing.T) {
	_, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	id := fmt.Sprint(create(t, c, scheduled()))
	got := must[*iam.ObjectPermissions](t)(c.Permissions.GetByRequestObjectTypeAndRequestObjectId(ctx, "jobs", id))
	if got.ObjectId != "/jobs/"+id || got.ObjectType != "job" || len(got.AccessControlList) != 2 {
		t.Fatalf("permissions are %+v", got)
	}
	owner, admins := got.AccessControlList[0], got.AccessControlList[1]
	if owner.UserName != me || owner.AllPermissions[0].PermissionLevel != "IS_OWNER" || owner.AllPermissions[0].Inherited {
		t.Errorf("owner is %+v", owner)
	}
	if admins.GroupName != "admins" || !admins.AllPermissions[0].Inherited || admins.AllPermissions[0].InheritedFromObject[0] != "/jobs/" {
		t.Errorf("admins are %+v", admins)
	}
	set := func(list ...iam.AccessControlRequest) error {
		_, err := c.Permissions.Set(ctx, iam.SetObjectPermissions{RequestObjectType: "jobs", RequestObjectId: id, AccessControlList: list})
		return err
	}
	refused(t, set(iam.AccessControlRequest{UserName: you, PermissionLevel: "CAN_VIEW"}), 400, "INVALID_PARAMETER_VALUE", "The job must have exactly one owner.")
	refused(t, set(iam.AccessControlRequest{GroupName: "users", PermissionLevel: "IS_OWNER"}), 400, "INVALID_PARAMETER_VALUE", "can't be the owner")
	refused(t, set(iam.AccessControlRequest{UserName: you, PermissionLevel: "CAN_USE"}), 400, "INVALID_PARAMETER_VALUE", "not a permission level")
	refused(t, set(iam.AccessControlRequest{UserName: "x", PermissionLevel: "CAN_VIEW"}), 404, "RESOURCE_DOES_NOT_EXIST", "does not exist")
	refused(t, set(iam.AccessControlRequest{PermissionLevel: "CAN_VIEW"}), 400, "INVALID_PARAMETER_VALUE", "exactly one of user_name")
	ok(t, set(iam.AccessControlRequest{UserName: me, PermissionLevel: "IS_OWNER"}, iam.AccessControlRequest{GroupName: "users", PermissionLevel: "CAN_VIEW"}))
	after := must[*iam.ObjectPermissions](t)(c.Permissions.Update(ctx, iam.UpdateObjectPermissions{
		RequestObjectType: "jobs", RequestObjectId: id, AccessControlList: []iam.AccessControlRequest{{UserName: you, PermissionLevel: "IS_OWNER"}},
	}))
	if n := len(after.AccessControlList); n != 3 {
		t.Errorf("permissions are %+v", after)
	}
	_, err := c.Permissions.GetByRequestObjectTypeAndRequestObjectId(ctx, "jobs", "1")
	refused(t, err, 404, "RESOURCE_DOES_NOT_EXIST", "does not exist")
}

func TestPermissionsAreInheritedInTheTree(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	w.Put("/Users/"+me+"/lake/01.py", []byte(notebook))
	status := func(path string) *workspace.ObjectInfo {
		return must[*workspace.ObjectInfo](t)(c.Workspace.GetStatusByPath(ctx, path))
	}
	dir, file := status("/Users/"+me+"/lake"), status("/Users/"+me+"/lake/01")
	must[*iam.ObjectPermissions](t)(c.Permissions.Update(ctx, iam.UpdateObjectPermissions{
		RequestObjectType: "directories", RequestObjectId: fmt.Sprint(dir.ObjectId),
		AccessControlList: []iam.AccessControlRequest{{GroupName: "users", PermissionLevel: "CAN_READ"}},
	}))
	got := must[*iam.ObjectPermissions](t)(c.Permissions.GetByRequestObjectTypeAndRequestObjectId(ctx, "notebooks", fmt.Sprint(file.ObjectId)))
	rights := map[string]string{}
	for _, a := range got.AccessControlList {
		p := a.AllPermissions[0]
		rights[a.GroupName+a.UserName] = fmt.Sprint(p.PermissionLevel, " ", p.Inherited, " ", p.InheritedFromObject[0])
	}
	if want := fmt.Sprintf("CAN_READ true /directories/%d", dir.ObjectId); rights["users"] != want {
		t.Errorf("users have %q, want %q", rights["users"], want)
	}
	if rights[me] == "" || rights["admins"] == "" {
		t.Errorf("rights are %v", rights)
	}
}
