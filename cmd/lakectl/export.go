package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/bi"
	"github.com/cryptostream/lakectl/internal/bundle"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/notebook"
	"github.com/cryptostream/lakectl/jobs"
)

// generated are the files that export makes, by their paths below --out, with slashes.
func generated(lakehouse *jobs.Lakehouse) (map[string][]byte, error) {
	made, err := bundle.Files(lakehouse)
	if err != nil {
		return nil, fmt.Errorf("make the job definitions: %w", err)
	}
	maps.Copy(made, notebook.Files(lakehouse, notebook.Defaults(lakehouse)))
	files := map[string][]byte{}
	for name, text := range made {
		files[path.Join("notebooks", name)] = text
	}
	reports, err := bi.Files(lakehouse, bi.Defaults())
	if err != nil {
		return nil, fmt.Errorf("make the dashboard and the Power BI project: %w", err)
	}
	for name, text := range reports {
		files[path.Join("infra", name)] = text
	}
	return files, nil
}

func (a *app) exportCommand() *cobra.Command {
	var out string
	var check bool
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the lakehouse as Databricks notebooks, job definitions, SQL files and reports",
		Long: `Writes what the specs describe as files. Into the folder notebooks: a notebook in Databricks' source format
for Bronze, Silver and Gold each, one for maintenance, the tables and views as SQL, jobs as the Jobs API takes
them, and databricks.yml, a bundle. Where a lakehouse differs from another, the notebooks have widgets. Into
infra/dashboards: a Databricks dashboard and SQL alerts; into infra/powerbi: a Power BI project. A file that an
earlier export has made and this one does not is removed.

--check writes nothing: it shows as a diff what would change, and exits 4 if anything would.`,
		Example: `  lakectl export
  lakectl export --out build -o json
  lakectl export --check`,
		Args: arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			files, err := generated(jobs.Default())
			if err != nil {
				return err
			}
			changes, err := compareExport(out, files)
			if err != nil {
				return err
			}
			if check {
				return a.checkExport(changes)
			}
			for _, c := range changes {
				if err := c.apply(out); err != nil {
					return err
				}
			}
			return a.showExport(changes)
		},
	}
	cmd.Flags().StringVar(&out, "out", ".", "folder to write into")
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; exit 4 with a diff if a file is missing, stale or left over")
	return cmd
}

// ExportedFile is one file in what export reports.
type ExportedFile struct {
	Path   string `json:"path"`   // below --out, with slashes
	Action string `json:"action"` // write, remove or none
	Diff   string `json:"diff,omitempty"`

	text []byte
}

const (
	exportWrite  = "write"
	exportRemove = "remove"
	exportNone   = "none"
)

// compareExport compares the folder with the files that are to be in it, in order of their paths.
func compareExport(out string, files map[string][]byte) ([]ExportedFile, error) {
	leftover, err := leftovers(out, files)
	if err != nil {
		return nil, err
	}
	wanted := maps.Clone(files)
	for _, name := range leftover {
		wanted[name] = nil
	}
	var compared []ExportedFile
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		there, err := os.ReadFile(filepath.Join(out, filepath.FromSlash(name)))
		missing := errors.Is(err, fs.ErrNotExist)
		if err != nil && !missing {
			return nil, fmt.Errorf("compare with what is there: %w", err)
		}
		f := ExportedFile{Path: name, Action: exportNone, text: wanted[name]}
		switch {
		case f.text == nil:
			f.Action = exportRemove
		case missing || !bytes.Equal(there, f.text):
			f.Action = exportWrite
		}
		f.Diff = string(diff.Diff(name, there, name+" (from the specs)", f.text))
		compared = append(compared, f)
	}
	return compared, nil
}

// leftovers names the files that an earlier export has made, in the folders of the files, and that are
// not among them. What is beside the folders is somebody else's, whatever it says.
func leftovers(out string, files map[string][]byte) ([]string, error) {
	folders := map[string]bool{}
	for name := range files {
		folders[path.Dir(name)] = true
	}
	delete(folders, ".")
	var found []string
	for folder := range folders {
		for _, kind := range []string{"*.py", "*.sql", "*.json", "*.yml", "*.tmdl"} {
			there, err := fs.Glob(os.DirFS(out), path.Join(folder, kind))
			if err != nil {
				return nil, fmt.Errorf("look for files of an earlier export: %w", err)
			}
			for _, name := range there {
				if _, wanted := files[name]; wanted {
					continue
				}
				text, err := os.ReadFile(filepath.Join(out, filepath.FromSlash(name)))
				if err != nil {
					return nil, fmt.Errorf("look for files of an earlier export: %w", err)
				}
				if bytes.Contains(text, []byte(notebook.Mark)) {
					found = append(found, name)
				}
			}
		}
	}
	return found, nil
}

func (f ExportedFile) apply(out string) error {
	file := filepath.Join(out, filepath.FromSlash(f.Path))
	var err error
	switch f.Action {
	case exportRemove:
		err = os.Remove(file)
	case exportWrite:
		if err = os.MkdirAll(filepath.Dir(file), 0o755); err == nil {
			err = os.WriteFile(file, f.text, 0o644)
		}
	}
	if err != nil {
		return fmt.Errorf("export %s: %w", f.Path, err)
	}
	return nil
}

// checkExport shows what would change, as diffs, and fails if anything would.
func (a *app) checkExport(files []ExportedFile) error {
	var changed int
	for _, f := range files {
		if f.Action == exportNone {
			continue
		}
		changed++
		if a.output == "text" {
			fmt.Fprint(a.stdout, f.Diff)
		}
	}
	if a.output == "json" {
		if err := a.json(files); err != nil {
			return err
		}
	}
	if changed > 0 {
		return exit.New(exit.Unheld, fmt.Errorf("%d of %d exported files are not what the specs give", changed, len(files)),
			"run lakectl export, and commit what it writes")
	}
	return nil
}

func (a *app) showExport(files []ExportedFile) error {
	if a.output == "json" {
		return a.json(files)
	}
	said := map[string]string{exportWrite: "wrote", exportRemove: "removed", exportNone: "unchanged"}
	for _, f := range files {
		fmt.Fprintf(a.stdout, "%-9s  %s\n", said[f.Action], f.Path)
	}
	return nil
}
