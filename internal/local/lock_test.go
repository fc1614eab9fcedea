package local

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/cryptostream/lakectl/internal/exit"
)

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "data")
	if Locked(dir) {
		t.Error("locked before it is there")
	}
	lock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder %v, %v, want mode 0700", info.Mode(), err)
	}
	if !Locked(dir) {
		t.Error("not locked while it is held")
	}
	_, err = Lock(dir)
	wantError(t, err, "in use by process "+fmt.Sprint(os.Getpid()))
	if exit.Code(err) != exit.Refused || exit.Hint(err) == "" {
		t.Errorf("exit code %d, hint %q", exit.Code(err), exit.Hint(err))
	}

	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	if Locked(dir) {
		t.Error("locked after Unlock")
	}
	again, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	again.Unlock()
}
