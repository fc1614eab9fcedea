package fakeworkspace

import (
	"slices"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/jobs"
)

func (w *Workspace) resetJob(c *call) (any, *Error) {
	body, request, failed := read[jobs.ResetJob](c)
	if failed != nil {
		return nil, failed
	}
	j, failed := w.job(c, request.JobId, toManage...)
	if failed != nil {
		return nil, failed
	}
	settings, _ := body["new_settings"].(object)
	// A reset that does not name run_as leaves it as it is.
	if old, ok := j.settings["run_as"]; ok {
		fallback(settings, "run_as", old)
	}
	return nil, w.settle(c, j, settings)
}

// settle gives a job its new settings. Runs that are active go on with the old ones.
func (w *Workspace) settle(c *call, j *job, settings object) *Error {
	if failed := w.checkJob(c.user, settings); failed != nil {
		return failed
	}
	fillJob(settings)
	j.settings = settings
	w.keepRunning(j)
	return nil
}

// updateJob replaces the fields that are named, tasks and clusters by their keys, and removes others.
func (w *Workspace) updateJob(c *call) (any, *Error) {
	body, request, failed := read[jobs.UpdateJob](c)
	if failed != nil {
		return nil, failed
	}
	j, failed := w.job(c, request.JobId, toManage...)
	if failed != nil {
		return nil, failed
	}
	settings := copyOf(j.settings)
	changes, _ := body["new_settings"].(object)
	for name, value := range changes {
		if key := keyed[name]; key != "" {
			value = merged(list(settings, name), list(changes, name), key)
		}
		settings[name] = value
	}
	for _, name := range request.FieldsToRemove {
		field, entry, ok := strings.Cut(name, "/")
		if !ok {
			delete(settings, field)
			continue
		}
		kept := slices.DeleteFunc(list(settings, field), func(o object) bool { return text(o, keyed[field]) == entry })
		settings[field] = merged(kept, nil, "")
	}
	return nil, w.settle(c, j, settings)
}

// keyed are the arrays of a job's settings that jobs/update merges, and the key that it goes by.
var keyed = map[string]string{"tasks": "task_key", "job_clusters": "job_cluster_key"}

func merged(old, changes []object, key string) []any {
	all := []any{}
	for _, o := range old {
		if !slices.ContainsFunc(changes, func(one object) bool { return one[key] == o[key] }) {
			all = append(all, o)
		}
	}
	for _, o := range changes {
		all = append(all, o)
	}
	return all
}
