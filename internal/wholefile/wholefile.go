// Package wholefile writes small files that others read at any time: they see the old one or the new one, whole.
package wholefile

import "os"

// Write replaces a file in one step. Its mode is 0600. There must be one writer of it at a time; a kill leaves at most
// path.tmp, which the next Write takes over. It does not survive a power cut.
func Write(path string, text []byte) error {
	temporary := path + ".tmp"
	if err := os.WriteFile(temporary, text, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
