package fakeworkspace

import (
	"fmt"
	"slices"

	"github.com/databricks/databricks-sdk-go/service/jobs"
)

func (w *Workspace) runRoutes() {
	const at = "/api/2.2/jobs"
	w.handle("POST "+at+"/run-now", w.runNow)
	w.handle("GET "+at+"/runs/list", w.listRuns)
	w.handle("GET "+at+"/runs/get", w.getRun)
	w.handle("POST "+at+"/runs/cancel", w.cancelRun)
	w.handle("POST "+at+"/runs/cancel-all", w.cancelAllRuns)
}

func (w *Workspace) runNow(c *call) (any, *Error) {
	_, request, failed := read[jobs.RunNow](c)
	if failed != nil {
		return nil, failed
	}
	j, failed := w.job(c, request.JobId, toRun...)
	if failed != nil {
		return nil, failed
	}
	if len(request.IdempotencyToken) > 64 {
		return nil, invalid("idempotency_token has more than 64 characters")
	}
	if id, ok := w.runTokens[request.IdempotencyToken]; ok && request.IdempotencyToken != "" {
		return object{"run_id": id, "number_in_job": w.runs[id].number}, nil
	}
	for name := range request.JobParameters {
		if !slices.ContainsFunc(list(j.settings, "parameters"), func(p object) bool { return p["name"] == name }) {
			return nil, invalid("Job parameter %s is not defined in the job.", name)
		}
	}
	r := w.begin(j, c.user)
	if request.IdempotencyToken != "" {
		w.runTokens[request.IdempotencyToken] = r.id
	}
	return object{"run_id": r.id, "number_in_job": r.number}, nil
}

// begin starts a run, or queues or skips it where as many run as may.
func (w *Workspace) begin(j *job, by *User) *run {
	most := 1
	_, _ = fmt.Sscan(fmt.Sprint(j.settings["max_concurrent_runs"]), &most)
	full := len(w.activeRuns(j.id)) >= most
	r := w.start(j, jobs.TriggerTypeOneTime, by.Name)
	if !full {
		return r
	}
	if queue, ok := j.settings["queue"].(object); ok && queue["enabled"] == true {
		r.state = jobs.RunState{LifeCycleState: jobs.RunLifeCycleStateQueued, QueueReason: "Queued due to reaching maximum concurrent runs."}
		return r
	}
	r.ended = w.millis()
	r.state = jobs.RunState{LifeCycleState: jobs.RunLifeCycleStateSkipped, ResultState: jobs.RunResultStateMaximumConcurrentRunsReached}
	return r
}

func (w *Workspace) listRuns(c *call) (any, *Error) {
	id, failed := c.number("job_id", 0)
	if failed != nil {
		return nil, failed
	}
	limit, failed := c.number("limit", 20)
	if failed != nil {
		return nil, failed
	}
	from, failed := c.page()
	if failed != nil {
		return nil, failed
	}
	if limit < 1 || limit > 25 {
		return nil, invalid("limit must be from 1 to 25, not %d", limit)
	}
	if c.flag("active_only") && c.flag("completed_only") {
		return nil, invalid("active_only and completed_only can't both be true")
	}
	found := slices.DeleteFunc(w.runsOf(id), func(r *run) bool {
		return c.flag("active_only") && !r.active() || c.flag("completed_only") && r.active()
	})
	slices.Reverse(found)
	from = min(from, len(found))
	to := min(from+int(limit), len(found))
	answer := object{"has_more": to < len(found)}
	if to < len(found) {
		answer["next_page_token"] = pageToken(to)
	}
	var all []object
	for _, r := range found[from:to] {
		all = append(all, r.described(c))
		w.seen(r)
	}
	if len(all) > 0 {
		answer["runs"] = all
	}
	return answer, nil
}

func (r *run) described(c *call) object {
	o := object{
		"job_id": r.job, "run_id": r.id, "job_run_id": r.id, "number_in_job": r.number, "original_attempt_run_id": r.id,
		"run_name": text(r.settings, "name"), "run_type": "JOB_RUN", "trigger": r.trigger, "creator_user_name": r.creator,
		"start_time": r.started, "state": r.state, "run_page_url": fmt.Sprintf("%s/?o=%d#job/%d/run/%d", c.host(), OrgID, r.job, r.id),
	}
	if r.ended != 0 {
		o["end_time"] = r.ended
	}
	return o
}

// jobRun finds a run of a job on which the caller has one of these rights.
func (w *Workspace) jobRun(c *call, id int64, rights ...string) (*run, *Error) {
	r := w.runs[id]
	if r == nil {
		return nil, invalid("Run %d does not exist.", id)
	}
	if w.jobs[r.job] != nil {
		if _, failed := w.job(c, r.job, rights...); failed != nil {
			return nil, failed
		}
	}
	return r, nil
}

func (w *Workspace) getRun(c *call) (any, *Error) {
	id, failed := c.number("run_id", 0)
	if failed != nil {
		return nil, failed
	}
	r, failed := w.jobRun(c, id, toView...)
	if failed != nil {
		return nil, failed
	}
	answer := r.described(c)
	var tasks []object
	for _, t := range list(r.settings, "tasks") {
		tasks = append(tasks, object{"task_key": t["task_key"], "run_id": r.id, "state": r.state})
	}
	if len(tasks) > 0 {
		answer["tasks"] = tasks
	}
	w.seen(r)
	return answer, nil
}

func (w *Workspace) cancelRun(c *call) (any, *Error) {
	_, request, failed := read[jobs.CancelRun](c)
	if failed != nil {
		return nil, failed
	}
	r, failed := w.jobRun(c, request.RunId, toRun...)
	if failed != nil {
		return nil, failed
	}
	if r.active() {
		r.state = jobs.RunState{LifeCycleState: jobs.RunLifeCycleStateTerminating, ResultState: jobs.RunResultStateCanceled, UserCancelledOrTimedout: true}
	}
	return nil, nil
}

func (w *Workspace) cancelAllRuns(c *call) (any, *Error) {
	_, request, failed := read[jobs.CancelAllRuns](c)
	if failed != nil {
		return nil, failed
	}
	if request.JobId == 0 {
		return nil, invalid("job_id must be given")
	}
	if _, failed := w.job(c, request.JobId, toRun...); failed != nil {
		return nil, failed
	}
	w.cancelRuns(request.JobId)
	return nil, nil
}
