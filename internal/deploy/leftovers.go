package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// leftovers are the resources that were deployed and are wanted no more.
func (p *planning) leftovers(ctx context.Context) error {
	var nodes []node
	for key, entry := range p.state.Resources {
		if _, wanted := p.wanted[key]; !wanted {
			nodes = append(nodes, node{key, entry.Kind, entry.DependsOn})
		}
	}
	order, err := inOrder(nodes)
	if err != nil {
		return err
	}
	for _, key := range slices.Backward(order) {
		entry := p.state.Resources[key]
		s := Step{Key: key, Kind: entry.Kind, Name: entry.Name, ID: entry.ID, Action: Delete, Why: "the target has it no more", Destroys: entry.HoldsData}
		if s.Holds, err = p.holds(ctx, key, entry); err != nil {
			return err
		}
		p.plan.Steps = append(p.plan.Steps, s)
	}
	return nil
}

// holds names the data in a resource, as far as it can be read.
func (e *Engine) holds(ctx context.Context, key string, entry *Entry) ([]string, error) {
	if entry.HoldsData == "" {
		return nil, nil
	}
	o := entry.object(key)
	names, err := e.Workspace.Holds(ctx, o)
	if err != nil && !errors.Is(err, ErrMissing) {
		return nil, fmt.Errorf("look into %s: %w", describe(o), err)
	}
	return names, nil
}

func (e *Entry) object(key string) Object {
	return Object{Key: key, Kind: e.Kind, Name: e.Name, ID: e.ID, Fields: e.Fields}
}
