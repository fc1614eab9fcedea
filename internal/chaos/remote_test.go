package chaos_test

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/local/localtest"
	sparkconnect "github.com/cryptostream/lakectl/internal/spark"
)

// TestRemote has the queries on a server of somebody else's, behind a proxy: connections are cut in the middle of
// calls; lakectl is killed while the queries go on; the session is released by another client, and unused for longer
// than the server keeps one while lakectl stands still; the server is killed and started again.
func TestRemote(t *testing.T) {
	n, cuts := times(t, 3, 0), 10
	kafka := localtest.SecureKafka(t)
	r := &remote{t: t, dir: t.TempDir()}
	r.start(nil)
	wire := newProxy(t, "127.0.0.1:0", r.server.Remote, nil)
	l := newLake(t, "--brokers", kafka.Open)
	l.env = []string{"LAKECTL_REMOTE=sc://" + wire.address() + "/;token=" + r.server.Token}
	heap := slices.Index(l.args, "--spark-heap") // of a Spark of its own
	l.args = slices.Delete(l.args, heap, heap+2)
	l.start()
	l.flow(20)

	broken := 0
	for range cuts {
		l.randomly(5 * time.Second)
		broken += wire.cut()
	}
	if broken == 0 {
		t.Error("there was no connection to cut")
	}
	l.flow(20)

	for range n {
		before := l.queryRuns()
		l.killLakectl()
		l.start()
		l.flow(20)
		if diff := cmp.Diff(before, l.queryRuns()); diff != "" {
			t.Errorf("the queries were not adopted: %s", diff)
		}
	}

	for range n {
		session := l.run().SessionID
		r.release(session)
		l.await("another session", func() bool { return l.run().SessionID != session })
		l.flow(20)
	}

	for range n {
		r.kill()
		r.start(map[string]string{
			"spark.connect.session.manager.defaultSessionTimeout": "60s",
			"spark.connect.session.manager.maintenanceInterval":   "5s",
		})
		l.flow(20)
	}
	session := l.run().SessionID
	l.freeze(lakectl)
	time.Sleep(90 * time.Second)
	l.thaw(lakectl)
	l.flow(20)
	if now := l.run().SessionID; now != session {
		t.Errorf("the session is %s, was %s: Spark keeps one whose queries run", now, session)
	}

	l.hides(r.server.Token)
	o := l.check()
	report(t, "gRPC cut in the middle of calls", cuts, "%d connections; %s", broken, o)
	report(t, "lakectl killed while remote queries go on", n, "adopted; %s", o)
	report(t, "session released by another client", n, "%s", o)
	report(t, "lakectl stands still for longer than a session lives unused", 1, "Spark keeps a session whose queries run; %s", o)
	report(t, "remote server killed and started again", n, "%s", o)
}

// hides expects a secret neither in what status prints nor in a log; run.json has it, for this user only.
func (l *lake) hides(secret string) {
	l.t.Helper()
	if text := l.try("status", "-o", "json").stdout; !strings.Contains(text, `"spark"`) || strings.Contains(text, secret) {
		l.t.Errorf("status has a secret, or no Spark: %s", text)
	}
	if n := l.logged(secret); n > 0 {
		l.t.Errorf("the logs have a secret %d times", n)
	}
}

// lakectl itself is a process of a run, too.
func lakectl(run local.RunFile) int { return run.PID }

// queryRuns are the queries' runs, by name: each start of a query is another one.
func (l *lake) queryRuns() map[string]string {
	runs := map[string]string{}
	for _, q := range l.status().Queries {
		runs[q.Name] = q.RunID
	}
	return runs
}

// remote is a Spark Connect server that is not lakectl's own. It keeps its port and its token.
type remote struct {
	t      *testing.T
	server *local.Spark
	dir    string
}

func (r *remote) start(conf map[string]string) {
	r.t.Helper()
	runtime, java := localtest.Runtime(r.t)
	o := local.SparkOptions{Runtime: runtime, Java: java, DataDir: r.dir, HeapMB: 1024, Conf: conf}
	if before := r.server; before != nil {
		_, port, err := net.SplitHostPort(before.Remote)
		if err == nil {
			o.Port, err = strconv.Atoi(port)
		}
		if err != nil {
			r.t.Fatal(err)
		}
		o.Token = before.Token
	}
	server, err := local.StartSpark(r.t.Context(), o)
	if err != nil {
		r.t.Fatal(err)
	}
	r.server = server
	r.t.Cleanup(r.kill)
}

func (r *remote) kill() {
	_ = syscall.Kill(r.server.PID(), syscall.SIGKILL) // it may be dead
	<-r.server.Done()
}

// release ends a session as somebody else.
func (r *remote) release(session string) {
	r.t.Helper()
	other, err := sparkconnect.Connect(r.t.Context(), sparkconnect.Options{Remote: "sc://" + r.server.Remote, Token: r.server.Token, SessionID: session})
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	_ = other.Release(r.t.Context()) // Spark answers with an error, and ends it all the same
}
