package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// measureWatched compares the latency of the queries with viewers of the dashboard and without, and
// measures how soon a viewer has what Silver has.
func (b *bench) measureWatched(ctx context.Context) error {
	plain, err := b.live(ctx, setup{name: "unwatched"})
	if err != nil {
		return err
	}
	b.reportLive("unwatched", plain)
	watched, err := b.live(ctx, setup{name: "watched", viewers: b.viewers})
	if err != nil {
		return err
	}
	b.reportLive("watched", watched)
	b.result.addWatched(b.viewers, plain, watched)
	return nil
}

// pushed is a message with new ticks, as a viewer has got it.
type pushed struct {
	at     time.Time
	newest time.Time // event that it is up to, to the millisecond
}

// viewers are open connections to the dashboard of a run.
type viewers struct {
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu     sync.Mutex
	pushed []pushed // to the first one
	failed error
}

// watch opens the dashboard so many times.
func (l *lakehouse) watch(ctx context.Context, n int) (*viewers, error) {
	if n == 0 {
		return &viewers{cancel: func() {}}, nil
	}
	var status struct{ Dashboard string }
	for { // a run that is starting has no status yet
		err := l.bench.ask(ctx, &status, "status", "-o", "json", "--data-dir", l.dataDir)
		if err == nil && status.Dashboard != "" {
			break
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(time.Second):
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	v := &viewers{cancel: cancel}
	for i := range n {
		v.done.Go(func() {
			if err := v.view(ctx, status.Dashboard+"/api/events", i == 0); err != nil && ctx.Err() == nil {
				v.mu.Lock()
				defer v.mu.Unlock()
				v.failed = err
			}
		})
	}
	return v, nil
}

func (v *viewers) view(ctx context.Context, url string, first bool) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("open the dashboard: %w", err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 16<<20)
	for event := ""; lines.Scan(); {
		if name, ok := bytes.CutPrefix(lines.Bytes(), []byte("event: ")); ok {
			event = string(name)
		} else if data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: ")); ok && first && event == "ticks" {
			var ticks struct{ Newest int64 }
			if err := json.Unmarshal(data, &ticks); err != nil {
				return fmt.Errorf("read what the dashboard pushes: %w", err)
			}
			v.mu.Lock()
			v.pushed = append(v.pushed, pushed{time.Now(), time.UnixMilli(ticks.Newest)})
			v.mu.Unlock()
		}
	}
	return fmt.Errorf("the dashboard has dropped a viewer: %w", lines.Err())
}

// close ends the connections and returns what was pushed.
func (v *viewers) close() ([]pushed, error) {
	v.cancel()
	v.done.Wait()
	return v.pushed, v.failed
}

// pushLatencies are the times from the commit that had an event first to the message that had it.
func pushLatencies(messages []pushed, commits []commit, from time.Time) (list []time.Duration) {
	for _, m := range messages {
		for _, c := range commits {
			if m.at.After(from) && !c.MaxEventTime.Truncate(time.Millisecond).Before(m.newest) {
				list = append(list, m.at.Sub(c.At))
				break
			}
		}
	}
	return list
}

// addWatched adds both runs side by side.
func (r *result) addWatched(n int, plain, watched liveFigures) {
	const scenario, peer = "watched", "without viewers"
	name := fmt.Sprintf("with %d viewers: ", n)
	for _, p := range []struct {
		percent int
		targets []target
	}{{50, []target{ratioAtMost(1.1)}}, {95, nil}} {
		r.addPeer(figure{Scenario: scenario, Name: fmt.Sprintf("%sevent to Silver commit, p%d", name, p.percent), Unit: "s", Peer: peer},
			percentile(watched.latencies, p.percent).Seconds(), percentile(plain.latencies, p.percent).Seconds(), p.targets...)
	}
	r.addPeer(figure{Scenario: scenario, Name: name + "CPU of all processes", Unit: "% of a core", Peer: peer}, watched.cpu, plain.cpu)
	for _, p := range []struct {
		percent int
		targets []target
	}{{50, []target{atMost(1)}}, {95, nil}} {
		f := figure{Scenario: scenario, Name: fmt.Sprintf("%sSilver commit to a viewer, p%d", name, p.percent), Unit: "s", Ours: value(percentile(watched.pushes, p.percent).Seconds())}
		f.check(p.targets...)
		r.add(f)
	}
}
