package chaos_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/local"
)

// TestLakectl starts two runs on one data dir at the same moment, and has runs told to stop: while they start, by
// SIGTERM, and by a second Ctrl-C. Whatever a start had begun, the next one goes on from there.
func TestLakectl(t *testing.T) {
	n := times(t, 3, 0)
	l := newLake(t)
	foreground := append([]string{"run", "--local"}, l.args...)

	for range n {
		first := l.begin(foreground...)
		l.randomly(10 * time.Second)
		l.await("the data dir to be locked", func() bool { return local.Locked(l.dir) })
		l.must("stop")
		r := first.end()
		if up := strings.Contains(r.stderr, upLine); !up && (r.code != 1 || !strings.Contains(r.stderr, "interrupted")) || up && r.code != 0 {
			t.Errorf("stopped while it started: exit code %d\n%s", r.code, r.stderr)
		}
	}

	for range n {
		l.one(l.begin(foreground...), l.begin(foreground...))
	}

	for range n {
		p := l.begin(foreground...)
		p.says(upLine)
		l.flow(20)
		p.signal(syscall.SIGTERM)
		if r := p.end(); r.code != 0 && !drainTooLong(r.stderr) {
			t.Errorf("after SIGTERM: exit code %d\n%s", r.code, r.stderr)
		}
	}

	for range n {
		p := l.begin(foreground...)
		p.says(upLine)
		l.flow(20)
		run := l.run()
		p.signal(syscall.SIGINT)
		p.says("Ctrl-C again to stop at once")
		l.randomly(2 * time.Second)
		p.signal(syscall.SIGINT)
		// The queries may have been drained before it came.
		if r := p.end(); r.code != 128+int(syscall.SIGINT) && r.code != 0 {
			t.Errorf("after a second Ctrl-C: exit code %d\n%s", r.code, r.stderr)
		}
		l.await("the servers to die with lakectl", func() bool { return !lives(run.Kafka.PID) && !lives(run.Spark.PID) })
		l.cuts++
	}
	l.start()
	l.flow(20)
	o := l.check()
	report(t, "two started at the same moment", n, "one runs, the other ends with exit code 3; %s", o)
	report(t, "stop during a start", n, "exit code 1, interrupted; %s", o)
	report(t, "SIGTERM", n, "drained, exit code 0; %s", o)
	report(t, "a second Ctrl-C", n, "exit code 130; %s", o)
}

// upLine is what a run in the foreground says when it is up.
const upLine = "queries run"

// one expects that one of two runs refuses and the other gets up; it is drained then.
func (l *lake) one(a, b *process) {
	l.t.Helper()
	l.await("one of two to refuse", func() bool { return a.ended() || b.ended() })
	refused, runs := a, b
	if b.ended() {
		refused, runs = b, a
	}
	if r := refused.end(); r.code != 3 || !strings.Contains(r.stderr, "in use by") || !strings.Contains(r.stderr, "hint: ") {
		l.t.Errorf("of two runs one ended with exit code %d:\n%s", r.code, r.stderr)
	}
	runs.says(upLine)
	if r := l.try("stop"); r.code != 0 && !drainTooLong(r.stderr) {
		l.t.Errorf("stop: exit code %d\n%s", r.code, r.stderr)
	}
	if r := runs.end(); r.code != 0 && !drainTooLong(r.stderr) {
		l.t.Errorf("the other ended with exit code %d:\n%s", r.code, r.stderr)
	}
}
