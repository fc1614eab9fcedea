package fakeworkspace

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/dashboards"
	"github.com/databricks/databricks-sdk-go/service/workspace"
)

type dashboard struct {
	draft     dashboards.Dashboard
	published *dashboards.PublishedDashboard
	edition   int // becomes the etag
}

func (w *Workspace) dashboardRoutes() {
	const at = "/api/2.0/lakeview/dashboards"
	w.handle("POST "+at, w.createDashboard)
	w.handle("GET "+at, w.listDashboards)
	w.handle("GET "+at+"/{id}", w.getDashboard)
	w.handle("PATCH "+at+"/{id}", w.updateDashboard)
	w.handle("DELETE "+at+"/{id}", w.trashDashboard)
	w.handle("POST "+at+"/{id}/published", w.publishDashboard)
	w.handle("GET "+at+"/{id}/published", w.publishedDashboard)
	w.handle("DELETE "+at+"/{id}/published", w.unpublishDashboard)
}

func (w *Workspace) dashboard(c *call) (*dashboard, *Error) {
	d := w.dashboards[c.PathValue("id")]
	if d == nil {
		return nil, missing("Unable to find dashboard %s", c.PathValue("id"))
	}
	return d, nil
}

// checkDashboard reads what a dashboard is made of, and adds what the server adds to a page.
func (w *Workspace) checkDashboard(o *dashboards.Dashboard) *Error {
	if o.WarehouseId != "" && w.warehouses[o.WarehouseId] == nil {
		return missing("SQL warehouse %s does not exist.", o.WarehouseId)
	}
	if o.SerializedDashboard == "" {
		o.SerializedDashboard = "{}"
	}
	var content object
	d := json.NewDecoder(strings.NewReader(o.SerializedDashboard))
	d.UseNumber()
	if err := d.Decode(&content); err != nil {
		return invalid("serialized_dashboard is no JSON object: %s", err)
	}
	for _, page := range list(content, "pages") {
		fallback(page, "pageType", "PAGE_TYPE_CANVAS")
	}
	text, err := json.Marshal(content)
	if err != nil {
		return invalid("serialized_dashboard: %s", err)
	}
	o.SerializedDashboard = string(text)
	return nil
}

func (w *Workspace) createDashboard(c *call) (any, *Error) {
	_, o, failed := read[dashboards.Dashboard](c)
	if failed != nil {
		return nil, failed
	}
	if o.DisplayName == "" || strings.Contains(o.DisplayName, "/") {
		return nil, invalid("display_name must be given, without slashes")
	}
	if failed := w.checkDashboard(&o); failed != nil {
		return nil, failed
	}
	if o.ParentPath == "" {
		o.ParentPath = "/Users/" + c.user.Name
	}
	parent, failed := clean(o.ParentPath)
	if failed != nil {
		return nil, failed
	}
	o.ParentPath, o.Path = parent, parent+"/"+o.DisplayName+".lvdash.json"
	o.DashboardId = strings.ReplaceAll(w.uuid(), "-", "")
	n := &node{kind: workspace.ObjectTypeDashboard, created: w.millis(), modified: w.millis(), resource: o.DashboardId}
	if failed := w.place(o.Path, n, false); failed != nil {
		return nil, failed
	}
	o.LifecycleState, o.CreateTime = dashboards.LifecycleStateActive, w.stamp()
	d := &dashboard{draft: o}
	w.dashboards[o.DashboardId] = d
	w.acls["dashboards/"+o.DashboardId] = []acl{{c.user.kind(), c.user.Name, "CAN_MANAGE"}}
	return d.saved(w), nil
}

func (w *Workspace) stamp() string { return w.opts.Now().UTC().Format("2006-01-02T15:04:05.000Z") }

func (d *dashboard) saved(w *Workspace) dashboards.Dashboard {
	d.edition++
	d.draft.Etag, d.draft.UpdateTime = strconv.Itoa(d.edition*80611980+d.edition), w.stamp()
	return d.draft
}

func (w *Workspace) listDashboards(*call) (any, *Error) {
	all := []dashboards.Dashboard{}
	for _, d := range w.dashboards {
		if d.draft.LifecycleState == dashboards.LifecycleStateActive {
			shown := d.draft
			shown.SerializedDashboard = ""
			all = append(all, shown)
		}
	}
	return object{"dashboards": all}, nil
}

func (w *Workspace) getDashboard(c *call) (any, *Error) {
	d, failed := w.dashboard(c)
	if failed != nil {
		return nil, failed
	}
	return d.draft, nil
}

func (w *Workspace) updateDashboard(c *call) (any, *Error) {
	d, failed := w.dashboard(c)
	if failed != nil {
		return nil, failed
	}
	_, o, failed := read[dashboards.Dashboard](c)
	if failed != nil {
		return nil, failed
	}
	if d.draft.LifecycleState == dashboards.LifecycleStateTrashed {
		return nil, refusal(http.StatusBadRequest, "INVALID_STATE", "Dashboard %s is in the trash", d.draft.DashboardId)
	}
	if o.Etag != "" && o.Etag != d.draft.Etag {
		return nil, refusal(http.StatusConflict, "ABORTED", "The dashboard was changed since etag %s; it is %s now", o.Etag, d.draft.Etag)
	}
	next := d.draft
	if o.SerializedDashboard != "" {
		next.SerializedDashboard = o.SerializedDashboard
	}
	if o.WarehouseId != "" {
		next.WarehouseId = o.WarehouseId
	}
	if failed := w.checkDashboard(&next); failed != nil {
		return nil, failed
	}
	if o.DisplayName != "" && o.DisplayName != d.draft.DisplayName {
		next.DisplayName, next.Path = o.DisplayName, fmt.Sprintf("%s/%s.lvdash.json", next.ParentPath, o.DisplayName)
		if w.nodes[next.Path] != nil {
			return nil, exists("Path (%s) already exists.", next.Path)
		}
		w.nodes[next.Path] = w.nodes[d.draft.Path]
		delete(w.nodes, d.draft.Path)
	}
	d.draft = next
	return d.saved(w), nil
}

func (w *Workspace) trashDashboard(c *call) (any, *Error) {
	d, failed := w.dashboard(c)
	if failed != nil {
		return nil, failed
	}
	d.draft.LifecycleState = dashboards.LifecycleStateTrashed
	delete(w.nodes, d.draft.Path)
	return nil, nil
}
