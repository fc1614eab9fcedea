package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// backlogLimit is how long a backlog may take before it is given up.
const backlogLimit = 20 * time.Minute

// backlogFigures is what one backlog gave: how long after the first batch was planned each table was
// complete.
type backlogFigures struct {
	rows                 int
	bronze, silver, gold time.Duration
	total                time.Duration // from the start of the process to the last Gold row
	rss                  int64         // bytes, the most
}

func (f backlogFigures) rate(took time.Duration) float64 { return float64(f.rows) / took.Seconds() }

// measureBacklog compares how fast both configurations work off what waits in Kafka.
func (b *bench) measureBacklog(ctx context.Context) error {
	mine, err := b.workOff(ctx, ours)
	if err != nil {
		return err
	}
	theirs, err := b.workOff(ctx, b.defaults)
	if err != nil {
		b.result.addBacklog(mine, nil)
		return err
	}
	b.result.addBacklog(mine, &theirs)
	return nil
}

// workOff fills a Kafka, and runs lakectl on it until it is idle.
func (b *bench) workOff(ctx context.Context, s setup) (f backlogFigures, err error) {
	dir, err := b.dataDir("backlog-" + s.name)
	if err != nil {
		return f, err
	}
	events := newBacklogEvents(b.backlog, time.Now())
	b.progress("backlog, %s: filling Kafka with %d events", s.name, events.count)
	if err := b.fill(ctx, dir, events); err != nil {
		return f, fmt.Errorf("fill kafka (logs: %s): %w", filepath.Join(dir, "logs"), err)
	}
	args := []string{"--source", "simulated", "--limit", "1", "--until-idle"}
	if b.backlogHeapMB > 0 {
		args = append(args, "--spark-heap", strconv.Itoa(b.backlogHeapMB))
	}
	b.progress("backlog, %s: working it off", s.name)
	l, err := b.start(dir, s, args...)
	if err != nil {
		return f, err
	}
	err = l.wait(ctx, backlogLimit)
	rss := l.end()
	if err != nil {
		return f, err
	}
	if f, err = backlogTimes(dir, events, l.began); err != nil {
		return f, l.trouble("ended early", err)
	}
	f.rss = rss
	b.progress("backlog, %s: %.0f rows/s to the last Gold row", s.name, f.rate(f.gold))
	b.drop(dir)
	return f, nil
}

// backlogTimes reads from the data dir when each table was complete. Commits are counted until they
// have as many rows as the backlog must give, so the one event that followed it makes no difference.
func backlogTimes(dir string, events backlogEvents, began time.Time) (backlogFigures, error) {
	f := backlogFigures{rows: events.count}
	first, err := os.Stat(filepath.Join(dir, "checkpoints", "bronze_prices", "offsets", "0"))
	if err != nil {
		return f, fmt.Errorf("find when the first batch was planned: %w", err)
	}
	begin := first.ModTime()
	for _, t := range []struct {
		table string
		rows  int
		took  *time.Duration
	}{
		{"bronze_prices", events.count, &f.bronze},
		{"silver_prices", events.count, &f.silver},
		{"gold_price_ma_5m", events.windows(5*time.Minute, time.Minute), &f.gold},
		{"gold_price_hourly", events.windows(time.Hour, time.Hour), &f.gold},
	} {
		commits, err := openLog(dir, t.table).read()
		if err != nil {
			return f, err
		}
		at, ok := reached(commits, int64(t.rows))
		if !ok {
			return f, fmt.Errorf("%s has %d rows of the backlog's %d", t.table, added(commits, time.Time{}, time.Now()), t.rows)
		}
		*t.took = max(*t.took, at.Sub(begin))
		f.total = max(f.total, at.Sub(began))
	}
	return f, nil
}
