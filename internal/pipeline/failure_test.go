package pipeline

import (
	"testing"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/spark"
)

func TestFatality(t *testing.T) {
	for class, want := range map[string]bool{
		"UNRESOLVED_COLUMN.WITH_SUGGESTION": true, "DELTA_SOURCE_TABLE_IGNORE_CHANGES": true,
		"TASK_WRITE_FAILED": false, "": false,
	} {
		err := fatality(&spark.Error{Class: class})
		if (err != nil) != want || want && exit.Hint(err) == "" {
			t.Errorf("%s: %v", class, err)
		}
	}
}
