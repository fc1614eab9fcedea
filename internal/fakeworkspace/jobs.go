package fakeworkspace

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/jobs"
)

// tasksPerPage is how many tasks jobs/get gives at once.
const tasksPerPage = 100

type job struct {
	id       int64
	settings object // with the server's defaults
	creator  string
	created  int64 // ms
}

func (w *Workspace) jobRoutes() {
	const at = "/api/2.2/jobs"
	w.handle("POST "+at+"/create", w.createJob)
	w.handle("GET "+at+"/get", w.getJob)
	w.handle("GET "+at+"/list", w.listJobs)
	w.handle("POST "+at+"/reset", w.resetJob)
	w.handle("POST "+at+"/update", w.updateJob)
	w.handle("POST "+at+"/delete", w.deleteJob)
}

// AddJob adds a job that somebody else made; the settings are JSON and not checked.
func (w *Workspace) AddJob(owner string, settings map[string]any) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	j := &job{id: w.id(), settings: copyOf(settings), creator: owner, created: w.millis()}
	fillJob(j.settings)
	w.putJob(j, nil)
	return j.id
}

// Jobs returns the settings of jobs with the server's defaults, by id.
func (w *Workspace) Jobs() map[int64]map[string]any {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[int64]map[string]any{}
	for id, j := range w.jobs {
		all[id] = copyOf(j.settings)
	}
	return all
}

func (w *Workspace) putJob(j *job, asked []acl) {
	w.jobs[j.id] = j
	key := "jobs/" + strconv.FormatInt(j.id, 10)
	w.acls[key] = asked
	if !slices.ContainsFunc(asked, func(a acl) bool { return a.level == "IS_OWNER" }) {
		w.acls[key] = append(asked, w.entry(j.creator, "IS_OWNER"))
	}
	w.keepRunning(j)
}

// job finds a job on which the caller has one of these rights; admins have all.
func (w *Workspace) job(c *call, id int64, rights ...string) (*job, *Error) {
	j := w.jobs[id]
	if j == nil {
		return nil, invalid("Job %d does not exist.", id)
	}
	if !w.may(c.user, "jobs/"+strconv.FormatInt(id, 10), rights...) {
		return nil, denied("User %s does not have %s permissions on job %d", c.user.Name, strings.Join(rights, " or "), id)
	}
	return j, nil
}

var (
	toView   = []string{"CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"}
	toRun    = []string{"CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"}
	toManage = []string{"CAN_MANAGE", "IS_OWNER"}
)

func (w *Workspace) createJob(c *call) (any, *Error) {
	settings, request, failed := read[jobs.CreateJob](c)
	if failed != nil {
		return nil, failed
	}
	asked, failed := w.askedJobACL(request.AccessControlList)
	if failed != nil {
		return nil, failed
	}
	delete(settings, "access_control_list")
	if failed := w.checkJob(c.user, settings); failed != nil {
		return nil, failed
	}
	j := &job{id: w.id(), settings: settings, creator: c.user.Name, created: w.millis()}
	fillJob(j.settings)
	w.putJob(j, asked)
	return object{"job_id": j.id}, nil
}

func (w *Workspace) askedJobACL(requests []jobs.JobAccessControlRequest) ([]acl, *Error) {
	var asked []acl
	for _, r := range requests {
		a, failed := w.asked("jobs", r.UserName, r.GroupName, r.ServicePrincipalName, string(r.PermissionLevel))
		if failed != nil {
			return nil, failed
		}
		asked = append(asked, a)
	}
	owners := 0
	for _, a := range asked {
		if a.level == "IS_OWNER" {
			owners++
		}
	}
	if owners > 1 {
		return nil, invalid("The job must have exactly one owner.")
	}
	return asked, nil
}

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

func (w *Workspace) resetJob(c *call) (any, *Error) {
	body, request, failed := read[jobs.ResetJob](c)
	if failed != nil {
		return nil, failed
	}
	j, failed := w.job(c, request.JobId, toManage...)
	if failed != nil {
		return nil, failed
	}
	settings, _ := body["new_settings"].(object)
	// A reset that does not name run_as leaves it as it is.
	if old, ok := j.settings["run_as"]; ok {
		fallback(settings, "run_as", old)
	}
	return nil, w.settle(c, j, settings)
}

// settle gives a job its new settings. Runs that are active go on with the old ones.
func (w *Workspace) settle(c *call, j *job, settings object) *Error {
	if failed := w.checkJob(c.user, settings); failed != nil {
		return failed
	}
	fillJob(settings)
	j.settings = settings
	w.keepRunning(j)
	return nil
}

// updateJob replaces the fields that are named, tasks and clusters by their keys, and removes others.
func (w *Workspace) updateJob(c *call) (any, *Error) {
	body, request, failed := read[jobs.UpdateJob](c)
	if failed != nil {
		return nil, failed
	}
	j, failed := w.job(c, request.JobId, toManage...)
	if failed != nil {
		return nil, failed
	}
	settings := copyOf(j.settings)
	changes, _ := body["new_settings"].(object)
	for name, value := range changes {
		if key := keyed[name]; key != "" {
			value = merged(list(settings, name), list(changes, name), key)
		}
		settings[name] = value
	}
	for _, name := range request.FieldsToRemove {
		field, entry, ok := strings.Cut(name, "/")
		if !ok {
			delete(settings, field)
			continue
		}
		kept := slices.DeleteFunc(list(settings, field), func(o object) bool { return text(o, keyed[field]) == entry })
		settings[field] = merged(kept, nil, "")
	}
	return nil, w.settle(c, j, settings)
}

// keyed are the arrays of a job's settings that jobs/update merges, and the key that it goes by.
var keyed = map[string]string{"tasks": "task_key", "job_clusters": "job_cluster_key"}

func merged(old, changes []object, key string) []any {
	all := []any{}
	for _, o := range old {
		if !slices.ContainsFunc(changes, func(one object) bool { return one[key] == o[key] }) {
			all = append(all, o)
		}
	}
	for _, o := range changes {
		all = append(all, o)
	}
	return all
}

func (w *Workspace) deleteJob(c *call) (any, *Error) {
	_, request, failed := read[jobs.DeleteJob](c)
	if failed != nil {
		return nil, failed
	}
	j, failed := w.job(c, request.JobId, toManage...)
	if failed != nil {
		return nil, failed
	}
	w.cancelRuns(j.id)
	delete(w.jobs, j.id)
	delete(w.acls, "jobs/"+strconv.FormatInt(j.id, 10))
	return nil, nil
}
