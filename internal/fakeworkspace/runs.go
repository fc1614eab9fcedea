package fakeworkspace

import (
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
