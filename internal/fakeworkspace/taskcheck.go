package fakeworkspace

import (
	"reflect"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/jobs"
)

func checkTasks(s *jobs.JobSettings) *Error {
	if len(s.Tasks) > maxTasks {
		return invalid("%d tasks, more than %d", len(s.Tasks), maxTasks)
	}
	keys := map[string]bool{}
	for _, t := range s.Tasks {
		if !jobKey.MatchString(t.TaskKey) {
			return invalid("task_key %q: keys are of 1 to 100 letters, digits, _ and -", t.TaskKey)
		}
		if keys[t.TaskKey] {
			return invalid("Duplicate task_key: %s", t.TaskKey)
		}
		keys[t.TaskKey] = true
	}
	for _, t := range s.Tasks {
		for _, on := range t.DependsOn {
			if !keys[on.TaskKey] {
				return invalid("Task %s depends on %s, which does not exist.", t.TaskKey, on.TaskKey)
			}
		}
		if failed := checkTask(s, &t); failed != nil {
			return failed
		}
	}
	return checkCycle(s.Tasks)
}

// checkCycle takes away tasks that wait for none of the rest, until none is left.
func checkCycle(tasks []jobs.Task) *Error {
	waits := map[string][]jobs.TaskDependency{}
	for _, t := range tasks {
		waits[t.TaskKey] = t.DependsOn
	}
	for len(waits) > 0 {
		left := len(waits)
		for key, on := range waits {
			free := true
			for _, d := range on {
				_, waiting := waits[d.TaskKey]
				free = free && !waiting
			}
			if free {
				delete(waits, key)
			}
		}
		if len(waits) == left {
			return invalid("The dependencies of the tasks have a cycle.")
		}
	}
	return nil
}

// kinds are the names of a task's kinds: fields that end in _task.
func kinds(t *jobs.Task) []string {
	var found []string
	v := reflect.ValueOf(*t)
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if strings.HasSuffix(name, "_task") && !v.Field(i).IsNil() {
			found = append(found, name)
		}
	}
	return found
}

func checkTask(s *jobs.JobSettings, t *jobs.Task) *Error {
	switch found := kinds(t); {
	case len(found) == 0:
		return invalid("Task %s has no task type, such as notebook_task.", t.TaskKey)
	case len(found) > 1:
		return invalid("Task %s has more than one task type: %s", t.TaskKey, strings.Join(found, ", "))
	case t.MaxRetries < -1:
		return invalid("Task %s: max_retries must be -1 or more", t.TaskKey)
	case t.TimeoutSeconds < 0 || t.MinRetryIntervalMillis < 0:
		return invalid("Task %s: times must not be negative", t.TaskKey)
	}
	if failed := checkHealth("health of task "+t.TaskKey, t.Health); failed != nil {
		return failed
	}
	if n := t.NotebookTask; n != nil {
		return checkNotebook(s, t.TaskKey, n)
	}
	return nil
}

func checkNotebook(s *jobs.JobSettings, key string, n *jobs.NotebookTask) *Error {
	absolute := strings.HasPrefix(n.NotebookPath, "/")
	switch git := n.Source == jobs.SourceGit || (n.Source == "" && s.GitSource != nil); {
	case git && s.GitSource == nil:
		return invalid("Task %s: source GIT needs a git_source", key)
	case git && absolute:
		return invalid("Task %s: notebook_path %s must be relative to the git repository", key, n.NotebookPath)
	case !git && !absolute:
		return invalid("Only absolute paths are currently supported. Paths must begin with '/'. notebook_path of task %s is %q", key, n.NotebookPath)
	}
	return nil
}
