package fakeworkspace

import (
	"slices"
	"strconv"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/jobs"
)

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
