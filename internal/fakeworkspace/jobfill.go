package fakeworkspace

import (
	"cmp"
	"encoding/json"
	"slices"
)

// fillJob adds to a job's settings what the server adds: who compares naively sees changes that nobody made.
func fillJob(settings object) {
	fallback(settings, "name", "Untitled")
	fallback(settings, "format", "MULTI_TASK")
	fallback(settings, "email_notifications", object{})
	fallback(settings, "webhook_notifications", object{})
	fallback(settings, "timeout_seconds", json.Number("0"))
	fallback(settings, "max_concurrent_runs", json.Number("1"))
	fallback(settings, "queue", object{"enabled": true})
	for _, name := range []string{"schedule", "continuous", "trigger"} {
		if o, ok := settings[name].(object); ok {
			fallback(o, "pause_status", "UNPAUSED")
		}
	}
	if o, ok := settings["continuous"].(object); ok {
		fallback(o, "task_retry_mode", "NEVER")
	}
	for _, t := range list(settings, "tasks") {
		fillTask(t)
	}
	for _, c := range list(settings, "job_clusters") {
		fillCluster(c)
	}
	for _, e := range list(settings, "environments") {
		if spec, ok := e["spec"].(object); ok && spec["client"] != nil {
			fallback(spec, "environment_version", spec["client"])
		}
	}
}

func fillTask(t object) {
	fallback(t, "run_if", "ALL_SUCCESS")
	fallback(t, "timeout_seconds", json.Number("0"))
	fallback(t, "email_notifications", object{})
	fallback(t, "webhook_notifications", object{})
	if o, ok := t["notebook_task"].(object); ok {
		fallback(o, "source", "WORKSPACE")
	}
	fillCluster(t)
	// The server gives dependencies in an order of its own.
	if on, ok := t["depends_on"].([]any); ok {
		slices.SortFunc(on, func(a, b any) int { return cmp.Compare(text(a.(object), "task_key"), text(b.(object), "task_key")) })
	}
}

// fillCluster adds a new cluster's defaults, as those of AWS are.
func fillCluster(o object) {
	cluster, ok := o["new_cluster"].(object)
	if !ok {
		return
	}
	fallback(cluster, "cluster_name", "")
	fallback(cluster, "enable_elastic_disk", false)
	fallback(cluster, "data_security_mode", "SINGLE_USER")
	fallback(cluster, "aws_attributes", object{
		"availability": "SPOT_WITH_FALLBACK", "first_on_demand": json.Number("1"), "spot_bid_price_percent": json.Number("100"), "zone_id": "us-east-1c",
	})
	env, _ := cluster["spark_env_vars"].(object)
	if env == nil {
		env = object{}
		cluster["spark_env_vars"] = env
	}
	fallback(env, "PYSPARK_PYTHON", "/databricks/python3/bin/python3")
	delete(cluster, "apply_policy_default_values") // taken, never told
}
