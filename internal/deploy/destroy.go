package deploy

import (
	"context"
	"fmt"
	"slices"
)

// PlanDestroy plans to delete what was deployed, last first. What holds data is kept, with what that lies in,
// unless data is true. What a deploy that died has made and not noted is found as one of those wanted.
func (e *Engine) PlanDestroy(ctx context.Context, wanted []Resource, data bool) (*Plan, error) {
	state, err := e.readState(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.adopt(ctx, state, wanted); err != nil {
		return nil, err
	}
	p := e.emptyPlan(opDestroy, state)
	p.Data = data
	var nodes []node
	for key, entry := range state.Resources {
		nodes = append(nodes, node{key, entry.Kind, entry.DependsOn})
	}
	order, err := inOrder(nodes)
	if err != nil {
		return nil, err
	}
	keep := e.kept(state, data)
	for _, key := range slices.Backward(order) {
		entry := state.Resources[key]
		s := Step{Key: key, Kind: entry.Kind, Name: entry.Name, ID: entry.ID, Action: Delete, Destroys: entry.HoldsData}
		if s.Holds, err = e.holds(ctx, key, entry); err != nil {
			return nil, err
		}
		switch {
		case !keep[key]:
		case entry.HoldsData != "":
			s.Action, s.Destroys, s.Why = Keep, "", "it holds "+entry.HoldsData
		case e.home(entry):
			s.Action, s.Why = Keep, "the state in it says whose the rest is"
		default:
			s.Action, s.Why = Keep, "what is kept is in it"
		}
		p.Steps = append(p.Steps, s)
	}
	return p, nil
}

// adopt puts what is pending and there into a state.
func (e *Engine) adopt(ctx context.Context, state *State, wanted []Resource) error {
	for _, r := range wanted {
		if !state.pending(r.Key) || state.Resources[r.Key] != nil {
			continue
		}
		fields, err := recorded(r.Fields)
		if err != nil {
			return fmt.Errorf("%s: %w", r.Key, err)
		}
		fields, _ = resolve(fields, state.id).(map[string]any)
		o := Object{Key: r.Key, Kind: r.Kind, Name: r.Name, Fields: fields}
		if len(references(fields)) > 0 && r.Kind == Permissions {
			continue // what they are about is not there
		}
		found, err := e.find(ctx, o)
		if err != nil {
			return err
		}
		for _, f := range found {
			if !r.Kind.Marked() || f.Mark == mark(state.Lineage, r.Key) {
				state.Resources[r.Key] = &Entry{Kind: r.Kind, Name: r.Name, ID: f.ID, Fields: fields, DependsOn: r.DependsOn, HoldsData: r.HoldsData}
			}
		}
	}
	return nil
}

// kept are the keys that stay: what holds data and what that lies in; and the folder, where the state says
// whose all that is.
func (e *Engine) kept(state *State, data bool) map[string]bool {
	keep := map[string]bool{}
	if data {
		return keep
	}
	var hold func(key string)
	hold = func(key string) {
		entry := state.Resources[key]
		if entry == nil || keep[key] {
			return
		}
		keep[key] = true
		for _, on := range entry.DependsOn {
			hold(on)
		}
	}
	for key, entry := range state.Resources {
		if entry.HoldsData != "" {
			hold(key)
		}
	}
	for key, entry := range state.Resources {
		if len(keep) > 0 && e.home(entry) {
			keep[key] = true
		}
	}
	return keep
}

// home reports whether an entry is the folder with the state itself.
func (e *Engine) home(entry *Entry) bool { return entry.Kind == Folder && entry.Name == e.Folder }
