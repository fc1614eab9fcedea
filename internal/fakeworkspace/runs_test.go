package fakeworkspace_test

import (
	"errors"
	"testing"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/service/jobs"

	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

func TestContinuousJobHasARun(t *testing.T) {
	t.Parallel()
	w, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	j := continuous()
	id := create(t, c, j)
	first := must[[]jobs.BaseRun](t)(c.Jobs.ListRunsAll(ctx, jobs.ListRunsRequest{JobId: id, ActiveOnly: true}))
	if len(first) != 1 || first[0].Trigger != jobs.TriggerTypeContinuous || first[0].State.LifeCycleState != jobs.RunLifeCycleStateRunning {
		t.Fatalf("runs are %+v", first)
	}
	// A reset does not touch the run; a cancelled one is followed by one with the new settings.
	ok(t, c.Jobs.Reset(ctx, jobs.ResetJob{JobId: id, NewSettings: jobs.JobSettings{Name: "changed", Continuous: j.Continuous, Tasks: j.Tasks, JobClusters: j.JobClusters}}))
	if runs := w.Runs(id); len(runs) != 1 || runs[0].Settings["name"] != "stream" {
		t.Errorf("runs are %+v", runs)
	}
	ok(t, c.Jobs.CancelAllRuns(ctx, jobs.CancelAllRuns{JobId: id}))
	got := must[*jobs.Run](t)(c.Jobs.WaitGetRunJobTerminatedOrSkipped(ctx, first[0].RunId, 0, nil))
	if got.State.ResultState != jobs.RunResultStateCanceled {
		t.Errorf("run is %+v", got.State)
	}
	if runs := w.Runs(id); len(runs) != 2 || runs[1].Settings["name"] != "changed" {
		t.Errorf("runs are %+v", runs)
	}
	// Paused, it ends; deleted, nothing is left.
	ok(t, c.Jobs.Update(ctx, jobs.UpdateJob{JobId: id, NewSettings: &jobs.JobSettings{Continuous: &jobs.Continuous{PauseStatus: "PAUSED"}}}))
	for range 2 {
		must[[]jobs.BaseRun](t)(c.Jobs.ListRunsAll(ctx, jobs.ListRunsRequest{JobId: id}))
	}
	if all := must[[]jobs.BaseRun](t)(c.Jobs.ListRunsAll(ctx, jobs.ListRunsRequest{JobId: id, ActiveOnly: true})); len(all) != 0 {
		t.Errorf("runs are %+v", all)
	}
	ok(t, c.Jobs.DeleteByJobId(ctx, id))
}

func TestRunNow(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	j := scheduled()
	j.Queue = &jobs.QueueSettings{Enabled: false}
	j.Parameters = []jobs.JobParameterDefinition{{Name: "day", Default: "1"}}
	id := create(t, c, j)
	now := jobs.RunNow{JobId: id, IdempotencyToken: "once", JobParameters: map[string]string{"day": "2"}}
	first := must[*jobs.WaitGetRunJobTerminatedOrSkipped[jobs.RunNowResponse]](t)(c.Jobs.RunNow(ctx, now))
	if again := must[*jobs.WaitGetRunJobTerminatedOrSkipped[jobs.RunNowResponse]](t)(c.Jobs.RunNow(ctx, now)); again.RunId != first.RunId {
		t.Error("one token, two runs")
	}
	second := must[*jobs.WaitGetRunJobTerminatedOrSkipped[jobs.RunNowResponse]](t)(c.Jobs.RunNow(ctx, jobs.RunNow{JobId: id}))
	if got := must[*jobs.Run](t)(second.Get()); got.State.LifeCycleState != jobs.RunLifeCycleStateSkipped {
		t.Errorf("run is %+v", got.State)
	}
	_, err := c.Jobs.RunNow(ctx, jobs.RunNow{JobId: id, JobParameters: map[string]string{"x": "2"}})
	refused(t, err, 400, "INVALID_PARAMETER_VALUE", "Job parameter x")
	w.FinishRun(first.RunId, jobs.RunResultStateSuccess)
	if got := must[*jobs.Run](t)(first.Get()); got.State.ResultState != jobs.RunResultStateSuccess || len(got.Tasks) != 3 {
		t.Errorf("run is %+v", got)
	}
	_, err = c.Jobs.GetRun(ctx, jobs.GetRunRequest{RunId: 5})
	if refused(t, err, 400, "INVALID_PARAMETER_VALUE", "Run 5 does not exist."); !errors.Is(err, apierr.ErrResourceDoesNotExist) {
		t.Error("the SDK does not know it")
	}
	ok(t, c.Jobs.DeleteByJobId(ctx, id))
	if _, err := c.Jobs.GetByJobId(ctx, id); err == nil {
		t.Error("the job is still there")
	}
}
