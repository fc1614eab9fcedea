package main

import (
	"context"
	"fmt"
	"time"
)

// measureStart measures from the start of the process to the first rows that can be read in Silver,
// on fresh data dirs, with the runtime in the cache.
func (b *bench) measureStart(ctx context.Context) error {
	b.progress("start: %d rounds", b.rounds)
	var rounds []time.Duration
	for i := range b.rounds {
		took, err := b.startOnce(ctx, i+1)
		if err != nil {
			return err
		}
		b.progress("start, round %d: %.1f s", i+1, took.Seconds())
		rounds = append(rounds, took)
	}
	b.result.addStart(rounds)
	return nil
}

func (b *bench) startOnce(ctx context.Context, round int) (time.Duration, error) {
	dir, err := b.dataDir(fmt.Sprintf("start-%d", round))
	if err != nil {
		return 0, err
	}
	defer b.drop(dir)
	l, err := b.start(dir, ours, "--source", "simulated", "--rate", liveRate, "--seed", "1")
	if err != nil {
		return 0, err
	}
	defer l.end() // no drain: it may not have started every query yet
	silver := openLog(dir, "silver_prices")
	if err := l.awaitFirst(ctx, silver); err != nil {
		return 0, err
	}
	first, _ := reached(silver.commits, 1)
	return first.Sub(l.began), nil
}
