package bundle

import (
	"strings"
	"unicode/utf8"

	"github.com/cryptostream/lakectl/internal/deploy"
)

// Limits of SQL warehouses, from the SDK's comments on CreateWarehouseRequest.
const (
	maxWarehouseName = 99 // characters
	maxWarehouseTags = 43 // 44 with the one by which a deploy knows its own
	minAutoStop      = 10 // minutes
)

// reserved are the tags that a cluster has by itself and can't be given: Databricks names it by Name (source:
// docs.databricks.com/admin/account-settings/usage-detail-tags), and ResourceClass is that of a single node.
var reserved = []string{"Name", "ResourceClass"}

func (ps *Problems) checkTags(key string, tags map[string]string, most int) {
	if len(tags) > most {
		ps.add(key, "take some of databricks.tags away", "%d tags, more than %d", len(tags), most)
	}
	for _, tag := range sorted(tags) {
		if n := utf8.RuneCountInString(tag); n == 0 || n > maxTagKey {
			ps.add(key, "change databricks.tags", "the name of tag %q has %d characters; 1 to %d are allowed", tag, n, maxTagKey)
		}
		if n := utf8.RuneCountInString(tags[tag]); n > maxTag {
			ps.add(key, "shorten the tag's value", "tag %s has %d characters, more than %d", tag, n, maxTag)
		}
		for _, name := range reserved {
			if strings.EqualFold(name, tag) {
				ps.add(key, "give the tag another name", "tag %s is one that a cluster gets by itself", tag)
			}
		}
	}
}

// checkObject looks at the name of a schema or volume. Unity Catalog keeps names in lower case: another
// spelling would come back as a change each time.
// Source: docs.databricks.com/sql/language-manual/sql-ref-names.
func (ps *Problems) checkObject(r deploy.Resource) {
	name, _ := r.Fields["name"].(string)
	if lower := strings.ToLower(name); lower != name {
		ps.add(r.Key, "write "+lower, "%q: Unity Catalog keeps names in lower case", name)
	}
}

func (ps *Problems) checkWarehouse(r deploy.Resource) {
	if r.Existing != "" {
		return
	}
	if n := utf8.RuneCountInString(r.Name); n > maxWarehouseName {
		ps.add(r.Key, "shorten databricks.prefix or warehouse.name", "the name has %d characters, more than %d", n, maxWarehouseName)
	}
	if minutes, _ := r.Fields["auto_stop_mins"].(float64); minutes < minAutoStop {
		ps.add(r.Key, "give warehouse.auto_stop 10m or more", "a warehouse stops by itself after 10 minutes at the earliest, not %v", minutes)
	}
	tags := map[string]string{}
	all, _ := r.Fields["tags"].(map[string]any)
	list, _ := all["custom_tags"].([]any)
	for _, one := range list {
		pair, _ := one.(map[string]any)
		key, _ := pair["key"].(string)
		value, _ := pair["value"].(string)
		tags[key] = value
	}
	ps.checkTags(r.Key, tags, maxWarehouseTags)
}
