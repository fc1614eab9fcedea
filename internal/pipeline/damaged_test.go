package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

func TestDamaged(t *testing.T) {
	place := ddl.Place{Warehouse: "/data/warehouse", Checkpoints: "/data/checkpoints"}
	const inLog = "Encountered error while reading file file:///data/warehouse/silver_prices/_delta_log/00000000000000000004.json."
	for name, tt := range map[string]struct {
		err         error
		place       ddl.Place
		table, hint string
	}{
		"a torn log":       {&spark.Error{Class: "FAILED_READ_FILE.NO_HINT", Message: inLog}, place, "silver_prices", "lakectl checkpoint reset silver_prices --from earliest"},
		"a file of Bronze": {&spark.Error{Class: "FAILED_READ_FILE.FILE_NOT_EXIST", Message: "File file:/data/warehouse/bronze_prices/x.parquet does not exist."}, place, "bronze_prices", "makes all tables again from what Kafka still has"},
		"a checksum":       {&spark.Error{Message: "Job aborted: java.io.UncheckedIOException: org.apache.hadoop.fs.ChecksumException: Checksum error: file:/data/warehouse/gold_price_ma_5m/_delta_log/00000000000000000006.json at 512"}, place, "gold_price_ma_5m", "lakectl checkpoint reset gold_price_ma_5m --from earliest"},
		"another's file":   {&spark.Error{Class: "FAILED_READ_FILE.NO_HINT", Message: "file:/elsewhere/silver_prices/x"}, place, "", ""},
		"another class":    {&spark.Error{Class: "TASK_WRITE_FAILED", Message: inLog}, place, "", ""},
		"on a cluster":     {&spark.Error{Class: "FAILED_READ_FILE.NO_HINT", Message: inLog}, ddl.Place{Warehouse: "s3://data/warehouse"}, "", ""},
		"not Spark's":      {errors.New(inLog), place, "", ""},
		"nothing":          {nil, place, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := tt.err
			if err != nil {
				err = fmt.Errorf("describe: %w", err)
			}
			got := Damaged(tt.place, jobs.Default(), err)
			var damaged *DamagedTableError
			if !errors.As(got, &damaged) {
				if tt.table != "" || !errors.Is(got, err) {
					t.Errorf("got %v", got)
				}
				return
			}
			if damaged.Table != tt.table || !strings.Contains(exit.Hint(got), tt.hint) || exit.Code(got) != exit.Failed {
				t.Errorf("got %v, exit code %d, hint %s", got, exit.Code(got), exit.Hint(got))
			}
			if again := Damaged(tt.place, jobs.Default(), got); !errors.Is(again, got) {
				t.Errorf("wrapped twice: %v", again)
			}
		})
	}
}

func TestDamagedLogCheckpoint(t *testing.T) {
	place := ddl.Place{Warehouse: t.TempDir(), Checkpoints: "/data/checkpoints"}
	log := filepath.Join(place.Path("bronze_prices"), "_delta_log")
	if err := os.MkdirAll(log, 0o700); err != nil {
		t.Fatal(err)
	}
	const name = "00000000000000000001.checkpoint.parquet"
	torn := &spark.Error{Class: "FAILED_READ_FILE.NO_HINT", Message: "Encountered error while reading file file://" + filepath.Join(log, name) + "."}
	for _, tt := range []struct{ entry, hint string }{
		{"00000000000000000001.json", "makes all tables again"}, // what the entry before it says is in the checkpoint alone
		{"00000000000000000000.json", "move " + name + " and _last_checkpoint out of " + log},
	} {
		if err := os.WriteFile(filepath.Join(log, tt.entry), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		p := &Pipeline{config: Config{Place: place, Lakehouse: jobs.Default()}}
		silver, _ := jobs.Default().Job("silver_prices")
		for _, err := range []error{Damaged(place, jobs.Default(), torn), p.damaged(silver, torn)} {
			if hint := exit.Hint(err); !strings.Contains(hint, tt.hint) {
				t.Errorf("%v, hint %s, want %s", err, hint, tt.hint)
			}
		}
	}
}
