package fakeworkspace

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

func (w *Workspace) tableRoutes() {
	const at = "/api/2.1/unity-catalog/tables"
	w.handle("GET "+at, w.listTables)
	w.handle("GET "+at+"/{name}", func(c *call) (any, *Error) { return w.table(c.PathValue("name")) })
	w.handle("GET "+at+"/{name}/exists", w.tableExists)
	w.handle("DELETE "+at+"/{name}", w.deleteTable)
}

// AddTable adds a managed Delta table, as a notebook would have; the schema must be there.
func (w *Workspace) AddTable(full, owner string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	full, failed := w.parent("table", full)
	if failed != nil {
		panic(failed)
	}
	parts := strings.Split(full, ".")
	w.tables[full] = w.stamped(object{
		"name": parts[2], "schema_name": parts[1], "catalog_name": parts[0], "full_name": full, "table_id": w.uuid(),
		"table_type": "MANAGED", "data_source_format": "DELTA", "storage_location": w.location("tables"), "columns": []object{},
	}, owner)
}

// Tables returns the full names of tables.
func (w *Workspace) Tables() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(maps.Keys(w.tables))
}

func (w *Workspace) table(full string) (object, *Error) {
	full, failed := w.parent("table", full)
	if failed != nil {
		return nil, failed
	}
	if o := w.tables[full]; o != nil {
		return o, nil
	}
	return nil, ucError(http.StatusNotFound, "TABLE_DOES_NOT_EXIST", "Table '%s' does not exist.", full)
}

func (w *Workspace) listTables(c *call) (any, *Error) {
	schema, failed := w.schema(c.query("catalog_name") + "." + c.query("schema_name"))
	if failed != nil {
		return nil, failed
	}
	all := slices.DeleteFunc(sorted(w.tables), func(o object) bool {
		return o["catalog_name"] != schema["catalog_name"] || o["schema_name"] != schema["name"]
	})
	return object{"tables": all}, nil
}

func (w *Workspace) tableExists(c *call) (any, *Error) {
	_, failed := w.table(c.PathValue("name"))
	return object{"table_exists": failed == nil}, nil
}

func (w *Workspace) deleteTable(c *call) (any, *Error) {
	o, failed := w.table(c.PathValue("name"))
	if failed != nil {
		return nil, failed
	}
	if failed := w.ucAllow(c.user, "table", text(o, "full_name")); failed != nil {
		return nil, failed
	}
	delete(w.tables, text(o, "full_name"))
	delete(w.grants, "table/"+text(o, "full_name"))
	return nil, nil
}
