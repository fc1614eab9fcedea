package fakeworkspace

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/sql"
)

// clusterSizes are what a warehouse can be.
var clusterSizes = []string{"2X-Small", "X-Small", "Small", "Medium", "Large", "X-Large", "2X-Large", "3X-Large", "4X-Large"}

func (w *Workspace) warehouseRoutes() {
	const at = "/api/2.0/sql/warehouses"
	w.handle("GET "+at, func(*call) (any, *Error) { return object{"warehouses": sorted(w.warehouses)}, nil })
	w.handle("POST "+at, w.createWarehouse)
	w.handle("GET "+at+"/{id}", func(c *call) (any, *Error) { return w.warehouse(c) })
	w.handle("POST "+at+"/{id}/edit", w.editWarehouse)
	w.handle("DELETE "+at+"/{id}", w.deleteWarehouse)
	w.handle("POST "+at+"/{id}/start", func(c *call) (any, *Error) { return w.turn(c, "RUNNING", 1) })
	w.handle("POST "+at+"/{id}/stop", func(c *call) (any, *Error) { return w.turn(c, "STOPPED", 0) })
}

// AddWarehouse adds a warehouse that somebody else made, and returns its id.
func (w *Workspace) AddWarehouse(owner, name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := object{"name": name, "cluster_size": "Small", "warehouse_type": "PRO"}
	return text(w.putWarehouse(o, w.users[owner], "workspace.example"), "id")
}

// Warehouses returns the warehouses by id.
func (w *Workspace) Warehouses() map[string]map[string]any {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[string]map[string]any{}
	for id, o := range w.warehouses {
		all[id] = copyOf(o)
	}
	return all
}

func (w *Workspace) putWarehouse(o object, by *User, host string) object {
	id := fmt.Sprintf("%016x", w.id())
	o["id"], o["state"], o["num_clusters"], o["num_active_sessions"] = id, "STARTING", 1, 0
	fallback(o, "creator_name", by.Name)
	fallback(o, "min_num_clusters", json.Number("1"))
	fallback(o, "max_num_clusters", o["min_num_clusters"])
	fallback(o, "auto_stop_mins", json.Number("120"))
	fallback(o, "enable_photon", true)
	fallback(o, "enable_serverless_compute", false)
	fallback(o, "spot_instance_policy", "COST_OPTIMIZED")
	fallback(o, "warehouse_type", "CLASSIC")
	fallback(o, "channel", object{})
	fallback(o["channel"].(object), "name", "CHANNEL_NAME_CURRENT")
	at := "/sql/1.0/warehouses/" + id
	o["jdbc_url"] = fmt.Sprintf("jdbc:spark://%s:443/default;transportMode=http;ssl=1;AuthMech=3;httpPath=%s;", host, at)
	o["odbc_params"] = object{"hostname": host, "path": at, "protocol": "https", "port": 443}
	o["health"] = object{"status": "HEALTHY"}
	w.warehouses[id] = o
	w.acls["warehouses/"+id] = []acl{{by.kind(), by.Name, "IS_OWNER"}}
	return o
}

// warehouse finds the one that a request names; one that starts has started when it is looked at again.
func (w *Workspace) warehouse(c *call) (object, *Error) {
	o := w.warehouses[c.PathValue("id")]
	if o == nil {
		return nil, missing("SQL warehouse %s does not exist.", c.PathValue("id"))
	}
	shown := maps.Clone(o)
	if o["state"] == "STARTING" {
		o["state"] = "RUNNING"
	}
	return shown, nil
}

func (w *Workspace) createWarehouse(c *call) (any, *Error) {
	o, request, failed := read[sql.CreateWarehouseRequest](c)
	if failed != nil {
		return nil, failed
	}
	if failed := w.checkWarehouse("", o, request.Name, request.ClusterSize); failed != nil {
		return nil, failed
	}
	return object{"id": w.putWarehouse(o, c.user, c.Host)["id"]}, nil
}

func (w *Workspace) checkWarehouse(id string, o object, name, size string) *Error {
	if name == "" || len(name) >= 100 {
		return invalid("The name of a warehouse must have 1 to 99 characters")
	}
	if !slices.Contains(clusterSizes, size) {
		return invalid("cluster_size must be one of %s, not %q", strings.Join(clusterSizes, ", "), size)
	}
	for _, other := range w.warehouses {
		if other["name"] == name && other["id"] != id {
			return invalid("SQL warehouse with name `%s` already exists", name)
		}
	}
	if w.opts.Free && (size != clusterSizes[0] || o["enable_serverless_compute"] != true || id == "" && len(w.warehouses) > 0) {
		return invalid("This workspace can have one SQL warehouse, serverless and of size %s", clusterSizes[0])
	}
	if o["enable_serverless_compute"] == true && o["warehouse_type"] != "PRO" {
		return invalid("Invalid warehouseType: Serverless is only available for PRO warehouses.")
	}
	least, most := number(o, "min_num_clusters", 1), number(o, "max_num_clusters", 1)
	if most < least && o["max_num_clusters"] != nil || least < 1 || most > 40 {
		return invalid("max_num_clusters must be from min_num_clusters to 40, and that at least 1")
	}
	if stop := number(o, "auto_stop_mins", 120); stop < 0 || stop > 0 && stop < 10 && o["enable_serverless_compute"] != true {
		return invalid("auto_stop_mins must be 0 or at least 10, not %d", stop)
	}
	return nil
}

func number(o object, name string, without int64) int64 {
	if n, ok := o[name].(json.Number); ok {
		if i, err := n.Int64(); err == nil {
			return i
		}
	}
	return without
}

// editWarehouse takes over the fields that the request has; others stay.
func (w *Workspace) editWarehouse(c *call) (any, *Error) {
	o := w.warehouses[c.PathValue("id")]
	if o == nil {
		return nil, missing("SQL warehouse %s does not exist.", c.PathValue("id"))
	}
	if !w.may(c.user, "warehouses/"+text(o, "id"), toManage...) {
		return nil, denied("%s does not have Manage permissions on SQL warehouse %s", c.user.Name, text(o, "id"))
	}
	changes, _, failed := read[sql.EditWarehouseRequest](c)
	if failed != nil {
		return nil, failed
	}
	edited := maps.Clone(o)
	maps.Copy(edited, changes)
	if failed := w.checkWarehouse(text(o, "id"), edited, text(edited, "name"), text(edited, "cluster_size")); failed != nil {
		return nil, failed
	}
	maps.Copy(o, edited)
	return nil, nil
}

func (w *Workspace) deleteWarehouse(c *call) (any, *Error) {
	o := w.warehouses[c.PathValue("id")]
	if o == nil {
		return nil, missing("SQL warehouse %s does not exist.", c.PathValue("id"))
	}
	if !w.may(c.user, "warehouses/"+text(o, "id"), toManage...) {
		return nil, denied("%s does not have Manage permissions on SQL warehouse %s", c.user.Name, text(o, "id"))
	}
	delete(w.warehouses, text(o, "id"))
	delete(w.acls, "warehouses/"+text(o, "id"))
	return nil, nil
}

func (w *Workspace) turn(c *call, state string, clusters int) (any, *Error) {
	o := w.warehouses[c.PathValue("id")]
	if o == nil {
		return nil, missing("SQL warehouse %s does not exist.", c.PathValue("id"))
	}
	o["state"], o["num_clusters"] = state, clusters
	return nil, nil
}
