package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

// restart looks whether a start would find what it needs: for every job whose table has rows a checkpoint that can
// be read, and that was made by this job. What else a restart may meet, only a restart shows.
func (v *Verifier) restart(ctx context.Context, s statements) (Invariant, error) {
	i := Invariant{ID: "I5", Says: "a restart needs no manual step: every table that has rows has the checkpoint that filled it"}
	looked := int64(len(v.Lakehouse.Jobs))
	for _, job := range slices.Concat(v.Lakehouse.Jobs, v.Backfills) {
		offence, err := v.checkpointOf(ctx, s, job)
		if err != nil {
			return i, err
		}
		if offence != nil {
			i.Offences = append(i.Offences, *offence)
		}
	}
	for _, job := range v.Backfills {
		if _, ran := s.snapshot.Committed[job.Name]; ran {
			looked++
		}
	}
	i.LookedAt = []Count{{"checkpoints", looked}}
	return i, nil
}

func (v *Verifier) checkpointOf(ctx context.Context, s statements, job jobs.Job) (*Offence, error) {
	offence := &Offence{Count: 1, Samples: []map[string]any{{"job": job.Name, "checkpoint": v.Place.Checkpoint(job.Name)}}}
	_, err := checkpoint.Committed(v.Place.Checkpoint(job.Name))
	if err == nil {
		err = checkpoint.Check(v.Place.Checkpoint(job.Name))
	}
	switch {
	case errors.Is(err, checkpoint.ErrNone):
		rows, err := v.Query(ctx, "SELECT 1 FROM "+s.table(job.Sink.Table)+" WHERE "+ddl.Own(job)+" LIMIT 1")
		if err != nil || len(rows.Values) == 0 {
			return nil, err
		}
		offence.Check, offence.Why = "lost checkpoints", job.Sink.Table+" has rows and its query has committed nothing: the checkpoint is gone, or a first batch is about to be"
		offence.Remedy = "put the checkpoint back, or see lakectl checkpoint reset --help: starting over would write everything twice"
		return offence, nil
	case err != nil:
		offence.Check, offence.Why, offence.Remedy = "damaged checkpoints", err.Error(), "restore the checkpoint, or see lakectl checkpoint reset --help"
		return offence, nil
	}
	made, known, err := v.MadeBy(job.Name)
	if err != nil {
		offence.Check, offence.Why, offence.Remedy = "damaged checkpoints", err.Error(), "restore the file, or delete it if no job's SQL has changed since"
		return offence, nil
	}
	changes := made.Changes(job.Fingerprint())
	if !known || len(changes) == 0 {
		return nil, nil
	}
	offence.Check, offence.Why = "checkpoints of another job", fmt.Sprintf("the checkpoint of %s can't take this change: %v", job.Name, changes)
	offence.Remedy = "undo the change, or use another data dir"
	return offence, nil
}
