package bi

import (
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/jobs"
)

var update = flag.Bool("update", false, "write the committed files")

const committed = "../../infra"

// TestCommitted holds the files in infra against what the specs make now.
func TestCommitted(t *testing.T) {
	files, err := Files(jobs.Default(), Defaults())
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		for _, folder := range []string{"dashboards", "powerbi"} {
			if err := os.RemoveAll(filepath.Join(committed, folder)); err != nil {
				t.Fatal(err)
			}
		}
		for name, text := range files {
			write(t, filepath.Join(committed, filepath.FromSlash(name)), text)
		}
	}
	there := map[string]string{}
	for _, folder := range []string{"dashboards", "powerbi"} {
		maps.Copy(there, read(t, folder))
	}
	made := map[string]string{}
	for name, text := range files {
		made[name] = string(text)
	}
	if diff := cmp.Diff(made, there); diff != "" {
		t.Errorf("go test ./internal/bi -update writes them again: %s", diff)
	}
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// read returns the files below a folder of infra.
func read(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	root := os.DirFS(committed)
	err := fs.WalkDir(root, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(root, name)
		found[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
