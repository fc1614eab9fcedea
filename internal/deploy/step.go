package deploy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"
)

// Something whose answer does not come is made so often, after a time that doubles.
const (
	tries = 5
	pause = 250 * time.Millisecond
)

// object is a resource with the fields that are to be sent now, and what the state is to keep of them.
func (w *work) object(s Step) (Object, map[string]any, error) {
	r := w.wanted[s.Key]
	fields, err := canonical(r.Fields)
	if err != nil {
		return Object{}, nil, err
	}
	if r.Kind.Marked() {
		if fields, err = canonical(marked(r.Kind, fields, mark(w.plan.Lineage, r.Key))); err != nil {
			return Object{}, nil, err
		}
	}
	fields, _ = replace(fields, NodeType, w.plan.NodeType).(map[string]any)
	fields, _ = resolve(fields, w.id).(map[string]any)
	kept, err := recorded(fields)
	o := Object{
		Key: s.Key, Kind: r.Kind, Name: r.Name, ID: s.ID, Fields: fields,
		Remote: w.plan.remote[s.Key].Fields, Value: w.secrets[s.Key],
	}
	return o, kept, err
}

func (w *work) id(key string) string {
	if r := w.wanted[key]; r.Existing != "" {
		return r.Existing
	}
	return w.state.id(key)
}

func (w *work) create(ctx context.Context, s Step) error {
	o, kept, err := w.object(s)
	if err != nil {
		return fmt.Errorf("create %s: %w", describe(o), err)
	}
	if o.ID, err = w.make(ctx, o); err != nil {
		return fmt.Errorf("create %s: %w", describe(o), err)
	}
	return w.enter(ctx, s, o, kept)
}

// make creates, and looks whether it did where no answer came, or where it is there already: a call whose
// answer was lost may have been repeated.
func (w *work) make(ctx context.Context, o Object) (string, error) {
	o.ID, o.Remote = "", nil // of what is replaced
	for try := 1; ; try++ {
		id, err := w.Workspace.Create(ctx, o)
		if err == nil || !errors.Is(err, ErrUnknown) && !errors.Is(err, ErrExists) {
			return id, err
		}
		found, findErr := w.find(ctx, o)
		if findErr != nil {
			return "", errors.Join(err, findErr)
		}
		for _, f := range found {
			if !o.Kind.Marked() || f.Mark == mark(w.plan.Lineage, o.Key) {
				o.ID, o.Remote = f.ID, f.Fields
				return f.ID, w.Workspace.Update(ctx, o)
			}
		}
		if try == tries || errors.Is(err, ErrExists) {
			return "", err
		}
		select {
		case <-ctx.Done():
			return "", err
		case <-time.After(pause << try):
		}
	}
}

func (w *work) update(ctx context.Context, s Step) error {
	o, kept, err := w.object(s)
	// A secret that is taken over has a value that nobody knows.
	if err == nil && (s.Action == Update || len(s.Changes) > 0 || o.Kind == Secret) {
		err = w.Workspace.Update(ctx, o)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", s.Action, describe(o), err)
	}
	return w.enter(ctx, s, o, kept)
}

// enter puts a resource into the state.
func (w *work) enter(ctx context.Context, s Step, o Object, kept map[string]any) (err error) {
	r, before := w.wanted[s.Key], w.state.Resources[s.Key]
	entry := &Entry{
		Kind: r.Kind, Name: r.Name, ID: o.ID, Fields: kept,
		DependsOn: r.DependsOn, Guards: maps.Clone(r.Guards), HoldsData: r.HoldsData,
	}
	if before != nil {
		entry.Running = before.Running
	}
	w.state.Resources[s.Key] = entry
	w.state.settled(s.Key)
	if r.Kind == Secret {
		if entry.Stamp, err = w.Workspace.Stamp(ctx, o); err != nil {
			return fmt.Errorf("read when %s was written: %w", describe(o), err)
		}
	}
	if r.Kind == Job && runsAlways(kept) && (s.Action == Create || !runsAlways(o.Remote)) {
		entry.Running = w.running(s.Key) // it starts by itself
	}
	return nil
}

// running is the digest of what a job runs now.
func (w *work) running(key string) string {
	r := w.wanted[key]
	notebooks := make([]map[string]any, len(r.Runs))
	for i, notebook := range r.Runs {
		if entry := w.state.Resources[notebook]; entry != nil {
			notebooks[i] = entry.Fields
		}
	}
	return digest(w.state.Resources[key].Fields, notebooks)
}

// remove deletes; the folder with the state goes when all else has.
func (w *work) remove(ctx context.Context, s Step) error {
	entry := w.state.Resources[s.Key]
	if entry == nil {
		return nil
	}
	if !w.home(entry) {
		o := entry.object(s.Key)
		if err := w.Workspace.Delete(ctx, o); err != nil && !errors.Is(err, ErrMissing) && !errors.Is(err, ErrNotEmpty) {
			return fmt.Errorf("delete %s: %w", describe(o), err)
		}
	}
	delete(w.state.Resources, s.Key)
	return nil
}

func (w *work) restart(ctx context.Context, s Step) error {
	o := w.state.Resources[s.Key].object(s.Key)
	if err := w.Workspace.Restart(ctx, o); err != nil {
		return fmt.Errorf("restart %s: %w", describe(o), err)
	}
	entry := w.state.Resources[s.Key]
	if entry.Running = ""; runsAlways(entry.Fields) {
		entry.Running = w.running(s.Key)
	}
	return nil
}
