package local

import (
	"fmt"
	"syscall"

	"github.com/cryptostream/lakectl/internal/exit"
)

// leastFree is what a start needs on the data dir's disk, bytes: Kafka's segments, the tables' first
// versions, the queries' checkpoints and Spark's shuffles.
const leastFree = 256 << 20

// CheckDisk refuses a data dir that is there on a disk that is all but full: Kafka and Spark would fail
// half way, each in words of its own.
func CheckDisk(dataDir string) error {
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
