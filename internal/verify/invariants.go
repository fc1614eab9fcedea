package verify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cryptostream/lakectl/jobs"
)

// TopicOffsets are the ends of a topic, by partition.
type TopicOffsets struct {
	First map[int32]int64 // of the oldest record that Kafka still has
	Next  map[int32]int64 // that the next record will get
}

// ErrUnreachable says that Kafka can't be asked.
var ErrUnreachable = errors.New("kafka can't be reached")

func (v *Verifier) bronze(ctx context.Context, s statements) (Invariant, error) {
	i := Invariant{ID: "I1", Says: "every record that Kafka acknowledged is in Bronze once"}
	for _, job := range v.Lakehouse.Jobs {
		if job.Source.Kafka == nil {
			continue
		}
		found, err := v.look(ctx, s.bronze(job))
		if err != nil {
			return i, err
		}
		i.Offences = append(i.Offences, found...)
		if err := v.count(ctx, &i, []figure{{what: "records of " + job.Sink.Table, number: rows(s.records(job))}}); err != nil {
			return i, err
		}
		if err := v.topic(ctx, s, job, &i); err != nil {
			return i, err
		}
	}
	for _, job := range v.Backfills {
		if _, ran := s.snapshot.Committed[job.Name]; !ran {
			continue
		}
		found, err := v.look(ctx, s.ends(job))
		if err != nil {
			return i, err
		}
		i.Offences = append(i.Offences, found...)
		if err := v.topic(ctx, s, job, &i); err != nil {
			return i, err
		}
	}
	return i, nil
}

// topic compares how far a query has come with what Kafka has.
func (v *Verifier) topic(ctx context.Context, s statements, job jobs.Job, i *Invariant) error {
	if v.Topic == nil {
		i.note("Kafka was not asked: the lakehouse does not run")
		return nil
	}
	topic := job.Source.Kafka.Topic
	held, err := v.Topic(ctx, topic)
	if errors.Is(err, ErrUnreachable) {
		i.note("Kafka was not asked: " + err.Error())
		return nil
	}
	if err != nil {
		return fmt.Errorf("ask Kafka for topic %s: %w", topic, err)
	}
	next := s.snapshot.Committed[job.Name].Next
	var waiting int64
	for _, partition := range slices.Sorted(maps.Keys(held.Next)) {
		committed, reads := next[partition]
		if !reads { // it begins at the oldest record
			committed = held.First[partition]
		}
		waiting += max(held.Next[partition]-committed, 0)
		if lost := held.First[partition] - committed; lost > 0 {
			i.Offences = append(i.Offences, topicOffence("records that Kafka deleted before they were read", topic, partition, committed, lost,
				"the topic's retention has overtaken the query", "raise retention.bytes; the next start fails for the same reason: lakectl checkpoint reset "+job.Name+" --from current-table goes on with those that are left"))
		}
		if gone := committed - held.Next[partition]; gone > 0 {
			i.Offences = append(i.Offences, topicOffence("offsets that Kafka does not have", topic, partition, held.Next[partition], gone,
				"the topic was made anew, or Kafka has lost acknowledged records", "the next start refuses another topic of the same name; use another data dir for it"))
		}
	}
	i.NotYet = append(i.NotYet, Count{"records in Kafka that the query of " + job.Name + " has not committed", waiting})
	return nil
}

func topicOffence(check, topic string, partition int32, first, n int64, why, remedy string) Offence {
	return Offence{Check: check, Count: n, Why: why, Remedy: remedy, Samples: []map[string]any{{
		"topic": topic, "partition": int64(partition), "first_missing": first, "last_missing": first + n - 1, "records": n,
	}}}
}

func (v *Verifier) silver(ctx context.Context, s statements) (Invariant, error) {
	i := Invariant{ID: "I2", Says: "every good record's event is in Silver once, every other record is a dead letter, and none is both"}
	for _, pair := range splittings(v.Lakehouse) {
		found, err := v.look(ctx, s.silver(pair))
		if err != nil {
			return i, err
		}
		i.Offences = append(i.Offences, found...)
		good, bad, within := pair.good.Sink.Table, pair.bad.Sink.Table, s.within.on("ingested_at", "ingest_date")
		err = v.count(ctx, &i, []figure{
			{what: "rows of " + good, number: rows(s.arrived(s.table(good), ""))},
			{what: "rows of " + bad, number: rows("SELECT * FROM " + s.table(bad) + " WHERE " + s.within.days("date"))},
			s.unread(pair.good, within), s.unread(pair.bad, within),
		})
		if err != nil {
			return i, err
		}
	}
	return i, nil
}

// unread counts the rows of a job's source that its query has not committed.
func (s statements) unread(job jobs.Job, within string) figure {
	number := rows("SELECT * FROM " + s.table(job.Source.Table) + " WHERE " + within)
	if s.snapshot.has(job.Name) {
		number += " - " + rows("SELECT * FROM "+s.read(job)+" WHERE "+within)
	}
	return figure{"rows of " + job.Source.Table + " that the query of " + job.Sink.Table + " has not committed", number, true}
}

func (v *Verifier) gold(ctx context.Context, s statements) (Invariant, error) {
	i := Invariant{ID: "I3", Says: "a closed window is in Gold once and is what Silver gives, its average exact and rounded HALF_UP to 18 decimals"}
	var checks []check
	var figures []figure
	for _, job := range v.Lakehouse.Jobs {
		if job.WatermarkOn() != jobs.WatermarkSource {
			continue
		}
		of, err := s.gold(job)
		if err != nil {
			return i, err
		}
		checks = append(checks, of...)
		w := tables[job.Sink.Table]
		windows := "SELECT * FROM " + s.table(job.Sink.Table) + " WHERE " + s.within.on(w.start, "date")
		figures = append(figures, figure{what: "windows of " + job.Sink.Table, number: rows(windows)}, s.unread(job, s.ticksWithin(w)))
	}
	if len(checks) == 0 {
		return i, nil
	}
	found, err := v.look(ctx, checks)
	if err != nil {
		return i, err
	}
	i.Offences = found
	err = v.count(ctx, &i, figures)
	return i, err
}
