package fakeworkspace_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/databricks/databricks-sdk-go/service/compute"
	"github.com/databricks/databricks-sdk-go/service/jobs"

	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

// spoilt are jobs with one mistake each, and a part of what is said about it.
var spoilt = map[string]struct {
	says  string
	base  func() jobs.CreateJob
	spoil func(*jobs.CreateJob)
}{
	"schedule and continuous": {"At most one of schedule", continuous, func(j *jobs.CreateJob) { j.Schedule = scheduled().Schedule }},
	"schedule and trigger": {"At most one of schedule", scheduled, func(j *jobs.CreateJob) {
		j.Trigger = &jobs.TriggerSettings{Periodic: &jobs.PeriodicTriggerConfiguration{Interval: 1, Unit: "HOURS"}}
	}},
	"missing dependency":   {"depends on tin", scheduled, func(j *jobs.CreateJob) { j.Tasks[1].DependsOn[0].TaskKey = "tin" }},
	"duplicate key":        {"Duplicate task_key: bronze", scheduled, func(j *jobs.CreateJob) { j.Tasks[1].TaskKey = "bronze" }},
	"bad key":              {"task_key", scheduled, func(j *jobs.CreateJob) { j.Tasks[0].TaskKey = "bro nze" }},
	"cycle":                {"cycle", scheduled, func(j *jobs.CreateJob) { j.Tasks[0].DependsOn = []jobs.TaskDependency{{TaskKey: "gold"}} }},
	"itself":               {"cycle", scheduled, func(j *jobs.CreateJob) { j.Tasks[0].DependsOn = []jobs.TaskDependency{{TaskKey: "bronze"}} }},
	"no type":              {"no task type", scheduled, func(j *jobs.CreateJob) { j.Tasks[0].NotebookTask = nil }},
	"two types":            {"more than one", scheduled, func(j *jobs.CreateJob) { j.Tasks[0].RunJobTask = &jobs.RunJobTask{JobId: 1} }},
	"relative notebook":    {"Only absolute paths", scheduled, func(j *jobs.CreateJob) { j.Tasks[0].NotebookTask.NotebookPath = "x" }},
	"git without source":   {"needs a git_source", scheduled, func(j *jobs.CreateJob) { j.Tasks[0].NotebookTask.Source = jobs.SourceGit }},
	"dangling cluster":     {"is not defined in job_clusters", scheduled, func(j *jobs.CreateJob) { j.Tasks[0].JobClusterKey = "x" }},
	"dangling environment": {"is not defined in environments", scheduled, func(j *jobs.CreateJob) { j.Tasks[0].EnvironmentKey = "x" }},
	"two clusters":         {"only one of", continuous, func(j *jobs.CreateJob) { j.Tasks[0].ExistingClusterId = "x" }},
	"unknown cluster":      {"does not exist", continuous, func(j *jobs.CreateJob) { j.Tasks[0].ExistingClusterId, j.Tasks[0].JobClusterKey = "x", "" }},
	"same cluster twice":   {"unique", continuous, func(j *jobs.CreateJob) { j.JobClusters = append(j.JobClusters, j.JobClusters[0]) }},
	"unknown runtime":      {"invalid spark_version", continuous, func(j *jobs.CreateJob) { j.JobClusters[0].NewCluster.SparkVersion = "1.x" }},
	"unknown node":         {"is not supported", continuous, func(j *jobs.CreateJob) { j.JobClusters[0].NewCluster.NodeTypeId = "x" }},
	"no node":              {"must be given", continuous, func(j *jobs.CreateJob) { j.JobClusters[0].NewCluster.NodeTypeId = "" }},
	"no size":              {"num_workers or autoscale must be given", continuous, func(j *jobs.CreateJob) { j.JobClusters[0].NewCluster.NumWorkers = 0 }},
	"no workers": {"single-node", continuous, func(j *jobs.CreateJob) {
		c := j.JobClusters[0].NewCluster
		c.NumWorkers, c.ForceSendFields = 0, []string{"NumWorkers"}
	}},
	"workers twice": {"only one of num_workers", continuous, func(j *jobs.CreateJob) {
		j.JobClusters[0].NewCluster.Autoscale = &compute.AutoScale{MinWorkers: 1, MaxWorkers: 2}
	}},
	"serverless libraries": {"Libraries field is not supported for serverless", scheduled, func(j *jobs.CreateJob) {
		j.Tasks[0].Libraries = []compute.Library{{Whl: "x.whl"}}
	}},
	"serverless script": {"needs an environment_key", scheduled, func(j *jobs.CreateJob) {
		j.Tasks[0].NotebookTask, j.Tasks[0].SparkPythonTask = nil, &jobs.SparkPythonTask{PythonFile: "/x.py"}
	}},
	"environment without version": {"environment_version", scheduled, func(j *jobs.CreateJob) {
		j.Environments = []jobs.JobEnvironment{{EnvironmentKey: "x", Spec: &compute.Environment{}}}
	}},
	"continuous dependencies": {"task dependencies are not supported", continuous, func(j *jobs.CreateJob) {
		next := j.Tasks[0]
		next.TaskKey, next.DependsOn = "silver", []jobs.TaskDependency{{TaskKey: "bronze"}}
		j.Tasks = append(j.Tasks, next)
	}},
	"continuous retries":    {"retry policies are not supported", continuous, func(j *jobs.CreateJob) { j.Tasks[0].MaxRetries = 3 }},
	"continuous serverless": {"serverless compute is not supported", continuous, func(j *jobs.CreateJob) { j.Tasks[0].JobClusterKey = "" }},
	"continuous twice":      {"max_concurrent_runs must be 1", continuous, func(j *jobs.CreateJob) { j.MaxConcurrentRuns = 2 }},
	"cron with five fields": {"quartz_cron_expression", scheduled, func(j *jobs.CreateJob) { j.Schedule.QuartzCronExpression = "0 0 * * *" }},
	"zone":                  {"Invalid timezone_id", scheduled, func(j *jobs.CreateJob) { j.Schedule.TimezoneId = "Mars/Olympus" }},
	"health twice": {"two rules", scheduled, func(j *jobs.CreateJob) {
		r := jobs.JobsHealthRule{Metric: jobs.JobsHealthMetricStreamingBacklogSeconds, Op: jobs.JobsHealthOperatorGreaterThan, Value: 60}
		j.Health = &jobs.JobsHealthRules{Rules: []jobs.JobsHealthRule{r, r}}
	}},
	"health metric": {"health.rules[0].metric", scheduled, func(j *jobs.CreateJob) {
		j.Health = &jobs.JobsHealthRules{Rules: []jobs.JobsHealthRule{{Metric: "MOOD", Op: "GREATER_THAN", Value: 1}}}
	}},
	"health op": {"health.rules[0].op", scheduled, func(j *jobs.CreateJob) {
		j.Health = &jobs.JobsHealthRules{Rules: []jobs.JobsHealthRule{{Metric: "RUN_DURATION_SECONDS", Op: "LESS_THAN", Value: 1}}}
	}},
	"address": {"is no address", scheduled, func(j *jobs.CreateJob) { j.EmailNotifications = &jobs.JobEmailNotifications{OnFailure: []string{"me"}} }},
	"destination": {"does not exist", scheduled, func(j *jobs.CreateJob) {
		j.WebhookNotifications = &jobs.WebhookNotifications{OnFailure: []jobs.Webhook{{Id: "x"}}}
	}},
	"stranger runs it": {"does not exist in the workspace", scheduled, func(j *jobs.CreateJob) { j.RunAs = &jobs.JobRunAs{UserName: "x@example.com"} }},
	"two run it": {"exactly one", scheduled, func(j *jobs.CreateJob) {
		j.RunAs = &jobs.JobRunAs{UserName: you, ServicePrincipalName: "11112222-3333-4444-5555-666677778888"}
	}},
	"git refs": {"exactly one of git_branch", scheduled, func(j *jobs.CreateJob) {
		j.GitSource = &jobs.GitSource{GitUrl: "https://example.com/x", GitProvider: "gitHub"}
	}},
	"parameter twice": {"unique", scheduled, func(j *jobs.CreateJob) { j.Parameters = []jobs.JobParameterDefinition{{Name: "a"}, {Name: "a"}} }},
	"too many runs":   {"max_concurrent_runs", scheduled, func(j *jobs.CreateJob) { j.MaxConcurrentRuns = 1001 }},
	"two owners": {"exactly one owner", scheduled, func(j *jobs.CreateJob) {
		j.AccessControlList = []jobs.JobAccessControlRequest{{UserName: me, PermissionLevel: "IS_OWNER"}, {UserName: you, PermissionLevel: "IS_OWNER"}}
	}},
}

func TestSpoiltJobs(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	for _, name := range slices.Sorted(maps.Keys(spoilt)) {
		t.Run(name, func(t *testing.T) {
			j := spoilt[name].base()
			spoilt[name].spoil(&j)
			_, err := c.Jobs.Create(t.Context(), j)
			refused(t, err, 400, "INVALID_PARAMETER_VALUE", spoilt[name].says)
		})
	}
	if n := len(w.Jobs()); n != 0 {
		t.Errorf("%d jobs were made", n)
	}
}

func TestUnknownFields(t *testing.T) {
	_, c := open(t, fakeworkspace.Options{})
	for says, body := range map[string]map[string]any{
		`unknown field "title"`:                   {"title": "x"},
		`unknown field "tasks[0].note_task"`:      {"tasks": []any{map[string]any{"task_key": "a", "note_task": map[string]any{}}}},
		"tasks must be of type":                   {"tasks": "x"},
		"max_concurrent_runs must be of type int": {"max_concurrent_runs": true},
		"name must be of type string":             {"name": 1},
		"tasks[0].notebook_task must be of type":  {"tasks": []any{map[string]any{"task_key": "a", "notebook_task": []any{}}}},
	} {
		refused(t, post(t, c, "/api/2.2/jobs/create", body), 400, "MALFORMED_REQUEST", says)
	}
	refused(t, post(t, c, "/api/2.2/jobs/create", map[string]any{"tasks": []any{map[string]any{}}}), 400, "INVALID_PARAMETER_VALUE", "Missing required field: tasks[0].task_key")
	refused(t, post(t, c, "/api/2.2/jobs/create", []byte("{")), 400, "MALFORMED_REQUEST", "Could not parse")
	refused(t, post(t, c, "/api/2.2/jobs/create", []byte("{} {}")), 400, "MALFORMED_REQUEST", "after its end")
}

func TestQuartz(t *testing.T) {
	_, c := open(t, fakeworkspace.Options{})
	for _, good := range []string{
		"0 0 12 * * ?", "0 15 10 ? * MON-FRI", "0 15 10 ? * 6L", "0 15 10 ? * 6#3", "0 0/5 14,18 * * ?", "0 15 10 L * ?", "0 0 0 LW * ?", "0 0 0 15W * ? 2027",
		"0 0-5 14 * JAN,FEB ?", "20 0 0 ? * sun",
	} {
		j := scheduled()
		j.Schedule.QuartzCronExpression = good
		if _, err := c.Jobs.Create(t.Context(), j); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "* * * * *", "0 0 12 * * *", "0 0 12 ? * ?", "60 0 12 * * ?", "0 0 24 * * ?", "0 0 12 32 * ?", "0 0 12 * 13 ?", "0 0 12 ? * 8", "0 0/0 * * * ?",
		"0 a * * * ?", "0 0 12 W * ?", "0 0 12 ? * 6#6", "0 0 12 * * ? 1900", "L 0 12 * * ?", "0 0 12 1 * ? 2027 x",
	} {
		j := scheduled()
		j.Schedule.QuartzCronExpression = bad
		_, err := c.Jobs.Create(t.Context(), j)
		refused(t, err, 400, "INVALID_PARAMETER_VALUE", "quartz_cron_expression")
	}
}
