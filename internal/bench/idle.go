package main

import (
	"context"
	"time"
)

// quietFor is how long no table may have changed before a run counts as idle.
const quietFor = 20 * time.Second

var tables = []string{"bronze_prices", "silver_prices", "dead_letter", "gold_price_ma_5m", "gold_price_hourly"}

// measureIdle measures the CPU that everything takes while nothing arrives, on the tables that the
// live scenario has filled, or on fresh ones if it was not run.
func (b *bench) measureIdle(ctx context.Context) (err error) {
	dir := b.liveDir
	if dir == "" {
		if dir, err = b.dataDir("idle"); err != nil {
			return err
		}
	}
	b.progress("idle: waiting until nothing happens, measuring for %s", b.idle)
	l, err := b.start(dir, ours, "--source", "simulated", "--limit", "10")
	if err != nil {
		return err
	}
	defer l.end()
	percent, err := l.idleCPU(ctx)
	if err == nil {
		err = l.interrupt(ctx)
	}
	if err != nil {
		return err
	}
	b.progress("idle: %.1f %% of one core", percent)
	b.result.addIdle(percent)
	b.drop(dir)
	return nil
}

func (l *lakehouse) idleCPU(ctx context.Context) (float64, error) {
	if err := l.awaitQuiet(ctx); err != nil {
		return 0, err
	}
	from := time.Now()
	before, err := l.cpu()
	if err != nil {
		return 0, err
	}
	if err := l.sleep(ctx, l.bench.idle); err != nil {
		return 0, err
	}
	after, err := l.cpu()
	return percentOf(after-before, time.Since(from)), err
}

// awaitQuiet waits until events of this run have reached Silver and no table has changed for a while.
func (l *lakehouse) awaitQuiet(ctx context.Context) error {
	logs := make([]*deltaLog, len(tables))
	for i, t := range tables {
		logs[i] = openLog(l.dataDir, t)
	}
	return l.await(ctx, "quiet", startLimit+quietFor, time.Second, func() (bool, error) {
		var last, event time.Time
		for _, log := range logs {
			commits, err := log.read()
			if err != nil {
				return false, err
			}
			if n := len(commits); n > 0 && commits[n-1].At.After(last) {
				last = commits[n-1].At
			}
			if e := newest(commits); e.After(event) {
				event = e
			}
		}
		return event.After(l.began) && time.Since(last) > quietFor, nil
	})
}
