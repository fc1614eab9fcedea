package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/cryptostream/lakectl/internal/exit"
)

// DataDirLock is the right to run on a data dir. The system takes it back when the process ends,
// however it ends, and also when the value is collected as garbage: keep it to Unlock it.
type DataDirLock struct{ file *flock.Flock }

// lockPatience is how long Lock waits: Locked holds the lock too, for an instant.
const lockPatience = 300 * time.Millisecond

// Lock takes the data dir for this process and makes it if it is not there, for its owner only. While
// another process has it, the error's exit code is 3 and it names that process.
//
// From then on all that this process and its children write is for its owner only, by the process's umask: a
// data dir that was there before may let others in.
func Lock(dataDir string) (*DataDirLock, error) {
	syscall.Umask(0o077)
	if err := makePrivate(dataDir); err != nil {
		return nil, err
	}
	path := lockPath(dataDir)
	file := flock.New(path, flock.SetPermissions(0o600))
	ctx, cancel := context.WithTimeout(context.Background(), lockPatience)
	defer cancel()
	ok, err := file.TryLockContext(ctx, lockPatience/10)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil, fileError(fmt.Errorf("lock the data dir: %w", err))
	}
	if !ok {
		return nil, inUse(dataDir)
	}
	// Not by rename, which would put another file than the locked one in its place.
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		_ = file.Unlock()
		return nil, fileError(fmt.Errorf("lock the data dir: %w", err))
	}
	return &DataDirLock{file}, nil
}

// Unlock gives the data dir back. The file stays: to remove it would race with the next Lock.
func (l *DataDirLock) Unlock() error { return l.file.Unlock() }

// Locked reports whether a living run has the data dir.
func Locked(dataDir string) bool {
	if _, err := os.Stat(lockPath(dataDir)); err != nil {
		return false // and must not be made by asking
	}
	file := flock.New(lockPath(dataDir), flock.SetPermissions(0o600))
	ok, err := file.TryRLock()
	if ok {
		_ = file.Unlock()
	}
	return err == nil && !ok
}

func lockPath(dataDir string) string { return filepath.Join(dataDir, "lock") }

func inUse(dataDir string) error {
	who := "another process"
	if pid, err := os.ReadFile(lockPath(dataDir)); err == nil && len(pid) > 0 {
		who = "process " + strings.TrimSpace(string(pid))
	}
	return exit.New(exit.Refused, fmt.Errorf("data dir %s is in use by %s", dataDir, who),
		"stop it with lakectl stop, or choose another with --data-dir")
}
