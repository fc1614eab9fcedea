package fakeworkspace

import (
	"maps"

	"github.com/databricks/databricks-sdk-go/service/sql"
)

func (w *Workspace) alertRoutes() {
	const at = "/api/2.0/alerts"
	w.handle("POST "+at, w.createAlert)
	w.handle("GET "+at, func(*call) (any, *Error) { return object{"alerts": sorted(w.alerts)}, nil })
	w.handle("GET "+at+"/{id}", func(c *call) (any, *Error) { return w.alert(c) })
	w.handle("PATCH "+at+"/{id}", w.updateAlert)
	w.handle("DELETE "+at+"/{id}", w.trashAlert)
}

func (w *Workspace) alert(c *call) (object, *Error) {
	o := w.alerts[c.PathValue("id")]
	if o == nil {
		return nil, missing("Alert %s does not exist.", c.PathValue("id"))
	}
	return o, nil
}

func (w *Workspace) checkAlert(a *sql.AlertV2) *Error {
	switch {
	case a.DisplayName == "":
		return invalid("display_name must be given")
	case a.QueryText == "":
		return invalid("query_text must be given")
	case w.warehouses[a.WarehouseId] == nil:
		return missing("SQL warehouse %s does not exist.", a.WarehouseId)
	case a.Evaluation.Source.Name == "":
		return invalid("evaluation.source.name must be given")
	}
	if err := checkQuartz(a.Schedule.QuartzCronSchedule); err != nil {
		return invalid("Invalid quartz_cron_schedule: '%s'. %s", a.Schedule.QuartzCronSchedule, err)
	}
	if checkZone(a.Schedule.TimezoneId) != nil {
		return invalid("Invalid timezone_id: '%s'.", a.Schedule.TimezoneId)
	}
	return nil
}

func (w *Workspace) createAlert(c *call) (any, *Error) {
	o, a, failed := read[sql.AlertV2](c)
	if failed != nil {
		return nil, failed
	}
	if failed := w.checkAlert(&a); failed != nil {
		return nil, failed
	}
	fallback(o, "parent_path", "/Users/"+c.user.Name)
	parent, failed := clean(text(o, "parent_path"))
	if failed != nil {
		return nil, failed
	}
	if w.nodes[parent] == nil {
		return nil, refusal(404, "NOT_FOUND", "The parent folder (%s) does not exist.", parent)
	}
	o["id"], o["lifecycle_state"] = w.uuid(), "ACTIVE"
	o["create_time"], o["update_time"] = w.stamp(), w.stamp()
	o["owner_user_name"], o["run_as_user_name"] = c.user.Name, c.user.Name
	o["effective_run_as"] = object{c.user.kind(): c.user.Name}
	if schedule, ok := o["schedule"].(object); ok {
		fallback(schedule, "pause_status", "UNPAUSED")
	}
	if evaluation, ok := o["evaluation"].(object); ok {
		fallback(evaluation, "empty_result_state", "UNKNOWN")
		fallback(evaluation, "state", "UNKNOWN")
	}
	w.alerts[text(o, "id")] = o
	w.acls["alertsv2/"+text(o, "id")] = []acl{{c.user.kind(), c.user.Name, "CAN_MANAGE"}}
	return o, nil
}

// updateAlert takes over what the request has.
func (w *Workspace) updateAlert(c *call) (any, *Error) {
	o, failed := w.alert(c)
	if failed != nil {
		return nil, failed
	}
	if c.query("update_mask") == "" {
		return nil, invalid("update_mask must be given")
	}
	changes, a, failed := read[sql.AlertV2](c)
	if failed != nil {
		return nil, failed
	}
	if failed := w.checkAlert(&a); failed != nil {
		return nil, failed
	}
	delete(changes, "id")
	maps.Copy(o, changes)
	o["update_time"] = w.stamp()
	return o, nil
}

func (w *Workspace) trashAlert(c *call) (any, *Error) {
	o, failed := w.alert(c)
	if failed != nil {
		return nil, failed
	}
	o["lifecycle_state"] = "DELETED"
	return nil, nil
}
