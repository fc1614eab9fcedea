package bundle

import (
	"time"

	"github.com/databricks/databricks-sdk-go/service/jobs"
)

// notify says who is told when the job fails, and not when it is cancelled: a restart cancels it.
func (b builder) notify(job *jobs.CreateJob) {
	if len(b.Notify.OnFailure) == 0 {
		return
	}
	job.EmailNotifications = &jobs.JobEmailNotifications{OnFailure: b.Notify.OnFailure}
	job.NotificationSettings = &jobs.JobNotificationSettings{NoAlertForCanceledRuns: true, NoAlertForSkippedRuns: true}
}

// watch adds the rule that tells them of a backlog. A run that always goes on has one to be measured. One by
// the clock ends when it has none, so there it is the run's own time by which data is late.
func (b builder) watch(job *jobs.CreateJob, always bool) {
	seconds := int64(time.Duration(b.Streaming.MaxBacklog) / time.Second)
	if seconds == 0 {
		return
	}
	metric := jobs.JobsHealthMetricRunDurationSeconds
	if always {
		metric = jobs.JobsHealthMetricStreamingBacklogSeconds
	}
	job.Health = &jobs.JobsHealthRules{Rules: []jobs.JobsHealthRule{{Metric: metric, Op: jobs.JobsHealthOperatorGreaterThan, Value: seconds}}}
	switch mail := job.EmailNotifications; {
	case mail == nil:
	case always:
		mail.OnStreamingBacklogExceeded = b.Notify.OnFailure
	default:
		mail.OnDurationWarningThresholdExceeded = b.Notify.OnFailure
	}
}
