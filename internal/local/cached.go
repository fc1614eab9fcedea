package local

import (
	"errors"
	"io/fs"
)

// Cached returns the runtime that a start would use, and what is wrong with it in the user's cache: fs.ErrNotExist
// where it was never fetched. Nothing is fetched.
func Cached() (Runtime, error) {
	rt := runtimeIn(DefaultCacheDir(), runtimeVersion())
	err := rt.check()
	if errors.Is(err, fs.ErrNotExist) {
		err = fs.ErrNotExist
	}
	return rt, err
}
