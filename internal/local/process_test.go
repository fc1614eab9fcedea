package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// awaitLine waits until the child has written a line.
func awaitLine(t *testing.T, p *Process, want string) {
	t.Helper()
	for {
		if text, _ := os.ReadFile(p.log.path); strings.Contains(string(text), want) {
			return
		}
		select {
		case <-p.Done():
			t.Fatalf("ended before it said %q: %v", want, p.Err())
		case <-t.Context().Done():
			t.Fatal("never said", want)
		default:
		}
	}
}

func TestProcessStop(t *testing.T) {
	p := startScript(t, `trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.01; done`)
	awaitLine(t, p, "ready")
	if p.Err() != nil {
		t.Errorf("Err() = %v while it runs", p.Err())
	}
	for range 2 {
		if err := p.Stop(t.Context()); err != nil {
			t.Errorf("Stop() = %v", err)
		}
	}
	if p.Err() != nil {
		t.Errorf("Err() = %v after Stop", p.Err())
	}
	if text, _ := os.ReadFile(p.log.path); !strings.Contains(string(text), "bye") {
		t.Errorf("no orderly end: %q", text)
	}
}

func TestProcessStopKills(t *testing.T) {
	p := startScript(t, `trap '' TERM; echo ready; while :; do sleep 0.01; done`)
	awaitLine(t, p, "ready")
	why := errors.New("second Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	err := p.Stop(ctx)
	wantError(t, err, "killed")
	if !errors.Is(err, why) {
		t.Errorf("Stop() = %v, want the cause", err)
	}
	<-p.Done()
}

func TestProcessEndsByItself(t *testing.T) {
	p := startScript(t, `echo 'INFO fine'; echo 'java.net.BindException: Address already in use'; echo '	at a.b.C'; exit 3`)
	<-p.Done()
	wantError(t, p.Err(), "child ended: exit status 3: java.net.BindException", p.log.path)
	if !addressTaken(p.Err()) {
		t.Error("a taken address is not seen")
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Errorf("Stop() after the end = %v", err)
	}
}

func TestStartNoProgram(t *testing.T) {
	_, err := start(command{name: "child", path: t.TempDir() + "/none", log: t.TempDir() + "/log"})
	wantError(t, err, "start child")
}

func TestAwaitReady(t *testing.T) {
	t.Run("the process ends", func(t *testing.T) {
		p := startScript(t, "echo 'Error: no main class'; exit 1")
		err := p.awaitReady(t.Context(), func(context.Context) error { return errors.New("not yet") })
		wantError(t, err, "start child", "no main class")
	})
	t.Run("the server refuses", func(t *testing.T) {
		p := startScript(t, "sleep 1000")
		if err := p.awaitReady(t.Context(), func(context.Context) error { return errToken }); !errors.Is(err, errToken) {
			t.Errorf("awaitReady() = %v", err)
		}
		<-p.Done()
	})
	t.Run("the caller gives up", func(t *testing.T) {
		p := startScript(t, "sleep 1000")
		ctx, cancel := context.WithCancel(t.Context())
		err := p.awaitReady(ctx, func(context.Context) error { cancel(); return errors.New("not yet") })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("awaitReady() = %v", err)
		}
		<-p.Done()
	})
}

func TestClearLeftover(t *testing.T) {
	p := startScript(t, "sleep 1000 & wait")
	pid := p.cmd.Dir + "/pid"
	t.Run("of another program", func(t *testing.T) {
		other := p.cmd.Dir + "/other"
		if err := os.WriteFile(other, []byte(fmt.Sprintln(os.Getpid())), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := clearLeftover(t.Context(), other, "child-of-"); err != nil {
			t.Error(err)
		}
		if err := clearLeftover(t.Context(), p.cmd.Dir+"/none", "child-of-"); err != nil {
			t.Error(err)
		}
	})
	t.Run("ours", func(t *testing.T) {
		if err := clearLeftover(t.Context(), pid, "child-of-TestClearLeftover"); err != nil {
			t.Fatal(err)
		}
		<-p.Done()
		if _, err := os.Stat(pid); err == nil {
			t.Error("its pid file is left")
		}
	})
}
