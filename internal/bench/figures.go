package main

import (
	"fmt"
	"slices"
	"time"
)

// percentile is the smallest value that p percent of the values do not exceed (nearest rank); 0
// without values.
func percentile(values []time.Duration, p int) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := (len(sorted)*p + 99) / 100
	return sorted[max(rank, 1)-1]
}

// percentOf is a CPU time in percent of one core.
func percentOf(cpu, wall time.Duration) float64 { return 100 * cpu.Seconds() / wall.Seconds() }

// The targets are those of the issue that the bench was made for.

func (r *result) addStart(rounds []time.Duration) {
	f := figure{Scenario: "start", Name: "process start to first Silver row, median", Unit: "s", Ours: value(percentile(rounds, 50).Seconds())}
	f.check(atMost(25))
	r.add(f)
	for i, took := range rounds {
		r.add(figure{Scenario: "start", Name: fmt.Sprintf("round %d", i+1), Unit: "s", Ours: value(took.Seconds())})
	}
}

// addLive adds both runs; theirs has no latencies if it could not be run.
func (r *result) addLive(mine, theirs liveFigures) {
	for _, p := range []struct {
		percent int
		target  []target
	}{
		{50, []target{atMost(2.5), ratioAtMost(0.25)}},
		{90, nil},
		{95, []target{atMost(4.5), ratioAtMost(0.25)}},
		{100, nil},
	} {
		name := fmt.Sprintf("event to Silver commit, p%d", p.percent)
		if p.percent == 100 {
			name = "event to Silver commit, max"
		}
		r.addBoth(theirs.latencies != nil, figure{Scenario: "live", Name: name, Unit: "s"},
			percentile(mine.latencies, p.percent).Seconds(), percentile(theirs.latencies, p.percent).Seconds(), p.target...)
	}
	measured := theirs.latencies != nil
	r.addBoth(measured, figure{Scenario: "live", Name: "rows measured", Unit: "rows"}, float64(len(mine.latencies)), float64(len(theirs.latencies)))
	r.addBoth(measured, figure{Scenario: "live", Name: "rows into Silver", Unit: "rows/s"}, mine.perSecond, theirs.perSecond)
	r.addBoth(measured, figure{Scenario: "live", Name: "CPU of all processes", Unit: "% of a core"}, mine.cpu, theirs.cpu)
	r.addBoth(measured, figure{Scenario: "live", Name: "memory of all processes, max", Unit: "GB"}, gigabytes(mine.rss), gigabytes(theirs.rss), atMost(3))
}

func (r *result) addIdle(percent float64) {
	r.add(figure{Scenario: "idle", Name: "CPU of all processes", Unit: "% of a core", Ours: value(percent)})
}

// addBacklog adds both runs; theirs is nil if it could not be run.
func (r *result) addBacklog(mine backlogFigures, theirs *backlogFigures) {
	measured := theirs != nil
	if !measured {
		theirs = &backlogFigures{}
	}
	add := func(name, unit string, of func(backlogFigures) float64, targets ...target) {
		r.addBoth(measured, figure{Scenario: "backlog", Name: name, Unit: unit}, of(mine), of(*theirs), targets...)
	}
	add("to the last Gold row", "rows/s", func(f backlogFigures) float64 { return f.rate(f.gold) }, atLeast(34_000), ratioAtLeast(1))
	add("to the last Silver row", "rows/s", func(f backlogFigures) float64 { return f.rate(f.silver) })
	add("to the last Bronze row", "rows/s", func(f backlogFigures) float64 { return f.rate(f.bronze) })
	add("first batch to the last Gold row", "s", func(f backlogFigures) float64 { return f.gold.Seconds() })
	add("process start to the last Gold row", "s", func(f backlogFigures) float64 { return f.total.Seconds() })
	add("memory of all processes, max", "GB", func(f backlogFigures) float64 { return gigabytes(f.rss) }, atMost(7))
}

// addPublish adds the medians, each round, and what a message costs.
func (r *result) addPublish(f publishFigures) {
	const scenario, unit = "publish", "messages/s"
	mine := f.rates[ours.name]
	for _, peer := range []struct {
		name    string
		targets []target
	}{{perfTool, []target{ratioAtLeast(1)}}, {perfToolAsIs, nil}, {franzGo, nil}} {
		theirs := f.rates[peer.name]
		r.addPeer(figure{Scenario: scenario, Name: "about 150 B, median", Unit: unit, Peer: peer.name}, median(mine), median(theirs), peer.targets...)
		for i := range mine {
			r.addPeer(figure{Scenario: scenario, Name: fmt.Sprintf("about 150 B, round %d", i+1), Unit: unit, Peer: peer.name}, mine[i], theirs[i])
		}
	}
	add := func(name, unit string, v float64, targets ...target) {
		f := figure{Scenario: scenario, Name: name, Unit: unit, Ours: value(v)}
		f.check(targets...)
		r.add(f)
	}
	add("whole events, made on the way", unit, f.events)
	add("allocations", "per message", f.allocs)
	add("allocated", "B per message", f.bytes)
	for _, p := range []int{50, 99, 100} {
		var targets []target
		if p == 99 {
			targets = []target{atMost(50)}
		}
		add(fmt.Sprintf("taken to acknowledged at 20 messages/s, p%d", p), "ms", percentile(f.latencies, p).Seconds()*1000, targets...)
	}
}

func gigabytes(bytes int64) float64 { return float64(bytes) / 1e9 }
