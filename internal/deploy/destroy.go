package deploy

import (
	"context"
	"slices"
)

// PlanDestroy plans to delete what was deployed, last first. What holds data is kept, with what that lies in,
// unless data is true.
func (e *Engine) PlanDestroy(ctx context.Context, data bool) (*Plan, error) {
	state, err := e.readState(ctx)
	if err != nil {
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
		default:
			s.Action, s.Why = Keep, "it holds what is kept, or says what that is"
		}
		p.Steps = append(p.Steps, s)
	}
	return p, nil
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
