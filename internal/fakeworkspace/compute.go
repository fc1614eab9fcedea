package fakeworkspace

import (
	"maps"
	"slices"
	"strings"

	"github.com/databricks/databricks-sdk-go/service/compute"
)

// runtimes are the long-term versions, and the last ones of their time.
var runtimes = []string{"13.3.x", "14.3.x", "15.4.x", "16.4.x", "17.3.x"}

// nodeNames are node types of AWS that a small workspace would use, with their cores, memory in GB and the
// size of their local disk in GB.
var nodeNames = map[string][3]int{
	"i3.xlarge": {4, 30, 950}, "m5d.large": {2, 8, 75}, "m5d.xlarge": {4, 16, 150}, "m6gd.large": {2, 8, 118}, "m6id.xlarge": {4, 16, 237},
	"m7g.large": {2, 8, 0}, "r5d.xlarge": {4, 32, 150}, "r6id.xlarge": {4, 32, 237}, "rd-fleet.xlarge": {4, 32, 0},
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

func knownNode(name string) bool { return nodeNames[name] != [3]int{} }

func sparkVersions(*call) (any, *Error) {
	return compute.GetSparkVersionsResponse{Versions: versions()}, nil
}

func nodeTypes(*call) (any, *Error) {
	var all []compute.NodeType
	for _, name := range slices.Sorted(maps.Keys(nodeNames)) {
		n := nodeNames[name]
		disks := 0
		if n[2] > 0 {
			disks = 1
		}
		all = append(all, compute.NodeType{
			NodeTypeId: name, InstanceTypeId: name, Description: name, NumCores: float64(n[0]), MemoryMb: n[1] << 10, Category: "General Purpose",
			IsGraviton:       strings.Contains(name, "g.") || strings.Contains(name, "gd."),
			NodeInstanceType: &compute.NodeInstanceType{InstanceTypeId: name, LocalDisks: disks, LocalDiskSizeGb: n[2]},
		})
	}
	return compute.ListNodeTypesResponse{NodeTypes: all}, nil
}
