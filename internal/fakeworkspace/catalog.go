package fakeworkspace

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"

	"github.com/databricks/databricks-sdk-go/service/catalog"
)

// metastore is the one that the workspace is assigned to.
const metastore = "2b1d3f6e-7c54-4a19-9d0b-5f2f6a1c8e42"

// ucName is what Unity Catalog takes for a name: no period, space, slash or control character.
var ucName = regexp.MustCompile(`^[^. /\x00-\x1f\x7f]{1,255}$`)

func (w *Workspace) catalogRoutes() {
	const at = "/api/2.1/unity-catalog"
	w.handle("GET "+at+"/current-metastore-assignment", func(*call) (any, *Error) {
		return catalog.MetastoreAssignment{MetastoreId: metastore, WorkspaceId: OrgID, DefaultCatalogName: "main"}, nil
	})
	w.handle("GET "+at+"/catalogs", func(*call) (any, *Error) { return object{"catalogs": sorted(w.catalogs)}, nil })
	w.handle("GET "+at+"/catalogs/{name}", func(c *call) (any, *Error) { return w.catalog(c.PathValue("name")) })
	w.handle("GET "+at+"/schemas", w.listSchemas)
	w.handle("POST "+at+"/schemas", w.createSchema)
	w.handle("GET "+at+"/schemas/{name}", func(c *call) (any, *Error) { return w.schema(c.PathValue("name")) })
	w.handle("PATCH "+at+"/schemas/{name}", w.updateSchema)
	w.handle("DELETE "+at+"/schemas/{name}", w.deleteSchema)
}

// AddCatalog adds a catalog with its schemas `default` and `information_schema`.
func (w *Workspace) AddCatalog(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catalogs[name] = w.stamped(object{
		"name": name, "full_name": name, "catalog_type": "MANAGED_CATALOG", "isolation_mode": "OPEN",
		"securable_type": "CATALOG", "storage_root": "s3://metastore/" + metastore,
	}, "System user")
	w.grants["catalog/"+name] = map[string][]string{"account users": {"USE_CATALOG"}}
	w.putSchema(name, object{"name": "default", "comment": "Default schema (auto-created)"}, "System user")
	w.putSchema(name, object{"name": "information_schema", "comment": "Information schema (auto-created)"}, "System user")
}

// stamped adds what Unity Catalog adds to everything.
func (w *Workspace) stamped(o object, owner string) object {
	o["metastore_id"], o["owner"] = metastore, owner
	o["created_at"], o["created_by"], o["updated_at"], o["updated_by"] = w.millis(), owner, w.millis(), owner
	return o
}

func sorted(all map[string]object) []object {
	list := []object{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, all[name])
	}
	return list
}

func (w *Workspace) catalog(name string) (object, *Error) {
	if o := w.catalogs[name]; o != nil {
		return o, nil
	}
	return nil, ucError(http.StatusNotFound, "CATALOG_DOES_NOT_EXIST", "Catalog '%s' does not exist.", name)
}

func checkName(method, name string) *Error {
	if !ucName.MatchString(name) {
		return invalid("%s: '%s' is not a valid name: it must not be empty, longer than 255 characters or hold periods, spaces, slashes or control characters", method, name)
	}
	return nil
}

// changed takes over what a PATCH names.
func (w *Workspace) changed(o, changes object, by *User) object {
	maps.Copy(o, changes)
	o["updated_at"], o["updated_by"] = w.millis(), by.Name
	return o
}

func (w *Workspace) checkOwner(name string) *Error {
	if name != "" && !w.ucKnows(name) {
		return ucError(http.StatusNotFound, "PRINCIPAL_DOES_NOT_EXIST", "Could not find principal with name %s", name)
	}
	return nil
}

func (w *Workspace) location(kind string) string {
	return fmt.Sprintf("s3://metastore/%s/%s/%s", metastore, kind, w.uuid())
}
