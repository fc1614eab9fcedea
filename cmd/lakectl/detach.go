package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
)

// readyVariable names the file descriptor on which a detached run says how its start went.
const readyVariable = "LAKECTL_READY_FD"

// readiness is that file; the zero value says nothing to nobody.
type readiness struct{ file *os.File }

// startResult is the one line that is written to it.
type startResult struct {
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
	Code  int    `json:"code"`
}

func openReadiness() *readiness {
	fd, err := strconv.Atoi(os.Getenv(readyVariable))
	if err != nil {
		return &readiness{}
	}
	_ = os.Unsetenv(readyVariable) // not for the children
	syscall.CloseOnExec(fd)
	return &readiness{os.NewFile(uintptr(fd), "ready")}
}

func (r *readiness) ready() { r.say(startResult{}) }

// end says why the start failed, if nothing was said yet.
func (r *readiness) end(err error) {
	if err != nil {
		r.say(startResult{Error: err.Error(), Hint: exit.Hint(err), Code: exit.Code(err)})
	}
}

func (r *readiness) say(result startResult) {
	if r.file == nil {
		return
	}
	_ = json.NewEncoder(r.file).Encode(result)
	_ = r.file.Close()
	r.file = nil
}

// detach starts this command line again in a session of its own and returns when that runs.
func (a *app) detach(ctx context.Context, o runOptions) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("detach: %w", err)
	}
	logFile, err := openLog(local.LogPath(o.dir, "lakectl"))
	if err != nil {
		return fmt.Errorf("detach: %w", err)
	}
	defer func() { _ = logFile.Close() }()
	read, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("detach: %w", err)
	}
	child := exec.Command(self, withoutDetach(os.Args[1:])...)
	child.Env = append(os.Environ(), readyVariable+"=3", "LAKECTL_DETACH=false", autoVariable+"="+string(o.feed.contents()))
	child.Stdout, child.Stderr = logFile, logFile
	child.ExtraFiles = []*os.File{write}
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := child.Start(); err != nil {
		return fmt.Errorf("detach: %w", err)
	}
	_ = write.Close()
	stop := context.AfterFunc(ctx, func() { _ = child.Process.Signal(syscall.SIGTERM) })
	defer stop()
	if err := awaitReady(read); err != nil {
		return err
	}
	if o.feed.standIn {
		fmt.Fprintln(a.stderr, standInBanner)
	}
	fmt.Fprintf(a.stderr, "running in the background, process %d, data in %s\n", child.Process.Pid, o.dir)
	if run, err := local.ReadRunFile(o.dir); err == nil && run.Dashboard != "" {
		fmt.Fprintf(a.stderr, "dashboard %s\n", run.Dashboard)
	}
	fmt.Fprintln(a.stderr, "lakectl status, lakectl logs and lakectl stop find it from here")
	return child.Process.Release()
}

func awaitReady(read io.Reader) error {
	line, err := bufio.NewReader(read).ReadBytes('\n')
	if err != nil {
		return exit.New(exit.Failed, errors.New("the detached run ended before it was ready"), "see logs/lakectl.log in the data dir")
	}
	var result startResult
	if err := json.Unmarshal(line, &result); err != nil {
		return fmt.Errorf("detach: %w", err)
	}
	if result.Error != "" {
		return exit.New(result.Code, errors.New(result.Error), result.Hint)
	}
	return nil
}

func withoutDetach(args []string) []string {
	var rest []string
	for _, arg := range args {
		if arg != "--detach" && arg != "--detach=true" {
			rest = append(rest, arg)
		}
	}
	return rest
}

func openLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// maxLog bounds the log of a detached run, bytes.
const maxLog = 8 << 20

// boundLog moves what a log has to <name>.1, if it is larger than maxLog. The writer goes on at the file's new end.
func boundLog(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() <= maxLog {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path+".1", text, 0o600)
	}
	if err == nil {
		err = os.Truncate(path, 0)
	}
	return err
}
