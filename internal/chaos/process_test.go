package chaos_test

import (
	"bytes"
	"strings"
	"sync"
	"syscall"
)

// process is a lakectl in the foreground, on the data dir.
type process struct {
	l      *lake
	pid    int
	stdout bytes.Buffer // valid after done
	stderr text
	done   chan struct{}
	code   int // valid after done; -1 where a signal ended it
}

// text is what a process has written so far.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *text) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// begin starts one. It is killed when the test ends.
func (l *lake) begin(args ...string) *process {
	l.t.Helper()
	l.readSpool()
	p := &process{l: l, done: make(chan struct{})}
	cmd := l.command(append(args, "--data-dir", l.dir)...)
	cmd.Stdout, cmd.Stderr = &p.stdout, &p.stderr
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	p.pid = cmd.Process.Pid
	go func() {
		defer close(p.done)
		_ = cmd.Wait()
		p.code = cmd.ProcessState.ExitCode()
	}()
	l.t.Cleanup(func() {
		p.signal(syscall.SIGKILL)
		<-p.done
	})
	return p
}

// says waits until it has written a text to stderr.
func (p *process) says(words string) {
	p.l.t.Helper()
	p.l.await(words, func() bool {
		if p.ended() && !strings.Contains(p.stderr.String(), words) {
			p.l.t.Fatalf("lakectl ended with exit code %d and did not say %q:\n%s", p.code, words, p.stderr.String())
		}
		return strings.Contains(p.stderr.String(), words)
	})
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// signal does nothing to one that has ended.
func (p *process) signal(s syscall.Signal) {
	if !p.ended() {
		_ = syscall.Kill(p.pid, s)
	}
}

// kill kills it, and reads what it has taken.
func (p *process) kill() {
	p.l.t.Helper()
	p.signal(syscall.SIGKILL)
	p.end()
	p.l.cuts++
}

// end waits for its end and returns what it had to say.
func (p *process) end() result {
	p.l.t.Helper()
	p.l.await("lakectl to end", p.ended)
	p.l.readSpool()
	r := result{p.stdout.String(), p.stderr.String(), p.code}
	if strings.Contains(r.stderr, "DATA RACE") || strings.Contains(r.stderr, "panic:") {
		p.l.t.Errorf("lakectl:\n%s", r.stderr)
	}
	return r
}
