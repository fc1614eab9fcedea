package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// manifestName is written into a runtime's folder last, when all else is there.
const manifestName = "manifest.json"

// manifest lists a runtime's jars, by path in its folder, with their sizes in bytes.
type manifest map[string]int64

// scanJars makes the manifest of what Maven has put into dir.
func scanJars(dir string) (manifest, error) {
	m := manifest{}
	for _, server := range []string{sparkName, kafkaName} {
		jars, _ := filepath.Glob(filepath.Join(jarDir(dir, server), "*.jar")) // the only error is a bad pattern
		if len(jars) == 0 {
			return nil, fmt.Errorf("no jars for %s", server)
		}
		for _, jar := range jars {
			info, err := os.Stat(jar)
			if err != nil {
				return nil, err
			}
			m[server+"/jars/"+filepath.Base(jar)] = info.Size()
		}
	}
	return m, nil
}

func readManifest(dir string) (manifest, error) {
	data, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", manifestName, err)
	}
	return m, nil
}

func (m manifest) write(dir string) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, manifestName), append(data, '\n'), true)
}

// sync makes the jars survive a power cut, which their sizes alone would not tell.
func (m manifest) sync(dir string) error {
	for name := range m {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// check compares the manifest with the folder.
func (m manifest) check(dir string) error {
	found, err := scanJars(dir)
	if err != nil {
		return err
	}
	for name, size := range m {
		if got, ok := found[name]; !ok {
			return fmt.Errorf("%s is missing", name)
		} else if got != size {
			return fmt.Errorf("%s has %d bytes and not %d", name, got, size)
		}
	}
	for name := range found {
		if _, ok := m[name]; !ok {
			return fmt.Errorf("%s does not belong there", name)
		}
	}
	return nil
}

func jarDir(dir, server string) string { return filepath.Join(dir, server, "jars") }

// classPath names every jar of a folder, in order: a class archive is valid for exactly that path,
// and a wildcard's order is the file system's.
func classPath(jars string) (string, error) {
	list, _ := filepath.Glob(filepath.Join(jars, "*.jar")) // sorted
	if len(list) == 0 {
		return "", fmt.Errorf("no jars in %s", jars)
	}
	return strings.Join(list, string(filepath.ListSeparator)), nil
}
