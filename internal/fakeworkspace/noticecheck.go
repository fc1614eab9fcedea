package fakeworkspace

import (
	"net/mail"
	"slices"

	"github.com/databricks/databricks-sdk-go/service/jobs"
)

// checkNotices looks at addresses and destinations.
func (w *Workspace) checkNotices(s *jobs.JobSettings) *Error {
	if failed := w.checkWebhooks(s.WebhookNotifications); failed != nil {
		return failed
	}
	if n := s.EmailNotifications; n != nil {
		if failed := checkMail(n.OnDurationWarningThresholdExceeded, n.OnFailure, n.OnStart, n.OnStreamingBacklogExceeded, n.OnSuccess); failed != nil {
			return failed
		}
	}
	for _, t := range s.Tasks {
		if failed := w.checkWebhooks(t.WebhookNotifications); failed != nil {
			return failed
		}
		if n := t.EmailNotifications; n != nil {
			if failed := checkMail(n.OnDurationWarningThresholdExceeded, n.OnFailure, n.OnStart, n.OnStreamingBacklogExceeded, n.OnSuccess); failed != nil {
				return failed
			}
		}
	}
	return nil
}

func checkMail(lists ...[]string) *Error {
	for _, address := range slices.Concat(lists...) {
		if _, err := mail.ParseAddress(address); err != nil {
			return invalid("email_notifications: %q is no address", address)
		}
	}
	return nil
}

func (w *Workspace) checkWebhooks(n *jobs.WebhookNotifications) *Error {
	if n == nil {
		return nil
	}
	for _, hooks := range [][]jobs.Webhook{n.OnDurationWarningThresholdExceeded, n.OnFailure, n.OnStart, n.OnStreamingBacklogExceeded, n.OnSuccess} {
		if len(hooks) > 3 {
			return invalid("webhook_notifications: at most 3 destinations for each event")
		}
		for _, hook := range hooks {
			if !w.webhooks[hook.Id] {
				return invalid("webhook_notifications: notification destination %s does not exist", hook.Id)
			}
		}
	}
	return nil
}

func checkHealth(at string, h *jobs.JobsHealthRules) *Error {
	if h == nil {
		return nil
	}
	seen := map[jobs.JobsHealthMetric]bool{}
	for _, rule := range h.Rules {
		if seen[rule.Metric] {
			return invalid("%s: two rules for %s", at, rule.Metric)
		}
		seen[rule.Metric] = true
		if rule.Value <= 0 {
			return invalid("%s: the value of %s must be positive, not %d", at, rule.Metric, rule.Value)
		}
	}
	return nil
}
