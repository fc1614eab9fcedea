package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// stopGrace is how long Stop leaves a server for an orderly end, where its context sets no sooner one.
// Kafka and Spark take about a second.
const stopGrace = 30 * time.Second

// Process is a child process. It runs in a process group of its own, so that a terminal's Ctrl-C
// reaches lakectl only, which then stops its children in order; and it dies with lakectl.
type Process struct {
	name string
	cmd  *exec.Cmd
	log  *logFile

	done     chan struct{}
	err      error // set before done is closed
	stopping atomic.Bool
}

// command is what to start.
type command struct {
	name string // for messages
	path string
	args []string
	env  []string
	dir  string
	log  string // file that its output is appended to
	pid  string // file for its pid, or ""
}

// start starts a child; it does not wait for it to be of any use.
func start(c command) (*Process, error) {
	log, err := openLog(c.log)
	if err != nil {
		return nil, fileError(fmt.Errorf("start %s: %w", c.name, err))
	}
	cmd := exec.Command(c.path, c.args...)
	cmd.Env, cmd.Dir = c.env, c.dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.WaitDelay = time.Second // for a grandchild that holds the output open
	cmd.SysProcAttr = childAttr()

	p := &Process{name: c.name, cmd: cmd, log: log, done: make(chan struct{})}
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		_ = log.Close()
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	if c.pid != "" {
		if err := writeFile(c.pid, []byte(strconv.Itoa(p.PID())+"\n"), false); err != nil {
			p.kill()
			<-p.done
			return nil, fmt.Errorf("start %s: %w", c.name, err)
		}
	}
	return p, nil
}

// run starts the child and waits for it, all on one thread: Linux kills the child when the thread
// that forked it ends, so that thread has to live as long.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	release := guard(p.PID())
	err = p.cmd.Wait()
	release()
	_ = p.log.Close()
	if !p.stopping.Load() {
		p.err = p.cause(err)
	}
	close(p.done)
}

// cause says in one line why the child ended by itself.
func (p *Process) cause(err error) error {
	how := "exit status 0"
	if err != nil {
		how = err.Error()
	}
	if last := p.log.reason(); last != "" {
		how += ": " + last
	}
	err = fmt.Errorf("%s ended: %s (log: %s)", p.name, how, p.log.path)
	if strings.Contains(how, outOfMemory) {
		return fmt.Errorf("%w: %w", ErrOutOfMemory, err)
	}
	return err
}

// ErrOutOfMemory is in the chain of the reason of a JVM that ended since its heap was full.
var ErrOutOfMemory = errors.New("out of memory")

// PID is the child's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says, once Done is closed, why the child ended by itself, with the telling line of its log. It is
// nil while the child runs and when it was ended by Stop.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// Stop asks the child to end, kills it when ctx is done or after 30 s, and returns when it is gone. The
// error says that it had to be killed. Stopping again, or what has ended, is nil at once.
func (p *Process) Stop(ctx context.Context) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	p.stopping.Store(true)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, stopGrace, fmt.Errorf("no answer for %s", stopGrace))
	defer cancel()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	}
	p.kill()
	<-p.done
	return fmt.Errorf("stop %s: killed: %w", p.name, context.Cause(ctx))
}

// kill ends the child and all it started at once.
func (p *Process) kill() { _ = syscall.Kill(-p.PID(), syscall.SIGKILL) }
