package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

func TestCreateTable(t *testing.T) {
	place := Place{Schema: "main.crypto", Warehouse: "/data/it's"}
	got := place.createTable(jobs.Table{
		Name: "t", Comment: "a 'table'", PartitionBy: []string{"day"}, Properties: map[string]string{"b": "2", "a": "1"},
		Columns: []jobs.Column{{Name: "id", Type: "STRING", Required: true, Comment: `back\slash`}, {Name: "day", Type: "DATE", Comment: "d"}},
	})
	want := "CREATE TABLE IF NOT EXISTS `main`.`crypto`.`t` (\n  `id` STRING NOT NULL COMMENT 'back\\\\slash',\n  `day` DATE COMMENT 'd'\n) USING delta\n" +
		"PARTITIONED BY (`day`)\nLOCATION '/data/it\\'s/t'\nCOMMENT 'a \\'table\\''\nTBLPROPERTIES ('a' = '1', 'b' = '2')"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// FuzzLiteral checks that no text ends its literal early: every quote inside is escaped.
func FuzzLiteral(f *testing.F) {
	f.Add(`'; drop table x; --`)
	f.Add(`\'`)
	f.Fuzz(func(t *testing.T, text string) {
		inner := strings.TrimSuffix(strings.TrimPrefix(Literal(text), "'"), "'")
		for i := 0; i < len(inner); i++ {
			switch inner[i] {
			case '\\':
				i++
				if i == len(inner) {
					t.Fatalf("%q ends in a backslash", inner)
				}
			case '\'':
				t.Fatalf("%q has a bare quote", inner)
			}
		}
		if name := Ident(text); strings.Count(name[1:len(name)-1], "`")%2 != 0 {
			t.Fatalf("%q has a bare backtick", name)
		}
	})
}

func TestCommittedOffsets(t *testing.T) {
	checkpoint := t.TempDir()
	if got, err := CommittedOffsets(checkpoint, "t"); got != nil || err != nil {
		t.Errorf("no checkpoint: %v, %v", got, err)
	}
	write := func(batch, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(checkpoint, "offsets"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(checkpoint, "offsets", batch), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("9", "v1\n{}\n{\"t\":{\"0\":5}}")
	write("10", "v1\n{}\n{\"t\":{\"0\":7,\"1\":3}}")
	got, err := CommittedOffsets(checkpoint, "t")
	if diff := cmp.Diff(map[int32]int64{0: 7, 1: 3}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	write("11", "v1")
	if _, err := CommittedOffsets(checkpoint, "t"); err == nil {
		t.Error("a truncated offset log was read")
	}
}

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
