package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/internal/ddl"
)

func TestClearUnborn(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		gone  bool
	}{
		"an empty log":        {[]string{"_delta_log/_staged_commits/"}, true},
		"a commit cut off":    {[]string{"_delta_log/.00000000000000000000.json.a1b2.tmp"}, true},
		"a version":           {[]string{"_delta_log/00000000000000000000.json"}, false},
		"only a checkpoint":   {[]string{"_delta_log/00000000000000000010.checkpoint.parquet"}, false},
		"rows without a log":  {[]string{"date=2026-11-24/part-0.parquet", "_delta_log/_staged_commits/"}, false},
		"somebody's own file": {[]string{"notes.txt"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			place := ddl.Place{Warehouse: t.TempDir()}
			var first string
			for _, file := range c.files {
				path := filepath.Join(place.Path("t"), file)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				var err error
				if strings.HasSuffix(file, "/") {
					err = os.MkdirAll(path, 0o700)
				} else {
					err = os.WriteFile(path, nil, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
				first = path
			}
			if err := clearUnborn(place, "t"); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(first); os.IsNotExist(err) != c.gone {
				t.Errorf("%s: %v", first, err)
			}
		})
	}
	if err := clearUnborn(ddl.Place{Warehouse: t.TempDir()}, "none"); err != nil {
		t.Error(err)
	}
}
