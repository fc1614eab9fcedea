package fakeworkspace

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/catalog"
)

// AddSchema adds a schema that somebody else owns to a catalog that is there.
func (w *Workspace) AddSchema(catalog, name, owner string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.putSchema(catalog, object{"name": name}, owner)
}

func (w *Workspace) putSchema(catalog string, o object, owner string) object {
	full := catalog + "." + text(o, "name")
	o["catalog_name"], o["full_name"], o["catalog_type"], o["schema_id"] = catalog, full, "MANAGED_CATALOG", w.uuid()
	o["effective_predictive_optimization_flag"] = object{"value": "ENABLE", "inherited_from_type": "METASTORE", "inherited_from_name": "metastore"}
	o["enable_predictive_optimization"] = "INHERIT"
	w.schemas[full] = w.stamped(o, owner)
	return o
}

func (w *Workspace) schema(full string) (object, *Error) {
	full = strings.ToLower(full)
	if o := w.schemas[full]; o != nil {
		return o, nil
	}
	catalog, _, ok := strings.Cut(full, ".")
	if !ok {
		return nil, invalid("'%s' is not a valid name of a schema: it must be <catalog>.<schema>", full)
	}
	if _, failed := w.catalog(catalog); failed != nil {
		return nil, failed
	}
	return nil, ucError(http.StatusNotFound, "SCHEMA_DOES_NOT_EXIST", "Schema '%s' does not exist.", full)
}

func (w *Workspace) listSchemas(c *call) (any, *Error) {
	name := c.query("catalog_name")
	if _, failed := w.catalog(name); failed != nil {
		return nil, failed
	}
	all := slices.DeleteFunc(sorted(w.schemas), func(o object) bool { return o["catalog_name"] != name })
	return object{"schemas": all}, nil
}

func (w *Workspace) createSchema(c *call) (any, *Error) {
	o, request, failed := read[catalog.CreateSchema](c)
	if failed != nil {
		return nil, failed
	}
	if failed := checkName("CreateSchema", request.Name); failed != nil {
		return nil, failed
	}
	if _, failed := w.catalog(request.CatalogName); failed != nil {
		return nil, failed
	}
	if failed := w.ucAllow(c.user, "catalog", request.CatalogName, "CREATE_SCHEMA"); failed != nil {
		return nil, failed
	}
	o["name"] = strings.ToLower(request.Name)
	if w.schemas[request.CatalogName+"."+text(o, "name")] != nil {
		return nil, ucError(http.StatusBadRequest, "SCHEMA_ALREADY_EXISTS", "Schema '%s' already exists", o["name"])
	}
	return w.putSchema(request.CatalogName, o, c.user.Name), nil
}

func (w *Workspace) updateSchema(c *call) (any, *Error) {
	o, failed := w.schema(c.PathValue("name"))
	if failed != nil {
		return nil, failed
	}
	changes, request, failed := read[catalog.UpdateSchema](c)
	if failed != nil {
		return nil, failed
	}
	if failed := w.ucAllow(c.user, "schema", text(o, "full_name")); failed != nil {
		return nil, failed
	}
	if failed := w.checkOwner(request.Owner); failed != nil {
		return nil, failed
	}
	if request.NewName != "" {
		return nil, invalid("UpdateSchema: this fake does not rename")
	}
	return w.changed(o, changes, c.user), nil
}

func (w *Workspace) deleteSchema(c *call) (any, *Error) {
	o, failed := w.schema(c.PathValue("name"))
	if failed != nil {
		return nil, failed
	}
	full := text(o, "full_name")
	if failed := w.ucAllow(c.user, "schema", full); failed != nil {
		return nil, failed
	}
	tables, volumes := within(w.tables, full), within(w.volumes, full)
	if n := len(tables) + len(volumes); n > 0 && !c.flag("force") {
		return nil, ucError(http.StatusBadRequest, "INVALID_STATE",
			"Schema '%s' is not empty. The schema has %d tables(s), 0 functions(s), %d volumes(s)", full, len(tables), len(volumes))
	}
	for _, name := range tables {
		delete(w.tables, name)
	}
	for _, name := range volumes {
		delete(w.volumes, name)
		w.dropFiles(name)
	}
	delete(w.schemas, full)
	delete(w.grants, "schema/"+full)
	return nil, nil
}

// within are the full names below a schema.
func within(all map[string]object, schema string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool { return !strings.HasPrefix(name, schema+".") })
}

// Schemas returns the full names of schemas, but those that each catalog has.
func (w *Workspace) Schemas() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(w.schemas)), func(name string) bool {
		return strings.HasSuffix(name, ".default") || strings.HasSuffix(name, ".information_schema")
	})
}
