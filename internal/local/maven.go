package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/cryptostream/lakectl/internal/exit"
)

// diskFull is how programs say so.
var diskFull = []string{"No space left on device", "Disk quota exceeded"}

// runMaven copies the jars of the project in dir into their modules' folders. Maven's output goes to
// the file log, which is removed when all went well.
func runMaven(ctx context.Context, dir, log string, java Java) error {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return exit.New(exit.Failed, errors.New("no mvn on the PATH, which is needed once"),
			"install Maven (apt install maven, dnf install maven, brew install maven)")
	}
	os.Remove(log)
	p, err := start(command{
		name: "maven",
		path: mvn,
		args: []string{"--batch-mode", "--no-transfer-progress", "dependency:copy-dependencies"},
		env:  append(os.Environ(), "JAVA_HOME="+java.Home),
		dir:  dir,
		log:  log,
	})
	if err != nil {
		return err
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		p.stopping.Store(true)
		p.kill()
		<-p.Done()
		return context.Cause(ctx)
	}
	if err := p.Err(); err != nil && !p.cmd.ProcessState.Success() {
		return mavenError(log)
	}
	os.Remove(log)
	return nil
}

// mavenError makes one line of what Maven wrote, with what to do about it.
func mavenError(log string) error {
	text, err := os.ReadFile(log)
	if err != nil {
		return fmt.Errorf("maven failed, and its log cannot be read: %w", err)
	}
	first := "it says nothing"
	for line := range strings.Lines(string(text)) {
		if msg, ok := strings.CutPrefix(line, "[ERROR] "); ok && strings.TrimSpace(msg) != "" {
			first = clip(msg)
			break
		}
	}
	what, hint := "maven failed", "read the log; mvn must work with your settings.xml"
	switch {
	case containsAny(string(text), diskFull...):
		what, hint = "the disk is full", "free about 1 GB, or choose another disk with XDG_CACHE_HOME"
	case containsAny(string(text), "Unknown host", "UnknownHostException", "Network is unreachable", "Connection refused",
		"Connect timed out", "connect timed out", "Connection timed out", "Temporary failure in name resolution",
		"Name or service not known", "No route to host", "Could not transfer"):
		what, hint = "no way to a Maven repository", "the first start needs the network once; behind a proxy or a mirror, name it in Maven's settings.xml"
	}
	return exit.New(exit.Failed, fmt.Errorf("%s: %s (log: %s)", what, first, log), hint)
}

func containsAny(s string, list ...string) bool {
	for _, sub := range list {
		if strings.Contains(s, sub) {
			return true
		}
	}
	return false
}
