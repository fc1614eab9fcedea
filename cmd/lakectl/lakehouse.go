package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/dashboard"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/pipeline"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/producer"
)

// lakehouseOptions say what a run consists of.
type lakehouseOptions struct {
	dir       string // absolute
	feed      feedOptions
	delivery  deliveryOptions // to a Kafka that exists already; without brokers, to one of our own
	metrics   string          // host:port of the telemetry server, or off
	remote    string          // Spark Connect server that exists already; "" for one of our own
	kafkaPort int
	sparkPort int
	heapMB    int               // of our own Spark
	conf      map[string]string // of our own Spark, over the built-in configuration
	trigger   time.Duration     // of every query; 0 leaves each job its own
	target    *runTarget        // nil: Spark is our own, or that of --remote
	leave     bool              // the queries, when lakectl ends
	page      dashboardOptions
	reconcile time.Duration // between reconciles; 0 is never
	maintain  time.Duration // between cares for the tables; 0 is never
	log       *slog.Logger
	steps     reporter
}

// reporter is told what happens, from several goroutines.
type reporter interface {
	// step says what is being done; the returned function, what came of it.
	step(what string) func(result string)
	// note says that something happened by itself.
	note(format string, args ...any)
}

// lakehouse is everything that runs: Kafka, Spark, the queries and the producer.
type lakehouse struct {
	lakehouseOptions
	lock      *local.DataDirLock
	runtime   local.Runtime
	java      local.Java
	kafka     *local.Keeper[*local.Kafka] // nil with --brokers
	spark     *local.Keeper[*local.Spark] // nil with --remote
	topic     producer.TopicInfo
	pipeline  *pipeline.Pipeline
	feed      *feed
	telemetry *telemetry        // nil is none
	dashboard *dashboard.Server // nil is none
	tables    *sparkTables      // of the dashboard
	mending   oneAtATime
	late      *every    // reconciles
	care      *every    // maintains
	heap      *fullHeap // of our own Spark

	mu      sync.Mutex
	run     local.RunFile
	state   string // running, stopping or stopped
	failure error  // why it has stopped, where that was no clean stop

	saving  sync.Mutex // held while status.json is written
	unsaved bool       // the last time it could not be
}

// startLakehouse brings everything up. If a part can't be started, nothing is left running.
func startLakehouse(ctx context.Context, o lakehouseOptions) (_ *lakehouse, err error) {
	l := &lakehouse{lakehouseOptions: o}
	l.lock, err = local.Lock(o.dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			l.abandon()
		}
	}()
	if err := announce(o.dir); err != nil {
		return nil, err
	}
	if err := local.CheckDisk(o.dir); err != nil {
		return nil, err
	}
	if err := claimContents(o.dir, o.feed.contents()); err != nil {
		return nil, err
	}
	if l.telemetry, err = startTelemetry(o.metrics, o.feed); err != nil {
		return nil, err
	}
	if err := l.startDashboard(); err != nil {
		return nil, err
	}
	if err := l.prepare(ctx); err != nil {
		return nil, err
	}
	if err := l.startParts(ctx); err != nil {
		return nil, err
	}
	l.mending = newOneAtATime()
	l.late = l.startReconciling(o.reconcile)
	l.care = l.startMaintaining(o.maintain)
	return l, nil
}

// announce notes in run.json whose run this is before anything is up, so that lakectl stop ends a start, too. The rest
// stays as the last run has left it, until there is better.
func announce(dir string) error {
	run, _ := local.ReadRunFile(dir)
	run.PID, run.StartedAt = pid(), time.Now().UTC()
	return run.Write(dir)
}

// prepare finds Java and fetches the jars, where a server of our own needs them.
func (l *lakehouse) prepare(ctx context.Context) (err error) {
	if l.remote != "" && len(l.delivery.kafka.Brokers) > 0 {
		return nil
	}
	l.java, l.runtime, err = findRuntime(ctx, l.steps, l.log)
	return err
}

func findRuntime(ctx context.Context, steps reporter, log *slog.Logger) (java local.Java, rt local.Runtime, err error) {
	java, err = local.FindJava(environment)
	if err != nil {
		return java, rt, err
	}
	done := steps.step("runtime")
	rt, err = local.Fetch(ctx, local.FetchOptions{Java: java, Log: log, Progress: func(text string) { steps.note("%s", text) }})
	if err == nil {
		done(fmt.Sprintf("%s, Java %s", rt.Version, java.Version))
	}
	return java, rt, err
}

// startParts starts Kafka and the producer on it beside Spark and the queries on that. The tables are
// made while Kafka starts; the queries wait for it.
func (l *lakehouse) startParts(ctx context.Context) error {
	before, _ := local.ReadRunFile(l.dir)
	if l.target != nil {
		if err := l.target.reach(ctx, l.steps, l.log); err != nil {
			return err
		}
	}
	l.mu.Lock() // the dashboard reads it already
	l.run = local.RunFile{
		Version: version, PID: pid(), StartedAt: time.Now().UTC(), Source: l.feedOptions().source,
		SessionID: before.SessionID, Dashboard: l.dashboardURL(),
	}
	l.mu.Unlock()
	g, gctx := errgroup.WithContext(ctx)
	topicReady := make(chan struct{})
	g.Go(func() (err error) {
		if err := l.startKafka(gctx); err != nil {
			return err
		}
		d := l.delivery
		d.kafka, d.metrics = l.kafkaConfig(), l.telemetry.metrics()
		if l.feed, err = startFeed(ctx, l.feedOptions(), d, l.dir, l.log); err != nil {
			return err
		}
		l.telemetry.watch(l.feed)
		if err := l.awaitTopic(gctx); err != nil {
			return err
		}
		close(topicReady)
		return nil
	})
	g.Go(func() error {
		if err := l.startSpark(gctx); err != nil {
			return err
		}
		return l.startQueries(gctx, topicReady)
	})
	return g.Wait()
}

func (l *lakehouse) feedOptions() feedOptions { return l.lakehouseOptions.feed }

// startKafka starts Kafka unless brokers were given.
func (l *lakehouse) startKafka(ctx context.Context) (err error) {
	if len(l.delivery.kafka.Brokers) == 0 {
		done := l.steps.step("kafka")
		port := l.kafkaPort
		l.kafka, err = local.Keep(ctx, func(ctx context.Context) (*local.Kafka, error) {
			k, err := local.StartKafka(ctx, local.KafkaOptions{Runtime: l.runtime, Java: l.java, DataDir: l.dir, Port: port, Log: l.log})
			if err == nil {
				port = portOf(k.Addr)
				l.record(func(r *local.RunFile) {
					r.Kafka.PID, r.Kafka.Addr, r.Kafka.Username, r.Kafka.Password = k.PID(), k.Addr, k.Username, k.Password
				})
			}
			return k, err
		}, l.died("kafka"))
		if err != nil {
			return err
		}
		k, err := l.kafka.Living(ctx)
		if err != nil {
			return err
		}
		done("answers on " + k.Addr)
	} else {
		l.record(func(r *local.RunFile) { r.Kafka.Addr = joinBrokers(l.delivery.kafka.Brokers) })
	}
	return nil
}

// awaitTopic waits until Kafka answers and the topic is there. Quotes are taken meanwhile.
func (l *lakehouse) awaitTopic(ctx context.Context) (err error) {
	switch {
	case l.feed.outbox == nil && l.target != nil:
		l.topic, err = l.lookForTopic(ctx)
	case l.feed.outbox == nil:
		l.topic, err = producer.EnsureTopic(ctx, l.kafkaConfig(), l.delivery.topic)
	default:
		l.topic, err = l.feed.outbox.Topic(ctx)
	}
	if err != nil {
		return err
	}
	l.record(func(r *local.RunFile) {
		r.Kafka.Topic, r.Kafka.TopicID, r.Kafka.ClusterID = l.delivery.topic.Name, l.topic.TopicID, l.topic.ClusterID
	})
	return nil
}

// startSpark starts Spark unless a remote one was given.
func (l *lakehouse) startSpark(ctx context.Context) (err error) {
	if l.remote != "" {
		l.record(func(r *local.RunFile) {
			if r.Spark = (local.SparkRun{Remote: l.remote}); l.target != nil {
				r.Target = l.target.record()
			}
		})
		return nil
	}
	done := l.steps.step("spark")
	l.heap = newFullHeap(l.heapMB)
	port, token := l.sparkPort, local.NewSecret()
	l.spark, err = local.Keep(ctx, func(ctx context.Context) (*local.Spark, error) {
		l.heap.starts(time.Now())
		s, err := local.StartSpark(ctx, local.SparkOptions{Runtime: l.runtime, Java: l.java, DataDir: l.dir, Port: port, HeapMB: l.heapMB, Conf: l.conf, Token: token, Log: l.log})
		if err == nil {
			port = portOf(s.Remote)
			l.record(func(r *local.RunFile) { r.Spark = local.SparkRun{PID: s.PID(), Remote: s.Remote, Token: s.Token} })
		}
		if errors.Is(err, local.ErrOutOfMemory) {
			l.heap.died(err, time.Now())
			err = l.heap.hinted(err)
		}
		return s, err
	}, func(died, restarted error) {
		l.heap.died(died, time.Now())
		l.died("spark")(died, restarted)
	})
	if err == nil {
		s, _ := l.spark.Living(ctx)
		done("answers on " + s.Remote)
	}
	return err
}

func (l *lakehouse) died(server string) func(died, restarted error) {
	return func(died, restarted error) {
		switch {
		case died != nil:
			l.steps.note("%s died: %v", server, died)
		case restarted != nil:
			l.steps.note("%s could not be started again: %v", server, restarted)
		default:
			l.steps.note("%s runs again", server)
		}
	}
}

func (l *lakehouse) kafkaConfig() producer.KafkaConfig {
	if len(l.delivery.kafka.Brokers) > 0 {
		return l.delivery.kafka
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return producer.KafkaConfig{Brokers: []string{l.run.Kafka.Addr}, Username: l.run.Kafka.Username, Password: l.run.Kafka.Password, Mechanism: "PLAIN"}
}

// startQueries registers the tables and starts the queries.
func (l *lakehouse) startQueries(ctx context.Context, topicReady <-chan struct{}) error {
	done := l.steps.step("queries")
	p, err := pipeline.Start(ctx, pipeline.Config{
		Lakehouse: l.jobs(),
		Place:     l.place(),
		Kafka: func(ctx context.Context) (pipeline.Kafka, error) {
			select {
			case <-topicReady:
				return l.source(ctx)
			case <-ctx.Done():
				return pipeline.Kafka{}, ctx.Err()
			}
		},
		Connect:   l.connect,
		SessionID: l.adoptable(),
		Conf:      l.conf,
		Trigger:   l.trigger,
		Report:    l.event,
		Log:       l.log,
	})
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.pipeline = p
	l.mu.Unlock()
	l.recordQueries()
	done(fmt.Sprintf("%d queries run", len(p.Status())))
	return nil
}

// adoptable returns the session whose queries may still run: those on a server that outlives us.
func (l *lakehouse) adoptable() string {
	if l.remote == "" {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.run.SessionID == "" && l.target != nil {
		return l.target.firstSession()
	}
	return l.run.SessionID
}

// connect opens a session on the Spark server that runs, waiting for one where it has died.
func (l *lakehouse) connect(ctx context.Context, sessionID string) (*spark.Session, error) {
	if l.target != nil {
		return l.target.connect(ctx, sessionID, l.log)
	}
	options := spark.Options{Remote: l.remote, SessionID: sessionID, Log: l.log}
	if l.spark != nil {
		s, err := l.heap.living(ctx, l.spark)
		if err != nil {
			return nil, err
		}
		options.Remote, options.Token = "sc://"+s.Remote, s.Token
	}
	return spark.Connect(ctx, options)
}

// source says how Spark reads the topic.
func (l *lakehouse) source(ctx context.Context) (pipeline.Kafka, error) {
	options, err := sparkKafkaOptions(l.kafkaConfig(), l.shaded())
	if err != nil {
		return pipeline.Kafka{}, err
	}
	behind, err := l.backlog(ctx)
	k := pipeline.Kafka{
		Options:   options,
		ClusterID: l.topic.ClusterID, TopicID: l.topic.TopicID,
		Backlog: behind,
		Topic: func(ctx context.Context, at time.Time) (checkpoint.Topic, error) {
			return topicHas(ctx, l.kafkaConfig(), l.delivery.topic.Name, at)
		},
	}
	if l.topic.ClusterID != "" {
		k.Ask = func(ctx context.Context) (string, string, error) {
			now, err := producer.FindTopic(ctx, l.kafkaConfig(), l.delivery.topic.Name)
			return now.ClusterID, now.TopicID, err
		}
	}
	return k, err
}

// backlog returns how many records of the topic no Bronze batch was planned for yet.
func (l *lakehouse) backlog(ctx context.Context) (int64, error) {
	if l.topic.ClusterID == "" { // out of our reach: Spark alone knows
		return 0, nil
	}
	ends, err := producer.EndOffsets(ctx, l.kafkaConfig(), l.delivery.topic.Name)
	if err != nil {
		return 0, err
	}
	var behind int64
	for _, job := range l.jobs().Jobs {
		if job.Source.Kafka == nil {
			continue
		}
		committed, err := l.committed(ctx, job)
		if err != nil {
			return 0, err
		}
		for partition, end := range ends {
			behind += end - committed[partition]
		}
	}
	return behind, nil
}

// event passes on what happened to the queries, and records their ids.
func (l *lakehouse) event(e pipeline.Event) {
	switch e.Kind {
	case pipeline.Started, pipeline.Registered, pipeline.Drained:
		l.log.Debug("pipeline", "job", e.Job, "event", e.Kind, "text", e.Text)
	default:
		text := e.Text
		if e.Err != nil {
			text = firstLine(e.Err) + ": " + text
		}
		l.steps.note("%s %s: %s", orAll(e.Job), e.Kind, text)
	}
	l.recordQueries()
}

// recordQueries brings the ids in run.json up to date.
func (l *lakehouse) recordQueries() {
	l.record(func(r *local.RunFile) {
		if l.pipeline == nil {
			return
		}
		r.SessionID = l.pipeline.SessionID()
		r.Queries = map[string]string{}
		for _, q := range l.pipeline.Status() {
			r.Queries[q.Name] = q.ID
		}
	})
}

// record changes run.json.
func (l *lakehouse) record(change func(*local.RunFile)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.run)
	if err := l.run.Write(l.dir); err != nil {
		l.log.Warn("run.json could not be written", "error", err)
	}
}

// Time that stopping may take before what is left is abandoned; the checkpoints go on from there.
const (
	flushTimeout = 20 * time.Second
	drainTimeout = 2 * time.Minute // from when it was asked to stop
	stopTimeout  = 30 * time.Second
)

// stop ends the producer, drains the queries and stops the servers, in that order; queries that
// have ended by themselves are past draining. The drain takes the time it needs, until ctx ends:
// somebody then waits for it, drainTimeout long. It returns why the run ends, where that is given, since what else goes
// wrong follows from it; other terminals are told, too.
func (l *lakehouse) stop(ctx context.Context, cause error) error {
	l.enter("stopping")
	l.late.Stop()
	l.care.Stop()
	var errs []error
	done := l.steps.step("producer")
	flush, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := l.feed.Stop(flush); err != nil {
		errs = append(errs, err)
	}
	done(l.feed.Status().closing())
	select {
	case <-l.pipeline.Done():
	default:
		done := l.steps.step("queries")
		if l.leave {
			errs = append(errs, l.pipeline.Leave(context.Background()))
			done("go on at the server; the next run adopts them")
			break
		}
		drain, cancel := context.WithCancel(context.Background())
		defer cancel()
		defer context.AfterFunc(ctx, func() { time.AfterFunc(drainTimeout, cancel) })()
		switch err := l.pipeline.Drain(drain); {
		case err == nil:
			done("drained and stopped")
		case drain.Err() != nil:
			done("stopped")
			errs = append(errs, exit.New(exit.Failed, fmt.Errorf("not all was processed within %s", drainTimeout), "the next run goes on from there"))
		default:
			done("stopped")
			errs = append(errs, fmt.Errorf("drain: %w", err))
		}
	}
	failure := cause
	if failure == nil {
		failure = errors.Join(errs...)
	}
	l.ended(failure)
	err := l.stopServers()
	if cause != nil {
		return cause
	}
	return errors.Join(failure, err)
}

func (l *lakehouse) stopServers() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	errs := []error{l.telemetry.Stop(ctx), l.stopDashboard(ctx)}
	if l.spark != nil {
		errs = append(errs, l.spark.Stop(ctx))
	}
	if l.kafka != nil {
		errs = append(errs, l.kafka.Stop(ctx))
	}
	return errors.Join(append(errs, l.lock.Unlock())...)
}

// abandon stops what a failed start has begun.
func (l *lakehouse) abandon() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if l.feed != nil {
		_ = l.feed.Stop(ctx)
		if status := l.feed.Status(); status.Spooled > 0 {
			l.steps.note("producer: %s", status.closing())
		}
	}
	if err := l.stopServers(); err != nil {
		l.log.Debug("stop after a failed start", "error", err)
	}
}

func statusPath(dir string) string { return filepath.Join(dir, "status.json") }
