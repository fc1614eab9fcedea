package chaos_test

import (
	"fmt"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/tablefiles"
	"github.com/cryptostream/lakectl/jobs"
)

// TestPoints kills Spark at each point of a micro-batch. A kill can be aimed at a file that appears, but not be sure to
// hit; so each state that a kill leaves is also made, of the files of a Spark that was killed anywhere.
func TestPoints(t *testing.T) {
	rounds := times(t, 3, 0)
	l := newLake(t)
	l.start()
	l.flow(20)
	l.await("some batches of every query", func() bool {
		return !slices.ContainsFunc(jobs.Default().Jobs, func(job jobs.Job) bool { return l.lastCommit(job) < spareBatches })
	})
	points := []point{planned, halfState, written, logged}
	hits := map[string]int{}
	for round := range rounds {
		for i, p := range points {
			l.makePoint(p)
			l.flow(5)
			hits[l.aim(pointed[(round+i)%len(pointed)], p)]++
			l.flow(5)
		}
	}
	o := l.check()
	for _, p := range points {
		report(t, "Spark killed "+p.String()+" (made), in Bronze, Silver and Gold", rounds, "%s", o)
	}
	report(t, "Spark killed as a file appeared", rounds*len(points), "%s; hit: %v", o, hits)
}

// pointed are the queries whose batches are hit: one of each layer.
var pointed = []string{"bronze_prices", "silver_prices", "gold_price_ma_5m"}

// spareBatches is how many of its newest batches a query may lose when what it reads is taken back.
const spareBatches = 8

// makePoint leaves each layer as a kill at a point of its newest batch does. Bronze has no state. Of Gold, that is a batch
// that has closed a window.
func (l *lake) makePoint(p point) {
	l.t.Helper()
	gold := jobNamed(l.t, "gold_price_ma_5m")
	l.await("a window in Gold", func() bool { return l.hasCommittedRows(gold, spareBatches) })
	l.crash(func() {
		for _, name := range pointed {
			to, job := p, jobNamed(l.t, name)
			if p == halfState && job.Source.Kafka != nil {
				to = planned
			}
			l.rewind(job, to, true)
		}
	})
}

// aim kills Spark when the file of a point appears, and returns where that has hit.
func (l *lake) aim(name string, p point) string {
	l.t.Helper()
	job := jobNamed(l.t, name)
	if p == halfState && job.Source.Kafka != nil {
		p = written
	}
	b := l.newest(job)
	version, err := tablefiles.Version(b.table)
	if err != nil {
		l.t.Fatal(err)
	}
	next := batch{t: l.t, id: b.id + 1, checkpoint: b.checkpoint, table: b.table}
	appeared := map[point]func() bool{
		planned:   func() bool { return exists(next.offsets()) },
		halfState: func() bool { return len(next.halfStates()) > 0 || len(next.state("delta")) > 0 },
		written:   func() bool { return exists(next.offsets()) && len(next.orphans()) > 0 },
		logged:    func() bool { return exists(b.log(version + 1)) },
	}[p]
	for deadline := time.Now().Add(patience); !appeared(); {
		if time.Now().After(deadline) {
			l.t.Fatalf("waited in vain for %s %s", name, p)
		}
		time.Sleep(100 * time.Microsecond) // the file is there for as long
	}
	var hit string
	l.crash(func() { hit = fmt.Sprintf("%s aimed %s, hit %s", name, p, l.newest(job).reached()) })
	return hit
}

// crash kills Spark, and lets lakectl notice when edit is done.
func (l *lake) crash(edit func()) {
	l.t.Helper()
	run := l.run()
	signal := func(pid int, s syscall.Signal) {
		if err := syscall.Kill(pid, s); err != nil {
			l.t.Fatal(err)
		}
	}
	signal(run.PID, syscall.SIGSTOP)
	defer func() {
		signal(run.PID, syscall.SIGCONT)
		l.await("another server", func() bool { return spark(l.run()) != run.Spark.PID })
	}()
	l.cuts++ // a poll that takes too long is given up
	signal(run.Spark.PID, syscall.SIGKILL)
	l.await("Spark's end", func() bool {
		connection, err := net.Dial("tcp", run.Spark.Remote)
		if err == nil {
			_ = connection.Close()
		}
		return err != nil
	})
	edit()
}
