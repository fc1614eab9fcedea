package fakeworkspace

import (
	"fmt"

	"github.com/databricks/databricks-sdk-go/service/compute"
)

func (w *Workspace) clusterRoutes() {
	const at = "/api/2.1/clusters"
	w.handle("GET "+at+"/spark-versions", sparkVersions)
	w.handle("GET "+at+"/list-node-types", nodeTypes)
	w.handle("GET "+at+"/list", func(*call) (any, *Error) { return object{"clusters": sorted(w.clusters)}, nil })
	w.handle("GET "+at+"/get", w.getCluster)
	w.handle("POST "+at+"/start", w.startCluster)
}

// AddCluster adds an all-purpose cluster, which is off, and returns its id.
func (w *Workspace) AddCluster(name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := fmt.Sprintf("1124-%06d-fake%04d", w.id()%1_000_000, len(w.clusters))
	w.clusters[id] = object{
		"cluster_id": id, "cluster_name": name, "state": "TERMINATED", "spark_version": "16.4.x-scala2.13", "node_type_id": "m5d.large",
		"num_workers": 1, "data_security_mode": "USER_ISOLATION",
	}
	return id
}

func (w *Workspace) cluster(id string) (object, *Error) {
	if o := w.clusters[id]; o != nil {
		return o, nil
	}
	return nil, invalid("Cluster %s does not exist", id)
}

// getCluster shows a cluster; one that starts runs when it is looked at again.
func (w *Workspace) getCluster(c *call) (any, *Error) {
	o, failed := w.cluster(c.query("cluster_id"))
	if failed != nil {
		return nil, failed
	}
	shown := copyOf(o)
	if o["state"] == "PENDING" {
		o["state"] = "RUNNING"
	}
	return shown, nil
}

func (w *Workspace) startCluster(c *call) (any, *Error) {
	_, request, failed := read[compute.StartCluster](c)
	if failed != nil {
		return nil, failed
	}
	o, failed := w.cluster(request.ClusterId)
	if failed != nil {
		return nil, failed
	}
	if o["state"] != "TERMINATED" {
		return nil, refusal(400, "INVALID_STATE", "Cluster %s is in unexpected state %s.", request.ClusterId, o["state"])
	}
	o["state"] = "PENDING"
	return nil, nil
}
