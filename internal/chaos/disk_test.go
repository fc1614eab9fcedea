package chaos_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cryptostream/lakectl/internal/local"
)

// TestDisk gives each part of a data dir a small file system of its own, and fills one after the other; then it makes
// them read-only, while a run writes to them and before one starts.
func TestDisk(t *testing.T) {
	n := times(t, 2, 0)
	l := newLake(t)
	folders := []struct {
		name, size string
		notices    func(status) bool
	}{
		{"checkpoints", "64m", failing("No space left")},
		{"warehouse", "128m", failing("No space left")},
		{"kafka", "192m", func(s status) bool { return !s.Producer.KafkaUp }},
		{"spool", "32m", func(s status) bool { return strings.Contains(s.Producer.Blocked, "no space left") }},
	}
	for _, f := range folders {
		l.mount(f.name, f.size)
	}
	l.start()
	l.flow(20)
	for range n {
		for _, f := range folders {
			l.readSpool()
			free := l.fill(f.name)
			l.await("the full disk under "+f.name+" to be noticed", func() bool {
				l.readSpool() // a segment that failed is followed by another a second later, and then deleted
				return f.notices(l.status())
			})
			free()
			l.await("Kafka, and quotes to be taken", func() bool { s := l.status(); return s.Producer.KafkaUp && s.Producer.Blocked == "" })
			l.flow(10)
		}
		for _, folder := range []string{"checkpoints", "warehouse"} {
			l.remount(folder, "ro")
			l.await("the read-only "+folder+" to be noticed", func() bool { return failing("Read-only file system")(l.status()) })
			l.remount(folder, "rw")
			l.flow(10)
		}
	}
	l.stop()
	for _, f := range folders {
		l.remount(f.name, "ro")
		l.refused(1, "write to "+filepath.Join(l.dir, f.name))
		l.remount(f.name, "rw") // as the hint says
	}
	l.start()
	l.flow(10)
	o := l.check()
	for _, f := range folders {
		report(t, "disk full under "+f.name, n, "heals when there is room; %s", o)
	}
	report(t, "checkpoints, warehouse read-only in a run", 2*n, "heals when it is writable; %s", o)
	report(t, "a part of the data dir read-only at the start", len(folders), "refused, exit code 1; writable again %s", o)
}

// failing tells whether a query is not running because of something.
func failing(word string) func(status) bool {
	return func(s status) bool {
		for _, q := range s.Queries {
			if !q.Healthy && strings.Contains(q.LastError, word) {
				return true
			}
		}
		return false
	}
}

// mount puts a file system of a size in the place of a folder of the data dir.
func (l *lake) mount(folder, size string) {
	l.t.Helper()
	path := filepath.Join(l.dir, folder)
	if err := os.MkdirAll(path, 0o700); err != nil {
		l.t.Fatal(err)
	}
	if err := os.Chmod(l.dir, 0o700); err != nil {
		l.t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "mode=0700,size="+size, "tmpfs", path).CombinedOutput(); err != nil {
		l.t.Skipf("a small file system can't be mounted here: %v: %s", err, out)
	}
	l.t.Cleanup(func() {
		if local.Locked(l.dir) {
			l.killLakectl() // it would hold the file system
		}
		if out, err := exec.Command("umount", path).CombinedOutput(); err != nil {
			l.t.Errorf("unmount %s: %v: %s", folder, err, out)
		}
	})
}

// remount makes a mounted folder read-only (ro), which the system refuses while a file is being written, or writable (rw).
func (l *lake) remount(folder, mode string) {
	l.t.Helper()
	l.await("a moment without an open file in "+folder, func() bool {
		return exec.Command("mount", "-o", "remount,"+mode, filepath.Join(l.dir, folder)).Run() == nil
	})
}

// fill leaves no byte free in a mounted folder, until the returned function is called.
func (l *lake) fill(folder string) (free func()) {
	l.t.Helper()
	path := filepath.Join(l.dir, folder, "ballast")
	f, err := os.Create(path)
	if err != nil {
		l.t.Fatal(err)
	}
	for chunk := make([]byte, 4096); err == nil; {
		_, err = f.Write(chunk)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		l.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		l.t.Fatal(err)
	}
	return func() {
		l.t.Helper()
		if err := os.Remove(path); err != nil {
			l.t.Fatal(err)
		}
	}
}
