package fakeworkspace_test

import (
	"errors"
	"testing"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/service/catalog"

	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

func TestSchemas(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	made := must[*catalog.SchemaInfo](t)(c.Schemas.Create(ctx, catalog.CreateSchema{CatalogName: "main", Name: "CryptoStream", Comment: "prices"}))
	if made.FullName != "main.cryptostream" || made.Owner != me || made.CreatedAt == 0 || made.MetastoreId == "" {
		t.Errorf("schema is %+v", made)
	}
	_, err := c.Schemas.Create(ctx, catalog.CreateSchema{CatalogName: "main", Name: "cryptostream"})
	refused(t, err, 400, "SCHEMA_ALREADY_EXISTS", "Schema 'cryptostream' already exists")
	_, err = c.Schemas.Create(ctx, catalog.CreateSchema{CatalogName: "man", Name: "x"})
	refused(t, err, 404, "CATALOG_DOES_NOT_EXIST", "Catalog 'man' does not exist.")
	_, err = c.Schemas.Create(ctx, catalog.CreateSchema{CatalogName: "main", Name: "a.b"})
	refused(t, err, 400, "INVALID_PARAMETER_VALUE", "not a valid name")
	_, err = c.Schemas.GetByFullName(ctx, "main.nothing")
	refused(t, err, 404, "SCHEMA_DOES_NOT_EXIST", "Schema 'main.nothing' does not exist.")
	if !errors.Is(err, apierr.ErrNotFound) {
		t.Error("the SDK does not know it")
	}
	changed := must[*catalog.SchemaInfo](t)(c.Schemas.Update(ctx, catalog.UpdateSchema{FullName: "main.cryptostream", Comment: "other", Owner: you}))
	if changed.Comment != "other" || changed.Owner != you {
		t.Errorf("schema is %+v", changed)
	}
	_, err = c.Schemas.Update(ctx, catalog.UpdateSchema{FullName: "main.cryptostream", Owner: "nobody"})
	refused(t, err, 404, "PRINCIPAL_DOES_NOT_EXIST", "nobody")
	all := must[[]catalog.SchemaInfo](t)(c.Schemas.ListAll(ctx, catalog.ListSchemasRequest{CatalogName: "main"}))
	if len(all) != 3 || len(w.Schemas()) != 1 {
		t.Errorf("listed %+v", all)
	}
}

func TestSchemaThatIsNotEmpty(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	w.AddSchema("main", "lake", me)
	w.AddTable("main.lake.bronze_prices", me)
	must[*catalog.VolumeInfo](t)(c.Volumes.Create(ctx, catalog.CreateVolumeRequestContent{CatalogName: "main", SchemaName: "lake", Name: "checkpoints", VolumeType: catalog.VolumeTypeManaged}))
	err := c.Schemas.Delete(ctx, catalog.DeleteSchemaRequest{FullName: "main.lake"})
	refused(t, err, 400, "INVALID_STATE", "1 tables(s), 0 functions(s), 1 volumes(s)")
	ok(t, c.Tables.DeleteByFullName(ctx, "main.lake.bronze_prices"))
	ok(t, c.Schemas.Delete(ctx, catalog.DeleteSchemaRequest{FullName: "main.lake", Force: true}))
	_, err = c.Volumes.ReadByName(ctx, "main.lake.checkpoints")
	refused(t, err, 404, "SCHEMA_DOES_NOT_EXIST", "main.lake")
}

func TestVolumes(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	w.AddSchema("main", "lake", me)
	ask := catalog.CreateVolumeRequestContent{CatalogName: "main", SchemaName: "lake", Name: "files", VolumeType: catalog.VolumeTypeManaged}
	made := must[*catalog.VolumeInfo](t)(c.Volumes.Create(ctx, ask))
	if made.FullName != "main.lake.files" || made.StorageLocation == "" || made.VolumeId == "" {
		t.Errorf("volume is %+v", made)
	}
	_, err := c.Volumes.Create(ctx, ask)
	refused(t, err, 400, "VOLUME_ALREADY_EXISTS", "already exists")
	ask.Name, ask.VolumeType = "outside", catalog.VolumeTypeExternal
	_, err = c.Volumes.Create(ctx, ask)
	refused(t, err, 400, "INVALID_PARAMETER_VALUE", "storage_location")
	if got := must[*catalog.VolumeInfo](t)(c.Volumes.Update(ctx, catalog.UpdateVolumeRequestContent{Name: "main.lake.files", Comment: "x"})); got.Comment != "x" {
		t.Errorf("volume is %+v", got)
	}
	if all := must[[]catalog.VolumeInfo](t)(c.Volumes.ListAll(ctx, catalog.ListVolumesRequest{CatalogName: "main", SchemaName: "lake"})); len(all) != 1 {
		t.Errorf("listed %+v", all)
	}
	ok(t, c.Volumes.DeleteByName(ctx, "main.lake.files"))
	_, err = c.Volumes.ReadByName(ctx, "main.lake.files")
	refused(t, err, 404, "VOLUME_DOES_NOT_EXIST", "does not exist")
}

func TestTables(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	w.AddSchema("main", "lake", me)
	w.AddTable("main.lake.silver_prices", me)
	all := must[[]catalog.TableInfo](t)(c.Tables.ListAll(ctx, catalog.ListTablesRequest{CatalogName: "main", SchemaName: "lake"}))
	if len(all) != 1 || all[0].TableType != catalog.TableTypeManaged {
		t.Errorf("listed %+v", all)
	}
	if got := must[*catalog.TableExistsResponse](t)(c.Tables.ExistsByFullName(ctx, "main.lake.gold")); got.TableExists {
		t.Error("a table that is not there exists")
	}
	_, err := c.Tables.GetByFullName(ctx, "main.lake.gold")
	refused(t, err, 404, "TABLE_DOES_NOT_EXIST", "main.lake.gold")
}

func TestGrants(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	w.AddSchema("main", "lake", me)
	w.AddAccountGroup("analysts")
	change := func(kind, name, who string, add, remove []catalog.Privilege) (*catalog.UpdatePermissionsResponse, error) {
		return c.Grants.Update(ctx, catalog.UpdatePermissions{SecurableType: kind, FullName: name, Changes: []catalog.PermissionsChange{{Principal: who, Add: add, Remove: remove}}})
	}
	got := must[*catalog.UpdatePermissionsResponse](t)(change("schema", "main.lake", "analysts", []catalog.Privilege{"SELECT", "USE_SCHEMA"}, nil))
	if len(got.PrivilegeAssignments) != 1 || len(got.PrivilegeAssignments[0].Privileges) != 2 {
		t.Errorf("grants are %+v", got)
	}
	must[*catalog.UpdatePermissionsResponse](t)(change("schema", "main.lake", "analysts", nil, []catalog.Privilege{"SELECT"}))
	read := must[*catalog.GetPermissionsResponse](t)(c.Grants.GetBySecurableTypeAndFullName(ctx, "schema", "main.lake"))
	if len(read.PrivilegeAssignments) != 1 || len(read.PrivilegeAssignments[0].Privileges) != 1 || read.PrivilegeAssignments[0].Privileges[0] != "USE_SCHEMA" {
		t.Errorf("grants are %+v", read)
	}
	// Unity Catalog does not know the workspace's own groups.
	_, err := change("schema", "main.lake", "users", []catalog.Privilege{"SELECT"}, nil)
	refused(t, err, 404, "PRINCIPAL_DOES_NOT_EXIST", "Could not find principal with name users")
	_, err = change("schema", "main.lake", "analysts", []catalog.Privilege{"CREATE_CATALOG"}, nil)
	refused(t, err, 400, "INVALID_PARAMETER_VALUE", "is not applicable")
	_, err = change("schema", "main.lake", "analysts", []catalog.Privilege{"SELEKT"}, nil)
	refused(t, err, 400, "INVALID_PARAMETER_VALUE", "changes[0].add[0]")
	_, err = change("schema", "main.other", "analysts", []catalog.Privilege{"SELECT"}, nil)
	refused(t, err, 404, "SCHEMA_DOES_NOT_EXIST", "main.other")
}

func TestUnityCatalogRights(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	other := dial(t, w, "dapi-you")
	_, err := other.Schemas.Create(ctx, catalog.CreateSchema{CatalogName: "main", Name: "theirs"})
	refused(t, err, 403, "PERMISSION_DENIED", "User does not have CREATE SCHEMA on Catalog 'main'.")
	must[*catalog.UpdatePermissionsResponse](t)(c.Grants.Update(ctx, catalog.UpdatePermissions{
		SecurableType: "catalog", FullName: "main", Changes: []catalog.PermissionsChange{{Principal: you, Add: []catalog.Privilege{"CREATE_SCHEMA"}}},
	}))
	must[*catalog.SchemaInfo](t)(other.Schemas.Create(ctx, catalog.CreateSchema{CatalogName: "main", Name: "theirs"}))
	got := must[*catalog.EffectivePermissionsList](t)(other.Grants.GetEffective(ctx, catalog.GetEffectiveRequest{SecurableType: "schema", FullName: "main.theirs", Principal: you}))
	if len(got.PrivilegeAssignments) != 2 || got.PrivilegeAssignments[1].Privileges[0].InheritedFromName != "main" {
		t.Errorf("effective are %+v", got)
	}
	w.AddSchema("main", "mine", me)
	refused(t, other.Schemas.Delete(ctx, catalog.DeleteSchemaRequest{FullName: "main.mine"}), 403, "PERMISSION_DENIED", "User is not an owner of Schema 'main.mine'.")
	ok(t, other.Schemas.Delete(ctx, catalog.DeleteSchemaRequest{FullName: "main.theirs"}))
}
