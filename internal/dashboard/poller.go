package dashboard

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"time"
)

// How often things are looked at while there are viewers.
const (
	versionEvery = 100 * time.Millisecond
	statusEvery  = 2 * time.Second
	deadEvery    = 10 * time.Second
	aliveEvery   = 3 * time.Second // between statements
	retryEvery   = time.Second     // while Spark is away
	sliceEvery   = 3 * time.Second // of history, so that queries have Spark to themselves in between
)

// poller reads for all viewers.
type poller struct {
	config Config
	reader reader
	hub    *hub

	mu        sync.RWMutex // of what follows; held while an event is published, so that none is missed or seen twice
	store     *store
	health    Status
	dead      dead
	away      string
	awaySince time.Time
	state     state
	behind    bool // nobody has looked for a while: what came meanwhile is not read yet

	// Of run alone.
	versions map[string]string
	asked    time.Time // the last statement that was answered
	deadAt   time.Time
	sliceAt  time.Time
}

func newPoller(config Config) *poller {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	p := &poller{config: config, reader: reader{config}, hub: newHub(), store: newStore(time.Now()), versions: map[string]string{}}
	p.refreshStatus()
	return p
}

// run reads once, for the first paint, then whenever something has changed and somebody looks.
func (p *poller) run(ctx context.Context) {
	version := time.NewTicker(versionEvery)
	defer version.Stop()
	var checked time.Time
	for loaded := false; ; {
		if loaded && !p.hub.watched() {
			p.setBehind(true)
			select {
			case <-ctx.Done():
				return
			case <-p.hub.arrived:
			}
		}
		if time.Since(checked) >= statusEvery {
			p.refreshStatus()
			checked = time.Now()
		}
		if p.readable() {
			err := p.read(ctx, loaded)
			if ctx.Err() != nil {
				return
			}
			p.answered(err)
			if err == nil {
				loaded = true
				p.setBehind(false)
			} else {
				sleep(ctx, retryEvery)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-version.C:
		}
	}
}

func (p *poller) setBehind(behind bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.behind != behind {
		p.behind = behind
		p.refreshState()
	}
}

// readable reports whether there are tables to read, and no backlog that reading would hold up.
func (p *poller) readable() bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return (p.health.State == Running || p.health.State == Stopping) && p.state.Name != conditionCatchingUp
}

// read does what is due, the newest ticks first.
func (p *poller) read(ctx context.Context, loaded bool) error {
	if !loaded {
		return p.load(ctx)
	}
	if changed, err := p.changed(silver); err != nil {
		return err
	} else if changed != "" {
		return p.follow(ctx, changed)
	}
	if time.Since(p.deadAt) >= deadEvery {
		if changed, err := p.changed(deadLetters); err != nil {
			return err
		} else if changed != "" {
			return p.refreshDead(ctx, changed)
		}
	}
	if time.Since(p.sliceAt) >= sliceEvery {
		if from, to, ok := p.missing(); ok {
			return p.fill(ctx, from, to)
		}
	}
	if time.Since(p.asked) >= aliveEvery {
		_, err := p.reader.query(ctx, alive)
		p.asked = time.Now()
		return err
	}
	return nil
}

// changed is a table's version if it is not the one that was read last.
func (p *poller) changed(table string) (string, error) {
	v, err := p.config.Version(table)
	if err != nil || v == p.versions[table] {
		return "", err
	}
	return v, nil
}

// load reads the last hour.
func (p *poller) load(ctx context.Context) error {
	version, err := p.config.Version(silver)
	if err != nil {
		return err
	}
	store, err := p.reader.load(ctx, time.Now())
	if err != nil {
		return err
	}
	p.versions[silver], p.asked = version, time.Now()
	p.mu.Lock()
	p.store = store
	p.refreshState()
	p.hub.publish("snapshot", p.snapshot())
	p.mu.Unlock()
	return p.refreshDead(ctx, "")
}

// follow reads the rows that have come with a version.
func (p *poller) follow(ctx context.Context, version string) error {
	if p.store.newest == 0 {
		return p.load(ctx) // the first rows may be of any time
	}
	rows, tooMuch, err := p.reader.follow(ctx, p.store.ends, p.store.complete) // only this goroutine writes them
	if err != nil {
		return err
	}
	if tooMuch {
		return p.load(ctx)
	}
	p.asked, p.versions[silver] = time.Now(), version
	if len(rows) == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	changed := p.store.add(rows)
	p.hub.publish("ticks", p.store.update(changed))
	p.refreshState()
	return nil
}

func (p *poller) missing() (from, to int64, ok bool) { return p.store.missing() }

// fill reads a slice of history.
func (p *poller) fill(ctx context.Context, from, to int64) error {
	rows, err := p.reader.rows(ctx, between(from-averaged.Microseconds(), to))
	if err != nil {
		return err
	}
	p.asked, p.sliceAt = time.Now(), time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(rows) > maxTicks {
		p.store.full = true // as much as can be held
		return nil
	}
	p.store.older(rows, from, to)
	p.hub.publish("history", p.store.update(nil)) // averages and changes may be known now
	return nil
}

func (p *poller) refreshDead(ctx context.Context, version string) error {
	found, err := p.reader.dead(ctx)
	if err != nil {
		return err
	}
	p.asked, p.deadAt, p.versions[deadLetters] = time.Now(), time.Now(), version
	p.mu.Lock()
	defer p.mu.Unlock()
	if !reflect.DeepEqual(found, p.dead) {
		p.dead = found
		p.hub.publish("dead", found)
	}
	return nil
}

// refreshStatus asks what the run does, and says so where it has changed.
func (p *poller) refreshStatus() {
	health := p.config.Status()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !reflect.DeepEqual(health, p.health) {
		p.health = health
		p.hub.publish("health", health)
	}
	p.refreshState()
}

// answered notes whether the tables could be read.
func (p *poller) answered(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.away
	p.away = ""
	if err != nil {
		p.away = strings.TrimSuffix(sentence(err.Error()), ".")
		if errors.Is(err, context.DeadlineExceeded) {
			p.away = "Spark has not answered for " + queryTimeout.String()
		}
		if was == "" {
			p.awaySince = time.Now()
			p.config.Log.Debug("dashboard: the tables can't be read", "error", err)
		}
	}
	p.refreshState()
}

// refreshState works out what is going on; the caller holds the lock.
func (p *poller) refreshState() {
	var newest time.Time
	if p.store.newest > 0 {
		newest = time.UnixMicro(p.store.newest)
	}
	now := describe(p.health, newest, p.away, p.awaySince, time.Now())
	if p.behind && (now.Name == conditionStale || now.Name == conditionEmpty) {
		now = state{Name: conditionReading, Title: "Reading", Text: "What came since somebody looked last is being read."}
	}
	if now != p.state {
		p.state = now
		p.hub.publish("state", now)
	}
}

// snapshot is everything; the caller holds the lock.
func (p *poller) snapshot() snapshot {
	return snapshot{
		Now: time.Now().UnixMilli(), State: p.state, Health: p.health, Dead: p.dead,
		ticksUpdate: p.store.update(nil), Sparks: p.store.sparks(),
	}
}

// join adds a viewer, whose first message is everything; nil if there are too many.
func (p *poller) join() *viewer {
	p.refreshStatus()
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.hub.join()
	if v != nil {
		v.messages <- message("snapshot", p.snapshot())
	}
	return v
}

// lines is the lines of some bases in (from, to]; the zero to is now, and from then is so long before.
func (p *poller) lines(bases []string, from, to time.Time, span time.Duration) linesView {
	p.mu.RLock()
	defer p.mu.RUnlock()
	begin, end := from.UnixMicro(), to.UnixMicro()
	if to.IsZero() {
		end = p.store.newest
		begin = end - span.Microseconds()
	}
	step := stepFor(time.Duration(end-begin) * time.Microsecond)
	v := linesView{From: millis(begin), To: millis(end), Step: step.Milliseconds(), Since: p.store.update(map[string][]tick{}).Since, Lines: []lineView{}}
	for _, base := range bases {
		v.Lines = append(v.Lines, p.store.lineView(base, begin, end, step))
	}
	return v
}

// sleep waits; false when ctx has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
