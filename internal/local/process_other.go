//go:build unix && !linux

package local

import (
	"os/exec"
	"strconv"
	"syscall"
)

func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// guard stands in for Linux's Pdeathsig: a shell that waits at a pipe whose other end only lakectl
// holds. When lakectl dies, however, the pipe closes and the shell kills the child. One window is left:
// a lakectl that is killed between starting the child and the shell leaves the child behind, and the
// next start clears it. Without a shell there is no guard.
func guard(pid int) (release func()) {
	sh := exec.Command("/bin/sh", "-c", `read -r end || kill -9 "$0"`, strconv.Itoa(pid))
	sh.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	hold, err := sh.StdinPipe()
	if err != nil || sh.Start() != nil {
		return func() {}
	}
	return func() {
		hold.Write([]byte("end\n")) // the child is gone and its pid may be another's soon
		hold.Close()
		sh.Wait()
	}
}
