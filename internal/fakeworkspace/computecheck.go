package fakeworkspace

import (
	"slices"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/compute"
	"github.com/databricks/databricks-sdk-go/service/jobs"
)

// serverless tells whether a task names no cluster.
func serverless(t *jobs.Task) bool {
	return t.JobClusterKey == "" && t.ExistingClusterId == "" && t.NewCluster == nil
}

// needsCompute tells whether a task runs code of its own.
func needsCompute(t *jobs.Task) bool {
	return t.NotebookTask != nil && t.NotebookTask.WarehouseId == "" || t.SparkPythonTask != nil || t.PythonWheelTask != nil || t.SparkJarTask != nil
}

// checkCompute is about what the tasks run on.
func (w *Workspace) checkCompute(s *jobs.JobSettings) *Error {
	clusters, environments := map[string]bool{}, map[string]bool{}
	for _, c := range s.JobClusters {
		if !jobKey.MatchString(c.JobClusterKey) || clusters[c.JobClusterKey] {
			return invalid("job_cluster_key %q: keys are of 1 to 100 letters, digits, _ and -, and unique", c.JobClusterKey)
		}
		clusters[c.JobClusterKey] = true
		if failed := checkCluster("job cluster "+c.JobClusterKey, c.NewCluster); failed != nil {
			return failed
		}
	}
	for _, e := range s.Environments {
		if !jobKey.MatchString(e.EnvironmentKey) || environments[e.EnvironmentKey] {
			return invalid("environment_key %q: keys are of 1 to 100 letters, digits, _ and -, and unique", e.EnvironmentKey)
		}
		environments[e.EnvironmentKey] = true
		if e.Spec == nil || e.Spec.EnvironmentVersion == "" && e.Spec.Client == "" && e.Spec.BaseEnvironment == "" {
			return invalid("environment %s: environment_version must be given", e.EnvironmentKey)
		}
	}
	for _, t := range s.Tasks {
		if failed := w.checkTaskCompute(&t, clusters, environments); failed != nil {
			return failed
		}
	}
	return nil
}

func (w *Workspace) checkTaskCompute(t *jobs.Task, clusters, environments map[string]bool) *Error {
	given := 0
	for _, is := range []bool{t.JobClusterKey != "", t.ExistingClusterId != "", t.NewCluster != nil, t.EnvironmentKey != ""} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return invalid("Task %s: only one of job_cluster_key, existing_cluster_id, new_cluster and environment_key can be given", t.TaskKey)
	case given > 0 && !needsCompute(t):
		return invalid("Task %s: a task of this type runs on no cluster", t.TaskKey)
	case t.JobClusterKey != "" && !clusters[t.JobClusterKey]:
		return invalid("Task %s: job_cluster_key %s is not defined in job_clusters", t.TaskKey, t.JobClusterKey)
	case t.ExistingClusterId != "" && w.clusters[t.ExistingClusterId] == nil:
		return invalid("Task %s: Cluster %s does not exist", t.TaskKey, t.ExistingClusterId)
	case t.EnvironmentKey != "" && !environments[t.EnvironmentKey]:
		return invalid("Task %s: environment_key %s is not defined in environments", t.TaskKey, t.EnvironmentKey)
	case t.NewCluster != nil:
		return checkCluster("task "+t.TaskKey, t.NewCluster)
	}
	if !serverless(t) || !needsCompute(t) {
		return nil
	}
	switch {
	case len(t.Libraries) > 0:
		return invalid("Libraries field is not supported for serverless task, please specify libraries in environment. Task: %s", t.TaskKey)
	case t.SparkJarTask != nil && t.EnvironmentKey == "", t.NotebookTask == nil && t.EnvironmentKey == "":
		return invalid("Task %s: a serverless task that is no notebook needs an environment_key", t.TaskKey)
	}
	return nil
}

func checkCluster(at string, c *compute.ClusterSpec) *Error {
	switch {
	case c == nil:
		return invalid("%s: new_cluster must be given", at)
	case !knownRuntime(c.SparkVersion):
		return invalid("%s: invalid spark_version: %s", at, c.SparkVersion)
	case c.NodeTypeId == "" && c.InstancePoolId == "" && c.PolicyId == "":
		return invalid("%s: node_type_id or instance_pool_id must be given", at)
	case c.NodeTypeId != "" && c.InstancePoolId != "":
		return invalid("%s: node_type_id can't be given with an instance_pool_id", at)
	case c.NodeTypeId != "" && !knownNode(c.NodeTypeId):
		return invalid("%s: node type %s is not supported", at, c.NodeTypeId)
	case c.Autoscale != nil && c.NumWorkers != 0:
		return invalid("%s: only one of num_workers and autoscale can be given", at)
	case c.Autoscale != nil && (c.Autoscale.MinWorkers < 0 || c.Autoscale.MaxWorkers < max(1, c.Autoscale.MinWorkers)):
		return invalid("%s: autoscale from %d to %d workers", at, c.Autoscale.MinWorkers, c.Autoscale.MaxWorkers)
	case c.Autoscale == nil && c.NumWorkers == 0 && !slices.Contains(c.ForceSendFields, "NumWorkers"):
		return invalid("%s: num_workers or autoscale must be given", at)
	case c.Autoscale == nil && c.NumWorkers == 0 && !singleNode(c):
		return invalid("%s: num_workers may be 0 for a single-node cluster only, with spark.databricks.cluster.profile singleNode and spark.master local[*] in spark_conf and the tag ResourceClass SingleNode, or is_single_node", at)
	case c.NumWorkers < 0:
		return invalid("%s: num_workers must not be negative", at)
	case c.AutoterminationMinutes != 0:
		return invalid("%s: a job's cluster ends with the job; autotermination_minutes can't be given", at)
	}
	return nil
}

// singleNode tells whether a cluster is set up to have no workers.
func singleNode(c *compute.ClusterSpec) bool {
	return c.IsSingleNode || c.SparkConf["spark.databricks.cluster.profile"] == "singleNode" &&
		strings.HasPrefix(c.SparkConf["spark.master"], "local[") && c.CustomTags["ResourceClass"] == "SingleNode"
}
