// Package reset plans how a streaming query begins anew so that no row is in its table twice, and carries the plan
// out. There are two ways, and no third:
//
//   - A job that reads Kafka keeps its table: the table says where to go on, since it has the offset of each record.
//   - The table of a job that reads a table is set aside and made again, and so are those that are made of it. Its
//     rows do not say what was read, and what its state knew is gone with the checkpoint.
//
// Nothing is deleted: checkpoints and tables are renamed. A reset that is cut off leaves a checkpoint away and its
// table there, which a start refuses; the reset may then be repeated.
package reset

import (
	"fmt"
	"slices"
	"time"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/jobs"
)

// Facts are what a plan is made of.
type Facts struct {
	Rows map[string]int64 // of each table
	// Damaged are the tables of which nothing can be read.
	Damaged map[string]bool
	// Next is the offset behind the last record of each partition that the table of a job that reads Kafka has.
	Next map[int32]int64
}

// Plan is what a reset does.
type Plan struct {
	Job  string `json:"job"`
	From string `json:"from"`
	// Says is what is read again, skipped and kept, a sentence each.
	Says []string `json:"says"`
	// Next are the offsets before which nothing is read.
	Next map[int32]int64 `json:"next,omitempty"`
	// ReadAgain is how many rows of the source table are read again.
	ReadAgain int64  `json:"read_again"`
	Aside     []Move `json:"set_aside"` // in this order
	// After is what to do afterwards.
	After []string `json:"after"`
	Done  bool     `json:"done"`

	at         time.Time
	from       checkpoint.From
	checkpoint string // whose start is noted; "" for none
}

// Move is a folder or file that gets another name.
type Move struct {
	Path string `json:"path"`
	To   string `json:"to"`
}

// Make plans the reset of a job at a time. Errors, exit code 3: rows would be twice.
func Make(l *jobs.Lakehouse, place ddl.Place, job jobs.Job, from checkpoint.From, facts Facts, at time.Time) (Plan, error) {
	p := Plan{Job: job.Name, From: from.String(), Says: []string{}, After: []string{}, at: at, from: from}
	if job.Source.Kafka != nil {
		return p.fromTopic(place, job, facts)
	}
	return p.fromStart(l, place, job, facts)
}

// fromTopic keeps the table.
func (p Plan) fromTopic(place ddl.Place, job jobs.Job, facts Facts) (Plan, error) {
	rows := facts.Rows[job.Sink.Table]
	if p.from.Kind == checkpoint.FromEarliest && rows > 0 {
		return p, exit.New(exit.Refused,
			fmt.Errorf("%s from earliest: its table has %d rows, and what the topic still has of them would be written twice", job.Name, rows),
			"lakectl checkpoint reset "+job.Name+" --from current-table goes on behind them")
	}
	p.Next, p.checkpoint = facts.Next, place.Checkpoint(job.Name)
	p.setAside(p.checkpoint, p.checkpoint+".start.json")
	topic := job.Source.Kafka.Topic
	p.say("%s keeps its %d rows, and nothing of them is read again.", job.Sink.Table, rows)
	for _, partition := range partitions(facts.Next) {
		p.say("%s[%d] is read from offset %d or later.", topic, partition, facts.Next[partition])
	}
	switch p.from.Kind {
	case checkpoint.FromTable, checkpoint.FromEarliest:
		p.say("Nothing is skipped that the topic still has. Partitions that the table has nothing of are read from their oldest record.")
	case checkpoint.FromLatest:
		p.say("Skipped, and missing in every table: all records up to the end that the topic has at the next start. lakectl verify will call them gaps (I1).")
	case checkpoint.FromTime:
		p.say("Skipped, and missing in every table: all records before the first that is stamped %s or later. lakectl verify will call them gaps (I1).", p.from)
	}
	p.After = append(p.After, "lakectl run: the next start begins there", "lakectl verify")
	return p, nil
}

// fromStart makes the table again, and those that are made of it.
func (p Plan) fromStart(l *jobs.Lakehouse, place ddl.Place, job jobs.Job, facts Facts) (Plan, error) {
	if p.from.Kind != checkpoint.FromEarliest {
		return p, exit.New(exit.Refused,
			fmt.Errorf("%s from %s: %s", job.Name, p.from, why(job)),
			"lakectl checkpoint reset "+job.Name+" --from earliest sets the table aside and makes it again")
	}
	p.ReadAgain = facts.Rows[job.Source.Table]
	below := readers(l, job)
	slices.Reverse(below) // a table goes before what it is made of
	for _, j := range append(below, job) {
		c := place.Checkpoint(j.Name)
		p.setAside(c, c+".json", place.Path(j.Sink.Table))
		rows := fmt.Sprintf("%d rows", facts.Rows[j.Sink.Table])
		if facts.Damaged[j.Sink.Table] {
			rows = "damaged"
		}
		p.say("%s, %s, is set aside with its checkpoint and made again.", j.Sink.Table, rows)
	}
	p.say("%d rows of %s are read again. Nothing is skipped, and nothing is written twice.", p.ReadAgain, job.Source.Table)
	p.After = append(p.After, "lakectl run: the next start makes the tables again",
		"lakectl reconcile: brings in what comes out of order for a watermark", "lakectl verify",
		"when all is well, delete what was set aside")
	return p, nil
}

// why a table's rows can't tell a new checkpoint where to go on.
func why(job jobs.Job) string {
	switch {
	case len(job.Deduplicate) > 0:
		return fmt.Sprintf("the checkpoint knew which %v it had written; without it, one that is sent again would be in %s twice", job.Deduplicate, job.Sink.Table)
	case job.Aggregates():
		return fmt.Sprintf("windows were half counted in the checkpoint, and one that is in %s would be written again with the next late tick", job.Sink.Table)
	}
	return fmt.Sprintf("%s does not say up to where %s was read: rows would be missing or twice", job.Sink.Table, job.Source.Table)
}

// readers returns the jobs that read what a job writes, and those that read what they write, in the order of the jobs.
func readers(l *jobs.Lakehouse, job jobs.Job) []jobs.Job {
	tables := []string{job.Sink.Table}
	var found []jobs.Job
	for _, j := range l.Jobs {
		if j.Source.Table != "" && slices.Contains(tables, j.Source.Table) {
			tables = append(tables, j.Sink.Table)
			found = append(found, j)
		}
	}
	return found
}

func (p *Plan) say(format string, args ...any) { p.Says = append(p.Says, fmt.Sprintf(format, args...)) }

func (p *Plan) setAside(paths ...string) {
	for _, path := range paths {
		p.Aside = append(p.Aside, Move{path, checkpoint.AsideName(path, p.at)})
	}
}

// Also sets something aside after all else: a file that is about the tables.
func (p *Plan) Also(path string) { p.setAside(path) }

// Apply carries the plan out. The data dir must be locked, and nothing may read or write its tables.
func (p *Plan) Apply() error {
	for _, m := range p.Aside {
		if err := checkpoint.SetAside(m.Path, p.at); err != nil {
			return exit.New(exit.Failed, err, "nothing is lost: repeat the reset, or rename back what was set aside")
		}
	}
	if p.checkpoint != "" {
		if err := checkpoint.WriteStart(p.checkpoint, p.from, p.at); err != nil {
			return exit.New(exit.Failed, err, "nothing is lost: repeat the reset")
		}
	}
	p.Done = true
	return nil
}

func partitions(offsets map[int32]int64) []int32 {
	var found []int32
	for p := range offsets {
		found = append(found, p)
	}
	slices.Sort(found)
	return found
}
