package fakeworkspace_test

import (
	"errors"
	"fmt"
	"testing"

	databricks "github.com/databricks/databricks-sdk-go"
	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/service/compute"
	"github.com/databricks/databricks-sdk-go/service/jobs"

	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

func task(key string, on ...string) jobs.Task {
	t := jobs.Task{TaskKey: key, NotebookTask: &jobs.NotebookTask{NotebookPath: "/Shared/" + key}}
	for _, one := range on {
		t.DependsOn = append(t.DependsOn, jobs.TaskDependency{TaskKey: one})
	}
	return t
}

// scheduled is a serverless job of three tasks; continuous one of a task on a cluster of its own.
func scheduled() jobs.CreateJob {
	return jobs.CreateJob{
		Name: "lake", Schedule: &jobs.CronSchedule{QuartzCronExpression: "0 0/15 * * * ?", TimezoneId: "UTC"},
		Tasks: []jobs.Task{task("bronze"), task("silver", "bronze"), task("gold", "silver")},
	}
}

func continuous() jobs.CreateJob {
	t := task("bronze")
	t.JobClusterKey = "main"
	return jobs.CreateJob{
		Name: "stream", Continuous: &jobs.Continuous{}, Tasks: []jobs.Task{t},
		JobClusters: []jobs.JobCluster{{JobClusterKey: "main", NewCluster: cluster()}},
	}
}

func cluster() *compute.ClusterSpec {
	return &compute.ClusterSpec{SparkVersion: "16.4.x-scala2.12", NodeTypeId: "i3.xlarge", NumWorkers: 1}
}

func create(t *testing.T, c *databricks.WorkspaceClient, j jobs.CreateJob) int64 {
	t.Helper()
	return must[*jobs.CreateResponse](t)(c.Jobs.Create(t.Context(), j)).JobId
}

func settingsOf(t *testing.T, c *databricks.WorkspaceClient, id int64) *jobs.JobSettings {
	t.Helper()
	return must[*jobs.Job](t)(c.Jobs.GetByJobId(t.Context(), id)).Settings
}

func TestJobHasTheServersFields(t *testing.T) {
	_, c := open(t, fakeworkspace.Options{})
	got := must[*jobs.Job](t)(c.Jobs.GetByJobId(t.Context(), create(t, c, scheduled())))
	s := got.Settings
	if got.CreatorUserName != me || got.RunAsUserName != me || got.CreatedTime == 0 {
		t.Errorf("job is %+v", got)
	}
	if s.Format != jobs.FormatMultiTask || s.MaxConcurrentRuns != 1 || s.EmailNotifications == nil || s.WebhookNotifications == nil || s.Queue == nil {
		t.Errorf("settings are %+v", s)
	}
	if s.Tasks[1].RunIf != jobs.RunIfAllSuccess || s.Tasks[1].NotebookTask.Source != jobs.SourceWorkspace || s.Schedule.PauseStatus != jobs.PauseStatusUnpaused {
		t.Errorf("task is %+v", s.Tasks[1])
	}
	other := settingsOf(t, c, create(t, c, continuous()))
	if n := other.JobClusters[0].NewCluster; n.AwsAttributes == nil || n.DataSecurityMode == "" || n.SparkEnvVars["PYSPARK_PYTHON"] == "" {
		t.Errorf("cluster is %+v", n)
	}
}

func TestNamesOfJobsMayBeTaken(t *testing.T) {
	_, c := open(t, fakeworkspace.Options{})
	if a, b := create(t, c, scheduled()), create(t, c, scheduled()); a == b {
		t.Error("one job for two")
	}
	all := must[[]jobs.BaseJob](t)(c.Jobs.ListAll(t.Context(), jobs.ListJobsRequest{Name: "LAKE"}))
	if len(all) != 2 || all[0].Settings.Tasks != nil || all[0].Settings.Name != "lake" {
		t.Errorf("listed %+v", all)
	}
}

func TestJobsAreListedInPages(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	for i := range 45 {
		w.AddJob(you, map[string]any{"name": fmt.Sprint("job ", i), "tasks": []any{}})
	}
	w.Forget()
	all := must[[]jobs.BaseJob](t)(c.Jobs.ListAll(t.Context(), jobs.ListJobsRequest{}))
	if len(all) != 45 || all[0].Settings.Name != "job 44" || len(w.Requests()) != 3 {
		t.Errorf("listed %d in %d requests", len(all), len(w.Requests()))
	}
	_, err := c.Jobs.ListAll(t.Context(), jobs.ListJobsRequest{Limit: 101})
	refused(t, err, 400, "INVALID_PARAMETER_VALUE", "limit")
	_, err = c.Jobs.ListAll(t.Context(), jobs.ListJobsRequest{PageToken: "made up"})
	refused(t, err, 400, "INVALID_PARAMETER_VALUE", "page_token")
}

func TestTasksComeInPages(t *testing.T) {
	_, c := open(t, fakeworkspace.Options{})
	j := jobs.CreateJob{Name: "big"}
	for i := range 230 {
		j.Tasks = append(j.Tasks, task(fmt.Sprint("t", i)))
	}
	got := must[*jobs.Job](t)(c.Jobs.Get(t.Context(), jobs.GetJobRequest{JobId: create(t, c, j)}))
	if len(got.Settings.Tasks) != 230 {
		t.Errorf("got %d tasks", len(got.Settings.Tasks))
	}
}

func TestJobThatIsNotThere(t *testing.T) {
	_, c := open(t, fakeworkspace.Options{})
	_, err := c.Jobs.GetByJobId(t.Context(), 17)
	refused(t, err, 400, "INVALID_PARAMETER_VALUE", "Job 17 does not exist.")
	if !errors.Is(err, apierr.ErrResourceDoesNotExist) {
		t.Error("the SDK does not know it")
	}
	refused(t, c.Jobs.DeleteByJobId(t.Context(), 17), 400, "INVALID_PARAMETER_VALUE", "does not exist")
}

func TestUpdateOfAJob(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	j := scheduled()
	j.Tags = map[string]string{"a": "b"}
	id := create(t, c, j)
	other := task("silver", "bronze")
	other.Description = "changed"
	ok(t, c.Jobs.Update(t.Context(), jobs.UpdateJob{
		JobId: id, NewSettings: &jobs.JobSettings{Name: "new", Tasks: []jobs.Task{other}}, FieldsToRemove: []string{"tags", "tasks/gold"},
	}))
	s := settingsOf(t, c, id)
	if s.Name != "new" || len(s.Tags) != 0 || len(s.Tasks) != 2 || s.Tasks[1].Description != "changed" || s.Schedule == nil {
		t.Errorf("settings are %+v", s)
	}
	err := c.Jobs.Update(t.Context(), jobs.UpdateJob{JobId: id, FieldsToRemove: []string{"tasks/bronze"}})
	refused(t, err, 400, "INVALID_PARAMETER_VALUE", "does not exist")
	if n := len(w.Jobs()[id]["tasks"].([]any)); n != 2 {
		t.Errorf("a refused update left %d tasks", n)
	}
	ok(t, c.Jobs.Reset(t.Context(), jobs.ResetJob{JobId: id, NewSettings: jobs.JobSettings{Name: "bare"}}))
	if s := settingsOf(t, c, id); s.Schedule != nil || s.Tasks != nil || s.Name != "bare" {
		t.Errorf("settings are %+v", s)
	}
}

func TestResetKeepsRunAs(t *testing.T) {
	_, c := open(t, fakeworkspace.Options{})
	j := scheduled()
	j.RunAs = &jobs.JobRunAs{UserName: you}
	id := create(t, c, j)
	ok(t, c.Jobs.Reset(t.Context(), jobs.ResetJob{JobId: id, NewSettings: jobs.JobSettings{Name: "bare"}}))
	if got := must[*jobs.Job](t)(c.Jobs.GetByJobId(t.Context(), id)); got.RunAsUserName != you || got.Settings.RunAs == nil {
		t.Errorf("runs as %s", got.RunAsUserName)
	}
}

func TestOthersJobs(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	id := create(t, c, scheduled())
	other := dial(t, w, "dapi-you")
	_, err := other.Jobs.GetByJobId(t.Context(), id)
	refused(t, err, 403, "PERMISSION_DENIED", "does not have")
	if all := must[[]jobs.BaseJob](t)(other.Jobs.ListAll(t.Context(), jobs.ListJobsRequest{})); len(all) != 0 {
		t.Errorf("sees %v", all)
	}
	_, err = c.Jobs.UpdatePermissions(t.Context(), jobs.JobPermissionsRequest{
		JobId: fmt.Sprint(id), AccessControlList: []jobs.JobAccessControlRequest{{UserName: you, PermissionLevel: "CAN_VIEW"}},
	})
	ok(t, err)
	must[*jobs.Job](t)(other.Jobs.GetByJobId(t.Context(), id))
	refused(t, other.Jobs.DeleteByJobId(t.Context(), id), 403, "PERMISSION_DENIED", "CAN_MANAGE")
	_, err = other.Jobs.Create(t.Context(), jobs.CreateJob{RunAs: &jobs.JobRunAs{UserName: me}})
	refused(t, err, 403, "PERMISSION_DENIED", "run_as")
}
