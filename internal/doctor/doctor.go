// Package doctor judges what is found about a machine and a lakehouse: pure functions from figures to findings, each
// with what to do about it. Who calls them measures.
package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/cryptostream/lakectl/internal/tablefiles"
)

// State is how bad something is.
type State string

// The states of a finding.
const (
	OK      State = "ok"
	Warning State = "warning" // works, and will not for ever
	Problem State = "problem" // does not work
)

// Finding is what was found in one place.
type Finding struct {
	Check  string `json:"check"` // such as "java" or "table silver_prices"
	State  State  `json:"state"`
	Says   string `json:"says"`
	Remedy string `json:"remedy,omitempty"` // where there is something to do
}

// Fine is a finding that needs nobody.
func Fine(check, format string, args ...any) Finding {
	return Finding{Check: check, State: OK, Says: fmt.Sprintf(format, args...)}
}

// Worst returns the worst state of some findings.
func Worst(findings []Finding) State {
	rank := []State{OK, Warning, Problem}
	worst := OK
	for _, f := range findings {
		if cmp.Compare(slices.Index(rank, f.State), slices.Index(rank, worst)) > 0 {
			worst = f.State
		}
	}
	return worst
}

// Bounds of what is enough, bytes. A start refuses less than leastDisk; Spark with its measured default heap and Kafka
// take about 2.5 GB of memory.
const (
	leastDisk   = 256 << 20
	fairDisk    = 5 << 30
	leastMemory = 1 << 30
	fairMemory  = 3 << 30
)

// Disk judges the free bytes of the disk that a data dir is on.
func Disk(free uint64) Finding {
	f := Fine("disk", "%s free", size(free))
	switch {
	case free < leastDisk:
		f.State, f.Remedy = Problem, "free some space, or choose a folder on another disk with --data-dir: below 256 MiB nothing starts"
	case free < fairDisk:
		f.State, f.Remedy = Warning, "free some space: the topic alone may take 10 GiB per partition (--topic-retention-bytes)"
	}
	return f
}

// Memory judges the memory that is available, bytes. A lakehouse that runs has its part already.
func Memory(available uint64, running bool) Finding {
	f := Fine("memory", "%s available", size(available))
	switch {
	case running && available < leastMemory/4:
		f.State, f.Remedy = Warning, "end other programs: the system may kill Spark, which lakectl starts again"
	case running:
	case available < leastMemory:
		f.State, f.Remedy = Problem, "end other programs: Spark and Kafka take about 2.5 GB; --spark-heap 1000 makes do with less"
	case available < fairMemory:
		f.State, f.Remedy = Warning, "end other programs, or give Spark less with --spark-heap: Spark and Kafka take about 2.5 GB"
	}
	return f
}

// fairSkew is what an HTTP date, which has whole seconds, and a slow answer explain. A quote whose time is more than 10 s
// ahead of Bronze's clock is a dead letter (bad_event_time).
const (
	fairSkew = 3 * time.Second
	badSkew  = 10 * time.Second
)

// Clock judges how far the clock here is ahead of another one; negative is behind. within is how exactly that is known.
func Clock(ahead, within time.Duration, other string) Finding {
	f := Fine("clock", "within %s of %s", (ahead.Abs() + within).Round(100*time.Millisecond), other)
	off := ahead.Abs() - within
	if off < fairSkew {
		return f
	}
	f.State, f.Says, f.Remedy = Warning, fmt.Sprintf("%s ahead of %s", ahead.Round(time.Second), other), "set the clock, or let NTP do so (timedatectl set-ntp true)"
	if ahead < 0 {
		f.Says = fmt.Sprintf("%s behind %s", -ahead.Round(time.Second), other)
	}
	if off >= badSkew {
		f.State = Problem
	}
	return f
}

// Retention judges whether a topic keeps what its reader has still to read, by partition: the offset of the oldest
// record, of the next one to come, and behind the last one that was read.
func Retention(oldest, next, read map[int32]int64) Finding {
	var lost, behind, kept int64
	deleted := false
	for partition, end := range next {
		from, ok := read[partition]
		if !ok {
			from = 0
		}
		lost += max(0, oldest[partition]-from)
		behind += max(0, end-max(from, oldest[partition]))
		kept += end - oldest[partition]
		deleted = deleted || oldest[partition] > 0
	}
	f := Fine("retention", "Bronze is %d records behind, of %d that the topic keeps", behind, kept)
	switch {
	case lost > 0:
		f.State, f.Says = Problem, fmt.Sprintf("Kafka deleted %d records before Bronze had read them", lost)
		f.Remedy = "they are lost; lakectl stop, lakectl checkpoint reset bronze_prices --from current-table, and give the topic a larger retention.bytes"
	case deleted && behind > kept/2:
		f.State, f.Remedy = Warning, "Kafka deletes the oldest records soon: give the topic a larger retention.bytes until Bronze has caught up"
	}
	return f
}

// Bounds of a table that reads well. Delta writes a checkpoint of its log every ten commits.
const (
	manyFiles  = 2_000
	smallFile  = 1 << 20
	longReplay = 200
	// An hour's log of a query that commits every second is 15,000 files, and lakectl maintain leaves two at most.
	manyLogFiles = 40_000
)

// Table judges the files of a table.
func Table(name string, t tablefiles.Table) Finding {
	check := "table " + name
	if t.Version < 0 {
		return Fine(check, "not made yet")
	}
	f := Fine(check, "version %d, %d files, %s", t.Version, t.Files, size(uint64(t.Bytes)))
	switch {
	case t.Replay > longReplay:
		f.State, f.Says = Warning, fmt.Sprintf("%d commits since the last checkpoint of Delta's log", t.Replay)
		f.Remedy = "see lakectl logs spark for why Delta writes none; every start reads all of them"
	case t.Files > manyFiles && t.Bytes/int64(t.Files) < smallFile:
		f.State, f.Says = Warning, fmt.Sprintf("%d files of %s on average", t.Files, size(uint64(t.Bytes)/uint64(t.Files)))
		f.Remedy = "lakectl maintain makes few of them; run does so every --maintain-every, unless a reader is behind: lakectl maintain --dry-run says which"
	case t.LogFiles > manyLogFiles:
		f.State, f.Says = Warning, fmt.Sprintf("%d files in its log, which every batch lists", t.LogFiles)
		f.Remedy = "lakectl maintain removes the old ones; with --dry-run it says what they are kept for"
	}
	return f
}

func size(n uint64) string {
	if n >= 1<<30 {
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
