package local

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/cryptostream/lakectl/internal/exit"
)

// leastFree is what a start needs on the data dir's disk, bytes: Kafka's segments, the tables' first
// versions, the queries' checkpoints and Spark's shuffles.
const leastFree = 256 << 20

const mayWrite = 2 // W_OK of access(2)

// CheckDisk refuses a data dir that is there on a disk that is all but full, or of which a part can't be written to:
// Kafka and Spark would fail half way, each in words of its own, and try again for ever.
func CheckDisk(dataDir string) error {
	for _, part := range []string{".", "spool", kafkaName, sparkName, "checkpoints", "warehouse", "logs"} {
		folder := filepath.Join(dataDir, part)
		if err := syscall.Access(folder, mayWrite); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return exit.New(exit.Failed, fmt.Errorf("write to %s: %w", folder, err),
				"make the folder writable, mount -o remount,rw where its file system is read-only, or choose another with --data-dir")
		}
	}
	free, err := FreeDisk(dataDir)
	if err != nil {
		return fmt.Errorf("look at the disk of %s: %w", dataDir, err)
	}
	if free >= leastFree {
		return nil
	}
	return exit.New(exit.Failed, fmt.Errorf("the disk of data dir %s is full: %d MB are free, a start needs %d", dataDir, free>>20, leastFree>>20),
		"free some space, or choose a folder on another disk with --data-dir")
}

// FreeDisk returns how many bytes are free for this user on the disk of a folder that is there.
func FreeDisk(folder string) (uint64, error) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(folder, &disk); err != nil {
		return 0, err
	}
	return disk.Bavail * uint64(disk.Bsize), nil
}
