package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/sync/errgroup"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

// Config is what a Pipeline needs.
type Config struct {
	Lakehouse *jobs.Lakehouse
	Place     ddl.Place
	// Kafka waits until the topic can be read, and says how. It is called for each session, while
	// the tables are made.
	Kafka func(context.Context) (Kafka, error)
	// Connect gives a session with that id, or with one of the server's choice where it is "". It
	// is called at the start and after each loss of the session or the server, and waits until
	// there is a server again.
	Connect func(ctx context.Context, sessionID string) (*spark.Session, error)
	// SessionID is the session of an earlier start: queries that still run in it are adopted.
	SessionID string
	// Conf are settings of the server that were chosen by hand: the modes leave them alone.
	Conf map[string]string
	// Trigger replaces the interval of every job where it is not 0.
	Trigger time.Duration
	// Report is told what happens, from several goroutines; may be nil.
	Report func(Event)
	Log    *slog.Logger
}

// Event is one thing that happened to a job, or to all of them where Job is "".
type Event struct {
	Time time.Time
	Job  string
	Kind EventKind
	Text string
	Err  error
}

// EventKind is the kind of an Event.
type EventKind string

// The kinds of events.
const (
	Registered EventKind = "registered" // tables and views are there
	Started    EventKind = "started"
	Adopted    EventKind = "adopted" // it ran already
	Resumed    EventKind = "resumed" // with a new checkpoint that was asked for
	Restarting EventKind = "restarting"
	Switched   EventKind = "switched" // to another mode
	Lost       EventKind = "lost"     // the session or the server
	Drained    EventKind = "drained"
	Failed     EventKind = "failed" // for good
)

// Timing of the watch over the queries.
const (
	pollInterval    = 2 * time.Second
	keepAlive       = time.Minute
	healthyFor      = time.Minute // a query that ran that long starts its backoff anew
	maxRestartDelay = 30 * time.Second
	stopTimeout     = 20 * time.Second
	headStart       = 15 * time.Second // of the first layers over the others
)

// Pipeline is the running queries of a lakehouse. Start returns one; it ends by Drain, by Stop, or
// by itself when a query failed for good.
type Pipeline struct {
	config   Config
	kafka    Kafka             // of this generation
	starts   map[string]string // offsets at which jobs without a checkpoint begin, as Spark takes them
	starting sync.Mutex        // held while a query starts

	cancel  context.CancelFunc // ends the watch
	drain   chan struct{}      // closed when a drain is asked for
	asked   sync.Once
	leaving atomic.Bool   // the queries are to go on without us
	ready   chan struct{} // closed when all queries have started for the first time
	done    chan struct{}
	err     error // valid after done
	isReady sync.Once

	mu        sync.Mutex
	sessionID string
	status    map[string]*QueryStatus
}

// Start begins a pipeline and returns when all its queries have started. If that fails for good, or
// ctx ends first, nothing is left running. The pipeline lives on after ctx.
func Start(ctx context.Context, config Config) (*Pipeline, error) {
	if config.Report == nil {
		config.Report = func(Event) {}
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	watch, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p := &Pipeline{
		config: config, cancel: cancel, sessionID: config.SessionID,
		drain: make(chan struct{}), ready: make(chan struct{}), done: make(chan struct{}),
		status: map[string]*QueryStatus{}, starts: map[string]string{},
	}
	for _, job := range config.Lakehouse.Jobs {
		p.status[job.Name] = &QueryStatus{Name: job.Name, State: StateStarting}
	}
	go p.run(watch)
	select {
	case <-p.ready:
		return p, nil
	case <-p.done:
		return nil, p.err
	case <-ctx.Done():
		cancel()
		<-p.done
		return nil, ctx.Err()
	}
}

// Done is closed when the pipeline has ended; Err then says why.
func (p *Pipeline) Done() <-chan struct{} { return p.done }

// Err returns nil for a pipeline that was stopped or drained, and otherwise what ended it. It is
// valid after Done.
func (p *Pipeline) Err() error { return p.err }

// Drain processes what the source holds, through every job in order, then stops. Where the server
// is lost meanwhile, it waits for the next one and drains there. If ctx ends first, the queries are
// stopped where they are; their checkpoints go on from there.
func (p *Pipeline) Drain(ctx context.Context) error {
	p.asked.Do(func() { close(p.drain) })
	return p.end(ctx)
}

// Stop stops the queries where they are; their checkpoints go on from there.
func (p *Pipeline) Stop(ctx context.Context) error {
	p.cancel()
	return p.end(ctx)
}

// Leave ends the watch and lets the queries go on at a server that outlives us: the next start adopts them.
func (p *Pipeline) Leave(ctx context.Context) error {
	p.leaving.Store(true)
	return p.Stop(ctx)
}

func (p *Pipeline) end(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		p.cancel()
		<-p.done
		return ctx.Err()
	}
}

// SessionID returns the id of the session whose queries these are.
func (p *Pipeline) SessionID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sessionID
}

func (p *Pipeline) report(job string, kind EventKind, err error, format string, args ...any) {
	p.config.Report(Event{Time: time.Now().UTC(), Job: job, Kind: kind, Text: fmt.Sprintf(format, args...), Err: err})
}

// run goes from generation to generation until one ends as it was asked to, or fatally.
func (p *Pipeline) run(ctx context.Context) {
	defer close(p.done)
	defer p.cancel()
	delay := restartDelay()
	for {
		began := time.Now()
		err := p.generation(ctx)
		if ctx.Err() != nil || err == nil {
			return
		}
		if cause := fatality(err); cause != nil {
			if another := p.sameTopic(ctx); another != nil {
				cause = another // what the query says follows from it
			}
			p.report("", Failed, cause, "stopped")
			p.err = cause
			return
		}
		if time.Since(began) > healthyFor {
			delay.Reset()
		}
		p.report("", Lost, err, "starting the queries again from their checkpoints")
		p.setAll(StateRestarting, err)
		if !sleep(ctx, delay.NextBackOff()) {
			return
		}
	}
}

// generation serves one session: it returns nil when the pipeline was drained.
func (p *Pipeline) generation(ctx context.Context) (err error) {
	session, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }()
	defer func() {
		if p.mustStop(ctx, err) {
			p.stopAll(ctx, session)
		}
	}()
	runs, err := p.begin(ctx, session)
	if err != nil {
		return err
	}
	g, watch := errgroup.WithContext(ctx)
	p.isReady.Do(func() { close(p.ready) })
	watch, cancel := context.WithCancel(watch)
	defer cancel()
	for _, r := range runs {
		g.Go(func() error { return r.watch(watch) })
	}
	g.Go(func() error { return session.KeepAlive(watch, keepAlive) })
	g.Go(func() error { return p.watchTopic(watch) })
	g.Go(func() error {
		select {
		case <-watch.Done():
		case <-p.drain:
			p.awaitLive(watch)
			cancel()
		}
		return nil
	})
	if err := g.Wait(); err != nil || ctx.Err() != nil {
		return err
	}
	if err := p.sameTopic(ctx); err != nil {
		return err
	}
	return p.drainAll(ctx, runs)
}

// open connects the queries' session: that of an earlier start, where the server still has it.
func (p *Pipeline) open(ctx context.Context) (*spark.Session, error) {
	session, err := p.config.Connect(ctx, p.SessionID())
	if errors.Is(err, spark.ErrSessionLost) {
		session, err = p.config.Connect(ctx, "")
	}
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.sessionID = session.ID()
	p.mu.Unlock()
	return session, nil
}

// begin registers the tables, which are made while Kafka may still be starting, then starts the
// queries in order: the first two overlap, each later one begins when the one before it has read its
// first rows, or their head start is over. A query's first batch takes seconds of a cold server; all
// at once would make Silver wait longest, which is what people wait for. With a backlog, the dead
// letters wait until all others have caught up: nobody waits for them, and they read all of it again. The views
// come before the last query: whoever sees all of them run finds the views, too.
//
// Tables and views are registered in a session of their own: in the queries' one, the streaming views
// have the tables' names.
func (p *Pipeline) begin(ctx context.Context, session *spark.Session) ([]*run, error) {
	catalog, err := p.config.Connect(ctx, "")
	if err != nil {
		return nil, err
	}
	defer func() { _ = catalog.Close() }()
	made, err := registerTables(ctx, catalog, p.config.Place, p.config.Lakehouse)
	if err != nil {
		return nil, err
	}
	p.kafka, err = p.config.Kafka(ctx)
	if err != nil {
		return nil, err
	}
	mode := p.kafka.mode()
	if mode == CatchUp {
		p.report("", Switched, nil, "%d records wait in Kafka: catching up first", p.kafka.Backlog)
	}
	running, err := session.Streams().Active(ctx)
	if err != nil {
		return nil, err
	}
	var runs []*run
	var before *run // the last one that was started
	head, cancel := context.WithTimeout(ctx, headStart)
	defer cancel()
	for i, job := range p.config.Lakehouse.Jobs {
		if i > 1 && (p.kafka.Backlog > 0 || made[job.Table.Name]) { // else there may be no rows to await
			before.awaitRows(head)
		}
		if i == len(p.config.Lakehouse.Jobs)-1 {
			if err := registerViews(ctx, catalog, p.config.Place, p.config.Lakehouse.Views); err != nil {
				return nil, err
			}
		}
		r := &run{pipeline: p, session: session, job: job, mode: mode, delay: restartDelay()}
		if err := r.begin(ctx, running, made[job.Table.Name]); err != nil {
			return nil, err
		}
		runs = append(runs, r)
		if r.query != nil {
			before = r
		}
	}
	p.report("", Registered, nil, "%d tables, %d views", len(runs), len(p.config.Lakehouse.Views))
	return runs, nil
}

// awaitLive waits until every query has caught up: a backlog is worked off faster by all of them at
// once than by one after the other.
func (p *Pipeline) awaitLive(ctx context.Context) {
	for p.catchingUp(true) && sleep(ctx, pollInterval) {
	}
}

// drainAll runs each job once over all that is there, sources before what reads them.
func (p *Pipeline) drainAll(ctx context.Context, runs []*run) error {
	for _, level := range levels(runs) {
		g, gctx := errgroup.WithContext(ctx)
		for _, r := range level {
			g.Go(func() error { return r.drain(gctx) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
	p.report("", Drained, nil, "all that had arrived is processed")
	return nil
}

// levels groups jobs so that each reads only what earlier groups write; the jobs are in
// dependency order.
func levels(runs []*run) [][]*run {
	depth := map[string]int{}
	var groups [][]*run
	for _, r := range runs {
		d := 0
		if r.job.Source.Table != "" {
			d = depth[r.job.Source.Table] + 1
		}
		depth[r.job.Sink.Table] = d
		if d == len(groups) {
			groups = append(groups, nil)
		}
		groups[d] = append(groups[d], r)
	}
	return groups
}

// mustStop reports whether a generation that ends with err stops the queries: they go on for the next one to
// adopt, or where we are no longer let in.
func (p *Pipeline) mustStop(ctx context.Context, err error) bool {
	switch {
	case ctx.Err() != nil:
		return !p.leaving.Load()
	case err == nil:
		return true
	}
	return fatality(err) != nil && !spark.Refused(err)
}

// stopAll stops what runs. It uses a context of its own: ctx may be why they are stopped.
func (p *Pipeline) stopAll(ctx context.Context, session *spark.Session) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	queries, err := session.Streams().Active(ctx)
	if err != nil {
		return // the server is gone, and the queries with it
	}
	var g errgroup.Group
	for _, q := range queries {
		g.Go(func() error { return q.Stop(ctx) })
	}
	if err := g.Wait(); err != nil {
		p.config.Log.Warn("stop queries", "error", err)
	}
	p.setAll(StateStopped, nil)
}

func restartDelay() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = 500*time.Millisecond, maxRestartDelay
	return b
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
