package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// leftoverGrace is how long a child of a killed run may still take to die by itself.
const leftoverGrace = 5 * time.Second

// clearLeftover waits for the child that an earlier run on this data dir may have left, and kills it
// if it stays. The pid may be another program's by now: only one whose command line has mark is ours.
func clearLeftover(ctx context.Context, pidFile, mark string) error {
	pid := readPID(pidFile)
	if pid == 0 {
		return nil
	}
	patience := time.NewTimer(leftoverGrace)
	defer patience.Stop()
	look := time.NewTicker(50 * time.Millisecond) // nobody tells a process of another's child's end
	defer look.Stop()
	for runsWith(pid, mark) {
		select {
		case <-look.C:
		case <-patience.C:
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("end process %d that an earlier run left: %w", pid, err)
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return os.Remove(pidFile)
}

func readPID(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 1 {
		return 0
	}
	return pid
}

// runsWith reports whether the process lives and has mark in its command line.
func runsWith(pid int, mark string) bool {
	if runtime.GOOS == "linux" {
		line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		return err == nil && strings.Contains(string(line), mark) // of a zombie it is empty
	}
	line, err := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(line), mark)
}
