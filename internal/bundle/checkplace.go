package bundle

import (
	"fmt"
	"strings"

	"github.com/cryptostream/lakectl/internal/target"
)

// checkFolders looks at the checkpoints, and the folder of files that are read instead of the topic.
func (ps *Problems) checkFolders(t target.Target) {
	if t.Databricks == nil {
		return
	}
	if t.Databricks.Volume == "" && strings.HasPrefix(t.Checkpoints, "/Volumes/") {
		ps.warn("make it yourself, or name it as databricks.volume", "the checkpoints are in a volume that this target does not make: %s", t.Checkpoints)
	}
	files := t.Kafka.Files
	if files == "" {
		return
	}
	if nested(files, t.Checkpoints) {
		ps.add("", "give each a folder of its own", "kafka.files and checkpoints are one inside the other: %s and %s", files, t.Checkpoints)
	}
	own := fmt.Sprintf("/Volumes/%s/%s/%s", t.Catalog, t.Schema, t.Databricks.Volume)
	if strings.HasPrefix(files, "/Volumes/") && (t.Databricks.Volume == "" || !nested(own, files)) {
		ps.warn("make it yourself, and let the jobs read it", "kafka.files is in a volume that this target does not make: %s", files)
	}
}

// checkApart refuses two targets that would write the same tables, go on at the same checkpoints, or keep
// their state in one file.
func (ps *Problems) checkApart(t, other target.Target) {
	a, b := t.Databricks, other.Databricks
	if a == nil || b == nil || t.Name == other.Name || a.Host != b.Host || a.Profile != b.Profile {
		return
	}
	mixes := func(what, value, remedy string) {
		*ps = append(*ps, Problem{
			Message: fmt.Sprintf("target %s would share its %s with target %s: %s", t.Name, what, other.Name, value), Remedy: remedy, Mixes: true,
		})
	}
	if strings.EqualFold(t.Catalog, other.Catalog) && strings.EqualFold(t.Schema, other.Schema) {
		mixes("schema", t.Catalog+"."+t.Schema, "give one another schema, such as cryptostream_${target}")
	} else if nested(t.Checkpoints, other.Checkpoints) {
		mixes("checkpoints", t.Checkpoints, "give one another folder, such as /Volumes/${catalog}/${schema}/lakectl/checkpoints")
	}
	if nested(a.Folder, b.Folder) {
		mixes("folder", a.Folder, "give one another folder, such as /Workspace/Shared/lakectl/${target}")
	}
}

// nested reports whether two folders are the same, or one is in the other.
func nested(a, b string) bool {
	a, b = strings.TrimSuffix(a, "/")+"/", strings.TrimSuffix(b, "/")+"/"
	return strings.HasPrefix(a, b) || strings.HasPrefix(b, a)
}
