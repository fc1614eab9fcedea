package bundle

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	sdk "github.com/databricks/databricks-sdk-go/service/jobs"

	"github.com/cryptostream/lakectl/internal/deploy"
)

// Limits of the Jobs API, from the SDK's comments on CreateJob and Task.
const (
	maxJobName = 4096 // bytes
	maxJobTags = 24   // 25 with the one by which a deploy knows its own
	maxTagKey  = 127  // characters
	maxTag     = 255  // characters
)

var taskKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

const fixTarget = "change the target's databricks.streaming"

func (ps *Problems) checkJob(r deploy.Resource) {
	job, err := decodeJob(r.Fields)
	if err != nil {
		ps.add(r.Key, "deploy from the target, not from a changed plan", "it is no job: %v", err)
		return
	}
	if len(job.Name) > maxJobName {
		ps.add(r.Key, "shorten databricks.prefix", "the name has %d bytes, more than %d", len(job.Name), maxJobName)
	}
	ps.checkTags(r.Key, job.Tags, maxJobTags)
	ps.checkStart(r.Key, job)
	ps.checkTasks(r.Key, job)
	if job.Continuous != nil {
		ps.checkContinuous(r.Key, job)
	}
	ps.checkHealth(r.Key, job)
}

// decodeJob reads a job's fields back.
func decodeJob(fields map[string]any) (job sdk.CreateJob, err error) {
	text, err := json.Marshal(fields)
	if err == nil {
		err = json.Unmarshal(text, &job)
	}
	return job, err
}

func (ps *Problems) checkStart(key string, job sdk.CreateJob) {
	var starts []string
	for name, given := range map[string]bool{
		"continuous": job.Continuous != nil, "schedule": job.Schedule != nil, "trigger": job.Trigger != nil, "triggers": len(job.Triggers) > 0,
	} {
		if given {
			starts = append(starts, name)
		}
	}
	if slices.Sort(starts); len(starts) > 1 {
		ps.add(key, fixTarget+": a job has one of them", "%s together", strings.Join(starts, " and "))
	}
}

func (ps *Problems) checkTasks(key string, job sdk.CreateJob) {
	keys, clusters, environments := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, c := range job.JobClusters {
		clusters[c.JobClusterKey] = true
	}
	for _, e := range job.Environments {
		environments[e.EnvironmentKey] = true
	}
	for _, task := range job.Tasks {
		switch k := task.TaskKey; {
		case !taskKey.MatchString(k):
			ps.add(key, "a task's key is 1 to 100 letters, digits, - and _", "%q is no task's key", k)
		case keys[k]:
			ps.add(key, "give each task a key of its own", "two tasks are called %s", k)
		}
		keys[task.TaskKey] = true
	}
	for _, task := range job.Tasks {
		for _, on := range task.DependsOn {
			if !keys[on.TaskKey] {
				ps.add(key, "name a task of this job", "task %s depends on %s, which is not there", task.TaskKey, on.TaskKey)
			}
		}
		if c := task.JobClusterKey; c != "" && !clusters[c] {
			ps.add(key, "define it in job_clusters", "task %s runs on the cluster %s, which is not there", task.TaskKey, c)
		}
		if e := task.EnvironmentKey; e != "" && !environments[e] {
			ps.add(key, "define it in environments", "task %s runs in the environment %s, which is not there", task.TaskKey, e)
		}
	}
	if circle := waiting(job.Tasks); len(circle) > 0 {
		ps.add(key, "take one dependency away", "the tasks %s wait for each other", strings.Join(circle, ", "))
	}
}

// waiting are the tasks that could never start: of what is left after those that can, each waits for another.
func waiting(tasks []sdk.Task) []string {
	left := map[string][]sdk.TaskDependency{}
	for _, t := range tasks {
		left[t.TaskKey] = t.DependsOn
	}
	for {
		var free []string
		for key, on := range left {
			if !slices.ContainsFunc(on, func(d sdk.TaskDependency) bool { _, waits := left[d.TaskKey]; return waits }) {
				free = append(free, key)
			}
		}
		if len(free) == 0 {
			return sorted(left)
		}
		for _, key := range free {
			delete(left, key)
		}
	}
}

// checkContinuous holds what docs.databricks.com/jobs/continuous says.
func (ps *Problems) checkContinuous(key string, job sdk.CreateJob) {
	if job.MaxConcurrentRuns > 1 {
		ps.add(key, fixTarget, "a continuous job has one run at a time")
	}
	for _, task := range job.Tasks {
		if len(task.DependsOn) > 0 {
			ps.add(key, "choose the shape scheduled", "task %s: tasks of a continuous job can't depend on each other", task.TaskKey)
		}
		if task.MaxRetries != 0 || task.RetryOnTimeout {
			ps.add(key, "take databricks.streaming.retries away: a continuous job retries by itself", "task %s: a continuous job takes no retries", task.TaskKey)
		}
		onCluster := task.JobClusterKey != "" || task.ExistingClusterId != "" || task.NewCluster != nil
		if task.NotebookTask != nil && !onCluster && task.NotebookTask.BaseParameters["trigger"] != "availableNow" {
			ps.add(key, "choose the shape scheduled, or a cluster", "task %s: serverless compute takes no trigger but availableNow", task.TaskKey)
		}
	}
}

// checkHealth looks for rules that nobody would hear of.
func (ps *Problems) checkHealth(key string, job sdk.CreateJob) {
	if job.Health == nil {
		return
	}
	mail := job.EmailNotifications
	if mail == nil {
		mail = &sdk.JobEmailNotifications{}
	}
	for _, rule := range job.Health.Rules {
		told := mail.OnStreamingBacklogExceeded
		if rule.Metric == sdk.JobsHealthMetricRunDurationSeconds {
			told = mail.OnDurationWarningThresholdExceeded
		}
		if len(told) == 0 && job.WebhookNotifications == nil {
			ps.add(key, "add addresses to databricks.notify.on_failure, or take max_backlog away", "nobody is told when %s is exceeded", rule.Metric)
		}
	}
}
