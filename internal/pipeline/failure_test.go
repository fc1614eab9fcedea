package pipeline

import (
	"testing"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/spark"
)

func TestFatality(t *testing.T) {
	for failed, want := range map[*spark.Error]bool{
		{Class: "UNRESOLVED_COLUMN.WITH_SUGGESTION"}: true, {Class: "DELTA_SOURCE_TABLE_IGNORE_CHANGES"}: true,
		{Class: "TASK_WRITE_FAILED"}: false, {}: false,
		{Class: "FAILED_READ_FILE.FILE_NOT_EXIST", Message: "File file:/warehouse/silver_prices/part-0.parquet does not exist"}:     true,
		{Class: "FAILED_READ_FILE.FILE_NOT_EXIST", Message: "File file:/warehouse/silver_prices/_delta_log/10.json does not exist"}: false,
	} {
		err := fatality(failed)
		if (err != nil) != want || want && exit.Hint(err) == "" {
			t.Errorf("%v: %v", failed, err)
		}
	}
}
