package databricks

import (
	"context"
	"fmt"
	"strconv"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/service/jobs"

	"github.com/cryptostream/lakectl/internal/deploy"
)

// findJobs finds by id, or all of that name: a workspace takes the same name twice.
func (c *Client) findJobs(ctx context.Context, o deploy.Object) (found []deploy.Found, err error) {
	ids := []int64{}
	if o.ID != "" {
		id, err := jobID(o)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	} else {
		all, err := c.sdk.Jobs.ListAll(ctx, jobs.ListJobsRequest{Name: o.Name})
		if err != nil {
			return nil, err
		}
		for _, job := range all {
			if job.Settings != nil && job.Settings.Name == o.Name { // the filter does not look at case
				ids = append(ids, job.JobId)
			}
		}
	}
	for _, id := range ids {
		job, err := c.sdk.Jobs.Get(ctx, jobs.GetJobRequest{JobId: id})
		if apierr.IsMissing(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		one, err := foundJob(job, o)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, nil
}

func foundJob(job *jobs.Job, o deploy.Object) (deploy.Found, error) {
	fields, err := plain(job.Settings)
	if err != nil {
		return deploy.Found{}, err
	}
	// Who a job runs as is told beside its settings, in one word for users and service principals.
	if sent, ok := o.Fields["run_as"].(map[string]any); ok && job.RunAsUserName != "" {
		as := map[string]any{"user_name": job.RunAsUserName}
		if text(sent, "service_principal_name") == job.RunAsUserName {
			as = map[string]any{"service_principal_name": job.RunAsUserName}
		}
		fields["run_as"] = as
	}
	return deploy.Found{ID: strconv.FormatInt(job.JobId, 10), Fields: fields, Mark: job.Settings.Tags[deploy.MarkTag]}, nil
}

func jobID(o deploy.Object) (int64, error) {
	id, err := strconv.ParseInt(o.ID, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no id of a job: it must be a number", o.ID)
	}
	return id, nil
}

func (c *Client) createJob(ctx context.Context, o deploy.Object) (string, error) {
	request, err := typed[jobs.CreateJob](o.Fields)
	if err != nil {
		return "", err
	}
	made, err := c.sdk.Jobs.Create(ctx, request)
	if err != nil {
		return "", err
	}
	return strconv.FormatInt(made.JobId, 10), nil
}

// updateJob gives a job all its settings anew: what is not among them goes. Its run goes on with the old ones.
func (c *Client) updateJob(ctx context.Context, o deploy.Object) error {
	id, err := jobID(o)
	if err != nil {
		return err
	}
	settings, err := typed[jobs.JobSettings](o.Fields)
	if err != nil {
		return err
	}
	return c.sdk.Jobs.Reset(ctx, jobs.ResetJob{JobId: id, NewSettings: settings})
}

func (c *Client) removeJob(ctx context.Context, o deploy.Object) error {
	id, err := jobID(o)
	if err != nil {
		return err
	}
	return c.sdk.Jobs.Delete(ctx, jobs.DeleteJob{JobId: id})
}

// Restart cancels what a continuous job runs; it starts the next run by itself.
func (c *Client) Restart(ctx context.Context, o deploy.Object) error {
	id, err := jobID(o)
	if err != nil {
		return err
	}
	return explainFor(o.Kind, c.User, c.sdk.Jobs.CancelAllRuns(ctx, jobs.CancelAllRuns{JobId: id}))
}
