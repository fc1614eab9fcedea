package fakeworkspace

import (
	"fmt"
	"maps"
	"slices"

	"github.com/databricks/databricks-sdk-go/service/jobs"
)

// run is one run of a job, with the settings that it started with.
type run struct {
	id, job  int64
	settings object
	trigger  jobs.TriggerType
	creator  string
	number   int64
	started  int64 // ms
	ended    int64 // ms; 0 while it is active
	state    jobs.RunState
}

func (w *Workspace) runRoutes() {
	const at = "/api/2.2/jobs"
	w.handle("POST "+at+"/run-now", w.runNow)
	w.handle("GET "+at+"/runs/list", w.listRuns)
	w.handle("GET "+at+"/runs/get", w.getRun)
	w.handle("POST "+at+"/runs/cancel", w.cancelRun)
	w.handle("POST "+at+"/runs/cancel-all", w.cancelAllRuns)
}

// Run is a run as a test sees it.
type Run struct {
	ID, Job  int64
	Settings map[string]any // that it started with
	State    jobs.RunState
}

// Runs returns a job's runs, oldest first.
func (w *Workspace) Runs(job int64) []Run {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []Run
	for _, r := range w.runsOf(job) {
		all = append(all, Run{r.id, r.job, copyOf(r.settings), r.state})
	}
	return all
}

// FinishRun ends a run that is active. A continuous job that is not paused starts the next one.
func (w *Workspace) FinishRun(id int64, result jobs.RunResultState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.runs[id]; r != nil && r.active() {
		w.end(r, result)
	}
}

func (w *Workspace) runsOf(job int64) []*run {
	var all []*run
	for _, id := range slices.Sorted(maps.Keys(w.runs)) {
		if r := w.runs[id]; job == 0 || r.job == job {
			all = append(all, r)
		}
	}
	return all
}

func (r *run) active() bool {
	return r.state.LifeCycleState != jobs.RunLifeCycleStateTerminated && r.state.LifeCycleState != jobs.RunLifeCycleStateSkipped
}

func (w *Workspace) activeRuns(job int64) []*run {
	return slices.DeleteFunc(w.runsOf(job), func(r *run) bool { return !r.active() })
}

func (w *Workspace) start(j *job, trigger jobs.TriggerType, by string) *run {
	r := &run{
		id: w.id(), job: j.id, settings: copyOf(j.settings), trigger: trigger, creator: by, started: w.millis(),
		number: int64(len(w.runsOf(j.id)) + 1), state: jobs.RunState{LifeCycleState: jobs.RunLifeCycleStateRunning},
	}
	w.runs[r.id] = r
	return r
}

// keepRunning sees to a continuous job's one run: there is one unless the job is paused.
func (w *Workspace) keepRunning(j *job) {
	continuous, ok := j.settings["continuous"].(object)
	if !ok {
		return
	}
	active := w.activeRuns(j.id)
	if continuous["pause_status"] == "PAUSED" {
		w.cancelRuns(j.id)
	} else if len(active) == 0 {
		w.start(j, jobs.TriggerTypeContinuous, j.creator)
	}
}

func (w *Workspace) end(r *run, result jobs.RunResultState) {
	r.ended = w.millis()
	r.state = jobs.RunState{LifeCycleState: jobs.RunLifeCycleStateTerminated, ResultState: result}
	if j := w.jobs[r.job]; j != nil {
		w.keepRunning(j)
	}
}

// cancelRuns asks the active runs of a job to end; they do after they were seen to.
func (w *Workspace) cancelRuns(job int64) {
	for _, r := range w.activeRuns(job) {
		r.state = jobs.RunState{LifeCycleState: jobs.RunLifeCycleStateTerminating, ResultState: jobs.RunResultStateCanceled, UserCancelledOrTimedout: true}
	}
}

// seen moves a run on that ends: who looks again finds it ended.
func (w *Workspace) seen(r *run) {
	if r.state.LifeCycleState == jobs.RunLifeCycleStateTerminating {
		w.end(r, jobs.RunResultStateCanceled)
	}
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
