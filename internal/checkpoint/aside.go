package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"time"
)

// AsideName is the name under which something is kept that was set aside at a time.
func AsideName(path string, at time.Time) string {
	return path + "." + at.UTC().Format("20060102T150405Z")
}

var aside = regexp.MustCompile(`\.\d{8}T\d{6}Z$`)

// IsAside reports whether a name is an AsideName.
func IsAside(name string) bool { return aside.MatchString(name) }

// SetAside renames a folder or file to its AsideName, and does nothing where there is none. Nothing is deleted.
func SetAside(path string, at time.Time) error {
	to := AsideName(path, at)
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("set %s aside: %s is there already", path, to)
	}
	err := os.Rename(path, to)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("set aside: %w", err)
}
