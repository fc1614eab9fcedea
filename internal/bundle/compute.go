package bundle

import (
	"maps"

	"github.com/databricks/databricks-sdk-go/service/compute"
	"github.com/databricks/databricks-sdk-go/service/jobs"

	"github.com/cryptostream/lakectl/internal/deploy"
)

const (
	clusterKey     = "main"
	environmentKey = "default"
	// environmentVersion says which Python and libraries a serverless notebook gets.
	environmentVersion = "4"
)

// placeOn puts a job's tasks onto the target's compute.
func (b builder) placeOn(job *jobs.CreateJob) {
	c := b.Compute
	switch {
	case c.Serverless:
		job.Environments = []jobs.JobEnvironment{{
			EnvironmentKey: environmentKey, Spec: &compute.Environment{EnvironmentVersion: environmentVersion},
		}}
	case c.ExistingCluster == "":
		job.JobClusters = []jobs.JobCluster{{JobClusterKey: clusterKey, NewCluster: b.cluster()}}
	}
	for i := range job.Tasks {
		switch task := &job.Tasks[i]; {
		case c.Serverless:
			task.EnvironmentKey = environmentKey
		case c.ExistingCluster != "":
			task.ExistingClusterId = c.ExistingCluster
		default:
			task.JobClusterKey = clusterKey
		}
	}
}

// cluster is made for a run and ends with it. Its tags are the job's, which are handed on to it.
func (b builder) cluster() *compute.ClusterSpec {
	spec := &compute.ClusterSpec{
		SparkVersion: b.Compute.SparkVersion,
		NodeTypeId:   b.Compute.NodeType,
		NumWorkers:   b.Compute.Workers,
		PolicyId:     b.Compute.Policy,
		// Unity Catalog needs SINGLE_USER or USER_ISOLATION; the latter refuses some options of Kafka.
		DataSecurityMode: compute.DataSecurityModeSingleUser,
		SparkConf:        map[string]string{"spark.sql.session.timeZone": "UTC"},
		ForceSendFields:  []string{"NumWorkers"},
	}
	if spec.NodeTypeId == "" && spec.PolicyId == "" { // a policy may give one
		spec.NodeTypeId = deploy.NodeType
	}
	if spec.PolicyId != "" {
		spec.ApplyPolicyDefaultValues = true
	}
	if spec.NumWorkers == 0 {
		spec.SparkConf["spark.databricks.cluster.profile"] = "singleNode"
		spec.SparkConf["spark.master"] = "local[*]"
		spec.CustomTags = map[string]string{"ResourceClass": "SingleNode"}
	}
	maps.Copy(spec.SparkConf, b.Compute.Conf)
	return spec
}
