package main

import (
	"context"
	"fmt"
	"time"
)

// liveRate is in messages a second.
const liveRate = "20"

// liveFigures is what one live run gave.
type liveFigures struct {
	latencies []time.Duration // from event_time to the commit that made the row readable
	pushes    []time.Duration // from that commit to a viewer of the dashboard
	perSecond float64         // rows that became readable in Silver
	cpu       float64         // percent of one core
	rss       int64           // bytes, the most of the whole run
}

// measureLive compares the latency of both configurations at a steady rate.
func (b *bench) measureLive(ctx context.Context) error {
	mine, err := b.live(ctx, ours)
	if err != nil {
		return err
	}
	b.reportLive("ours", mine)
	theirs, err := b.live(ctx, b.defaults)
	if err == nil {
		b.reportLive("defaults", theirs)
	}
	b.result.addLive(mine, theirs)
	return err
}

func (b *bench) reportLive(name string, f liveFigures) {
	b.progress("live, %s: p50 %.2f s, p95 %.2f s of %d rows", name, percentile(f.latencies, 50).Seconds(), percentile(f.latencies, 95).Seconds(), len(f.latencies))
}

// live runs one configuration and leaves ours' data dir for the idle scenario.
func (b *bench) live(ctx context.Context, s setup) (f liveFigures, err error) {
	b.progress("live, %s: warming up for %s, measuring for %s", s.name, b.warmUp, b.measure)
	dir, err := b.dataDir("live-" + s.name)
	if err != nil {
		return f, err
	}
	l, err := b.start(dir, s, "--source", "simulated", "--rate", liveRate, "--seed", "1")
	if err != nil {
		return f, err
	}
	f, err = l.measureLatency(ctx, s.viewers)
	if err == nil {
		err = l.interrupt(ctx)
	}
	f.rss = l.end()
	if err != nil {
		return f, err
	}
	if s.name == ours.name {
		b.liveDir = dir
	} else {
		b.drop(dir)
	}
	return f, nil
}

// measureLatency measures rows whose events are of a window that begins after the warm-up.
func (l *lakehouse) measureLatency(ctx context.Context, viewers int) (f liveFigures, err error) {
	silver := openLog(l.dataDir, "silver_prices")
	if err := l.awaitFirst(ctx, silver); err != nil {
		return f, err
	}
	watching, err := l.watch(ctx, viewers)
	if err != nil {
		return f, err
	}
	defer watching.cancel()
	if err := l.sleep(ctx, l.bench.warmUp); err != nil {
		return f, err
	}
	from := time.Now()
	cpuBefore, err := l.cpu()
	if err != nil {
		return f, err
	}
	if err := l.sleep(ctx, l.bench.measure); err != nil {
		return f, err
	}
	to := time.Now()
	cpuAfter, err := l.cpu()
	if err != nil {
		return f, err
	}
	f.cpu = percentOf(cpuAfter-cpuBefore, to.Sub(from))
	commits, err := l.awaitEvent(ctx, silver, to)
	if err != nil {
		return f, err
	}
	messages, err := watching.close()
	if err != nil {
		return f, err
	}
	f.pushes = pushLatencies(messages, commits, from)
	f.perSecond = float64(added(commits, from, to)) / to.Sub(from).Seconds()
	f.latencies, err = l.latencies(ctx, commits, from, to)
	return f, err
}

// awaitFirst waits for the first commit that has rows.
func (l *lakehouse) awaitFirst(ctx context.Context, log *deltaLog) error {
	return l.await(ctx, "row in Silver", startLimit, 200*time.Millisecond, func() (bool, error) {
		commits, err := log.read()
		_, ok := reached(commits, 1)
		return ok, err
	})
}

// awaitEvent waits until Silver has an event that is newer than t, and so, because one partition
// keeps the order, all before it. It asks the files and not Spark, which is being measured still.
func (l *lakehouse) awaitEvent(ctx context.Context, silver *deltaLog, t time.Time) (commits []commit, err error) {
	err = l.await(ctx, "event of after the measurement in Silver", startLimit, time.Second, func() (bool, error) {
		commits, err = silver.read()
		return newest(commits).After(t), err
	})
	return commits, err
}

// silverRow is a row and the file that it is in.
type silverRow struct {
	File      string    `json:"f"`
	EventTime time.Time `json:"event_time"`
}

func (l *lakehouse) latencies(ctx context.Context, commits []commit, from, to time.Time) ([]time.Duration, error) {
	if err := clockError(commits); err != nil {
		return nil, err
	}
	const layout = "2006-01-02T15:04:05.000000Z"
	var rows []silverRow
	err := l.query(ctx, fmt.Sprintf("select _metadata.file_name as f, event_time from cryptostream.silver_prices where event_time >= timestamp'%s' and event_time < timestamp'%s'",
		from.UTC().Format(layout), to.UTC().Format(layout)), &rows)
	if err != nil {
		return nil, err
	}
	return latenciesOf(rows, commits)
}

// latenciesOf joins rows with the commits that added their files.
func latenciesOf(rows []silverRow, commits []commit) ([]time.Duration, error) {
	if len(rows) == 0 {
		return nil, fmt.Errorf("silver has no rows of the measured time")
	}
	at := map[string]time.Time{}
	for _, c := range commits {
		for _, f := range c.Files {
			at[f] = c.At
		}
	}
	list := make([]time.Duration, 0, len(rows))
	for _, r := range rows {
		t, ok := at[r.File]
		if !ok {
			return nil, fmt.Errorf("no commit of new rows has file %s: the table was rewritten meanwhile", r.File)
		}
		list = append(list, t.Sub(r.EventTime))
	}
	return list, nil
}
