package fakeworkspace

import (
	"maps"
	"slices"
	"strings"
)

// tasksPerPage is how many tasks jobs/get gives at once.
const tasksPerPage = 100

func (w *Workspace) getJob(c *call) (any, *Error) {
	id, failed := c.number("job_id", 0)
	if failed != nil {
		return nil, failed
	}
	j, failed := w.job(c, id, toView...)
	if failed != nil {
		return nil, failed
	}
	from, failed := c.page()
	if failed != nil {
		return nil, failed
	}
	answer := w.described(j, copyOf(j.settings))
	settings := answer["settings"].(object)
	tasks, _ := settings["tasks"].([]any)
	from = min(from, len(tasks))
	to := min(from+tasksPerPage, len(tasks))
	if tasks != nil {
		settings["tasks"] = tasks[from:to]
	}
	if to < len(tasks) {
		answer["has_more"], answer["next_page_token"] = true, pageToken(to)
	}
	return answer, nil
}

func (w *Workspace) described(j *job, settings object) object {
	runAs := j.creator
	if o, ok := settings["run_as"].(object); ok {
		for _, name := range o {
			runAs, _ = name.(string)
		}
	}
	return object{
		"job_id": j.id, "creator_user_name": j.creator, "run_as_user_name": runAs, "created_time": j.created, "settings": settings,
	}
}

// listJobs gives the newest first. Without expand_tasks tasks, clusters and environments are left out.
func (w *Workspace) listJobs(c *call) (any, *Error) {
	limit, failed := c.number("limit", 20)
	if failed != nil {
		return nil, failed
	}
	if limit < 1 || limit > 100 {
		return nil, invalid("limit must be from 1 to 100, not %d", limit)
	}
	from, failed := c.page()
	if failed != nil {
		return nil, failed
	}
	var found []*job
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(w.jobs))) {
		j, name := w.jobs[id], c.query("name")
		if _, failed := w.job(c, id, toView...); failed == nil && (name == "" || strings.EqualFold(name, text(j.settings, "name"))) {
			found = append(found, j)
		}
	}
	from = min(from, len(found))
	to := min(from+int(limit), len(found))
	answer := object{"has_more": to < len(found)}
	if to < len(found) {
		answer["next_page_token"] = pageToken(to)
	}
	if from > 0 {
		answer["prev_page_token"] = pageToken(max(0, from-int(limit)))
	}
	var all []object
	for _, j := range found[from:to] {
		settings := copyOf(j.settings)
		if !c.flag("expand_tasks") {
			for _, name := range []string{"tasks", "job_clusters", "environments", "parameters"} {
				delete(settings, name)
			}
		}
		all = append(all, w.described(j, settings))
	}
	if len(all) > 0 {
		answer["jobs"] = all
	}
	return answer, nil
}
