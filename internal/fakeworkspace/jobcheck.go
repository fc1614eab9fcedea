package fakeworkspace

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/jobs"
)

// Limits of the Jobs API.
const (
	maxTasks  = 1000
	maxName   = 4096 // bytes
	maxTags   = 25
	maxAtOnce = 1000 // runs of a job
)

var (
	jobKey    = regexp.MustCompile(`^[\w-]{1,100}$`)
	paramName = regexp.MustCompile(`^[\w.-]{1,255}$`)
)

// checkJob refuses settings that the server refuses. They have passed read already.
func (w *Workspace) checkJob(by *User, o object) *Error {
	raw, err := json.Marshal(o)
	if err != nil {
		return malformed("Could not parse request object: %s", err)
	}
	var s jobs.JobSettings
	if err := json.Unmarshal(raw, &s); err != nil {
		return malformed("Could not parse request object: %s", err)
	}
	checks := []func() *Error{
		func() *Error { return checkBounds(&s) },
		func() *Error { return checkStart(&s) },
		func() *Error { return w.checkRunAs(by, s.RunAs) },
		func() *Error { return w.checkNotices(&s) },
		func() *Error { return checkHealth("health", s.Health) },
		func() *Error { return checkGit(s.GitSource) },
		func() *Error { return checkTasks(&s) },
		func() *Error { return w.checkCompute(&s) },
		func() *Error { return w.checkFree(&s) },
	}
	for _, check := range checks {
		if failed := check(); failed != nil {
			return failed
		}
	}
	return nil
}

func checkBounds(s *jobs.JobSettings) *Error {
	switch {
	case len(s.Name) > maxName:
		return invalid("name has %d bytes, more than %d", len(s.Name), maxName)
	case s.MaxConcurrentRuns < 0 || s.MaxConcurrentRuns > maxAtOnce:
		return invalid("max_concurrent_runs must be from 0 to %d, not %d", maxAtOnce, s.MaxConcurrentRuns)
	case s.TimeoutSeconds < 0:
		return invalid("timeout_seconds must not be negative")
	case len(s.Tags) > maxTags:
		return invalid("%d tags, more than %d", len(s.Tags), maxTags)
	}
	for name, value := range s.Tags {
		if name == "" || len(name) > 127 || len(value) > 255 {
			return invalid("tag %q: a key has 1 to 127 characters, a value up to 255", name)
		}
	}
	seen := map[string]bool{}
	for _, p := range s.Parameters {
		if !paramName.MatchString(p.Name) || seen[p.Name] {
			return invalid("parameter %q: names are of letters, digits, _, - and ., and unique", p.Name)
		}
		seen[p.Name] = true
	}
	return nil
}

// checkStart is about what starts the job.
func checkStart(s *jobs.JobSettings) *Error {
	starts := 0
	for _, given := range []bool{s.Schedule != nil, s.Continuous != nil, s.Trigger != nil} {
		if given {
			starts++
		}
	}
	if starts > 1 {
		return invalid("At most one of schedule, continuous and trigger can be set.")
	}
	if s.Schedule != nil {
		if err := checkQuartz(s.Schedule.QuartzCronExpression); err != nil {
			return invalid("Invalid quartz_cron_expression: '%s'. %s", s.Schedule.QuartzCronExpression, err)
		}
		if err := checkZone(s.Schedule.TimezoneId); err != nil {
			return invalid("Invalid timezone_id: '%s'.", s.Schedule.TimezoneId)
		}
	}
	if s.Continuous != nil {
		return checkContinuous(s)
	}
	return nil
}

// checkContinuous holds what the documentation says a continuous job can't have.
func checkContinuous(s *jobs.JobSettings) *Error {
	if s.MaxConcurrentRuns > 1 {
		return invalid("max_concurrent_runs must be 1 for a continuous job, not %d", s.MaxConcurrentRuns)
	}
	for _, t := range s.Tasks {
		switch {
		case len(t.DependsOn) > 0:
			return invalid("Task %s: task dependencies are not supported in a continuous job.", t.TaskKey)
		case t.MaxRetries != 0 || t.RetryOnTimeout || t.MinRetryIntervalMillis != 0:
			return invalid("Task %s: retry policies are not supported in a continuous job.", t.TaskKey)
		case serverless(&t) && needsCompute(&t):
			return invalid("Task %s: serverless compute is not supported in a continuous job.", t.TaskKey)
		}
	}
	return nil
}

func (w *Workspace) checkRunAs(by *User, as *jobs.JobRunAs) *Error {
	if as == nil {
		return nil
	}
	named := map[string]string{"user_name": as.UserName, "service_principal_name": as.ServicePrincipalName, "group_name": as.GroupName}
	given := 0
	for kind, name := range named {
		if name == "" {
			continue
		}
		given++
		if !w.knows(kind, name) {
			return invalid("run_as: %s %q does not exist in the workspace.", kind, name)
		}
		if kind == "user_name" && name != by.Name && !by.admin() {
			return denied("run_as: %s can only be set to %s by an admin", name, kind)
		}
	}
	if given != 1 {
		return invalid("run_as must have exactly one of user_name, service_principal_name and group_name")
	}
	return nil
}

func checkGit(g *jobs.GitSource) *Error {
	if g == nil {
		return nil
	}
	if !strings.HasPrefix(g.GitUrl, "https://") {
		return invalid("git_source.git_url must begin with https://, not %q", g.GitUrl)
	}
	given := 0
	for _, ref := range []string{g.GitBranch, g.GitTag, g.GitCommit} {
		if ref != "" {
			given++
		}
	}
	if given != 1 {
		return invalid("git_source must have exactly one of git_branch, git_tag and git_commit")
	}
	return nil
}

// checkFree refuses what the Free Edition does not have.
func (w *Workspace) checkFree(s *jobs.JobSettings) *Error {
	classic := len(s.JobClusters) > 0 || slices.ContainsFunc(s.Tasks, func(t jobs.Task) bool { return !serverless(&t) })
	if w.opts.Free && classic {
		return invalid("Only serverless compute is supported in the workspace.")
	}
	return nil
}
