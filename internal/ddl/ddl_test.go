package ddl

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/jobs"
)

func TestCreateTable(t *testing.T) {
	place := Place{Catalog: "main", Schema: "crypto", Warehouse: "/data/it's"}
	got := place.CreateTable(jobs.Table{
		Name: "t", Comment: "a 'table'", PartitionBy: []string{"day"}, Properties: map[string]string{"b": "2", "a": "1"},
		Columns: []jobs.Column{{Name: "id", Type: "STRING", Required: true, Comment: `back\slash`}, {Name: "day", Type: "DATE", Comment: "d"}},
	})
	want := "CREATE TABLE IF NOT EXISTS `main`.`crypto`.`t` (\n  `id` STRING NOT NULL COMMENT 'back\\\\slash',\n  `day` DATE COMMENT 'd'\n) USING delta\n" +
		"PARTITIONED BY (`day`)\nLOCATION '/data/it\\'s/t'\nCOMMENT 'a \\'table\\''\nTBLPROPERTIES ('a' = '1', 'b' = '2')"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLocal(t *testing.T) {
	for location, want := range map[string]bool{
		"": false, "/data/lake": true, "/data/a:/b": true, "s3a://bucket/lake": false, "abfss://c@a.dfs.core.windows.net/x": false,
		"dbfs:/Volumes/main/crypto/lakectl": false, "/Volumes/main/crypto/lakectl": false,
	} {
		if got := (Place{Checkpoints: location}).LocalCheckpoints(); got != want {
			t.Errorf("%q: %v", location, got)
		}
	}
}
