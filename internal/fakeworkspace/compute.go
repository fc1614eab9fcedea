package fakeworkspace

import (
	"slices"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/compute"
)

func (w *Workspace) computeRoutes() {
	w.handle("GET /api/2.1/clusters/spark-versions", sparkVersions)
	w.handle("GET /api/2.1/clusters/list-node-types", nodeTypes)
}

// runtimes are the long-term versions, and the last ones of their time.
var runtimes = []string{"13.3.x", "14.3.x", "15.4.x", "16.4.x", "17.3.x"}

// nodes of AWS and Azure that a small workspace would use.
var nodeNames = []string{
	"i3.xlarge", "m5d.large", "m5d.xlarge", "m6gd.large", "m6id.xlarge", "r5d.xlarge", "r6id.xlarge", "rd-fleet.xlarge", "md-fleet.xlarge",
	"Standard_D4ds_v5", "Standard_DS3_v2", "Standard_E4ds_v5", "n2-highmem-4",
}

func versions() []compute.SparkVersion {
	var all []compute.SparkVersion
	for _, v := range runtimes {
		for _, kind := range []string{"-scala2.12", "-scala2.13", "-photon-scala2.12", "-cpu-ml-scala2.12"} {
			if old := v < "16.4.x"; old && strings.HasSuffix(kind, "2.13") {
				continue
			}
			all = append(all, compute.SparkVersion{Key: v + kind, Name: strings.TrimSuffix(v, ".x") + " LTS"})
		}
	}
	return all
}

func knownRuntime(key string) bool {
	return slices.ContainsFunc(versions(), func(v compute.SparkVersion) bool { return v.Key == key })
}

func knownNode(name string) bool { return slices.Contains(nodeNames, name) }

func sparkVersions(*call) (any, *Error) {
	return compute.GetSparkVersionsResponse{Versions: versions()}, nil
}

func nodeTypes(*call) (any, *Error) {
	var all []compute.NodeType
	for _, name := range nodeNames {
		all = append(all, compute.NodeType{
			NodeTypeId: name, InstanceTypeId: name, Description: name, NumCores: 4, MemoryMb: 16384, Category: "General Purpose",
			NodeInstanceType: &compute.NodeInstanceType{InstanceTypeId: name},
		})
	}
	return compute.ListNodeTypesResponse{NodeTypes: all}, nil
}
