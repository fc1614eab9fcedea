package bundle

import (
	"path"
	"slices"
	"time"

	sdk "github.com/databricks/databricks-sdk-go/service/jobs"

	"github.com/cryptostream/lakectl/internal/deploy"
	"github.com/cryptostream/lakectl/internal/target"
	"github.com/cryptostream/lakectl/jobs"
)

// retryAfter is how long a task that failed is left alone: a broker that is away is not back at once.
const retryAfter = time.Minute

func (b builder) streaming() []deploy.Resource {
	var request sdk.CreateJob
	switch b.Streaming.Shape {
	case target.ShapeContinuous:
		request = b.continuous()
	case target.ShapeScheduled:
		request = b.scheduled()
	default:
		return nil
	}
	return []deploy.Resource{b.job(KeyStreaming, request, b.jobGuards())}
}

// continuous is one run that never ends. The API allows no dependencies and no retries of its own there: it
// retries by itself, a task alone as long as another one runs.
func (b builder) continuous() sdk.CreateJob {
	request := b.newJob("streaming", "Bronze, Silver and Gold side by side, always.")
	request.Continuous = &sdk.Continuous{PauseStatus: pause(b.Streaming.Paused), TaskRetryMode: sdk.TaskRetryModeOnFailure}
	request.Tasks = b.layerTasks()
	b.placeOn(&request)
	b.watch(&request, true)
	return request
}

// scheduled is a run by the clock: each layer reads what the one before has written. A run that is due while
// one is going on waits for it.
func (b builder) scheduled() sdk.CreateJob {
	request := b.newJob("streaming", "What is there goes through Bronze, Silver and Gold; then the run ends.")
	request.Schedule = b.schedule(b.Streaming.Schedule, b.Streaming.Paused)
	request.Queue = &sdk.QueueSettings{Enabled: true}
	request.TimeoutSeconds = seconds(b.Streaming.Timeout)
	request.Tasks = b.layerTasks()
	for i := range request.Tasks {
		task := &request.Tasks[i]
		if i > 0 {
			task.DependsOn = []sdk.TaskDependency{{TaskKey: request.Tasks[i-1].TaskKey}}
		}
		if task.MaxRetries = b.Streaming.Retries; task.MaxRetries != 0 {
			task.MinRetryIntervalMillis = int(retryAfter.Milliseconds())
		}
	}
	b.placeOn(&request)
	b.watch(&request, false)
	return request
}

// newJob is what all jobs have.
func (b builder) newJob(role, about string) sdk.CreateJob {
	request := sdk.CreateJob{
		Name:              b.name(role),
		Description:       about + " Made by lakectl from target " + b.target.Name + ": what is changed here, the next deploy sets back.",
		MaxConcurrentRuns: 1, // two on one checkpoint would write rows twice
		Tags:              b.Tags,
	}
	if b.RunAs != nil {
		request.RunAs = &sdk.JobRunAs{UserName: b.RunAs.User, ServicePrincipalName: b.RunAs.ServicePrincipal}
	}
	if g := b.Git; g != nil {
		request.GitSource = &sdk.GitSource{
			GitUrl: g.URL, GitProvider: sdk.GitProvider(g.Provider), GitBranch: g.Branch, GitTag: g.Tag, GitCommit: g.Commit,
		}
	}
	b.notify(&request)
	return request
}

func (b builder) layerTasks() []sdk.Task {
	parameters := Parameters(b.target)
	var tasks []sdk.Task
	for _, l := range layers {
		base := streams(parameters)
		if slices.ContainsFunc(b.jobsOf(l.layer), func(j jobs.Job) bool { return j.Source.Kafka != nil }) {
			base = topics(parameters)
		}
		tasks = append(tasks, sdk.Task{TaskKey: l.layer, NotebookTask: b.notebookTask(l.notebook, base)})
	}
	return tasks
}

func (b builder) notebookTask(name string, base map[string]string) *sdk.NotebookTask {
	if b.Git != nil {
		return &sdk.NotebookTask{NotebookPath: path.Join(b.Git.Folder, name), Source: sdk.SourceGit, BaseParameters: base}
	}
	return &sdk.NotebookTask{NotebookPath: path.Join(b.Folder, name), Source: sdk.SourceWorkspace, BaseParameters: base}
}

// job is the resource of a job. It comes after all that its first run needs: a continuous one starts at once.
func (b builder) job(key string, request sdk.CreateJob, guards map[string]string) deploy.Resource {
	r := deploy.Resource{
		Key: key, Kind: deploy.Job, Name: request.Name, Fields: fields(request), DependsOn: []string{KeySchema}, Guards: guards,
	}
	for _, needed := range slices.Concat(b.volume(), b.grants(), b.secrets()) {
		r.DependsOn = append(r.DependsOn, needed.Key)
	}
	if b.Git != nil {
		return r
	}
	for _, needed := range b.permissions(b.folder()) {
		r.DependsOn = append(r.DependsOn, needed.Key)
	}
	for _, task := range request.Tasks {
		r.Runs = append(r.Runs, notebookKey(path.Base(task.NotebookTask.NotebookPath)))
	}
	r.DependsOn = append(r.DependsOn, r.Runs...)
	return r
}

func (b builder) schedule(s target.Schedule, paused bool) *sdk.CronSchedule {
	return &sdk.CronSchedule{QuartzCronExpression: s.Cron, TimezoneId: s.Timezone, PauseStatus: pause(paused)}
}

func pause(paused bool) sdk.PauseStatus {
	if paused {
		return sdk.PauseStatusPaused
	}
	return sdk.PauseStatusUnpaused
}

func seconds(d target.Duration) int { return int(time.Duration(d) / time.Second) }
