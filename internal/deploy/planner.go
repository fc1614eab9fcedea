package deploy

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/cryptostream/lakectl/internal/exit"
)

// planning is what a plan is made of, while it is made.
type planning struct {
	*Engine
	state  *State
	plan   *Plan
	wanted map[string]Resource
	order  []string
	sent   map[string]map[string]any // fields to be sent, by key; what refers to nothing yet keeps its reference
	refs   map[string]bool           // ids that stand for a reference
	found  map[string][]Found
	steps  map[string]*Step
}

// Plan compares what is wanted with what was deployed and with what is there.
func (e *Engine) Plan(ctx context.Context, desired []Resource) (*Plan, error) {
	state, err := e.readState(ctx)
	if err != nil {
		return nil, err
	}
	return e.planFrom(ctx, state, desired)
}

// PlanAgain makes a saved plan anew, and refuses it if something has moved since.
func (e *Engine) PlanAgain(ctx context.Context, saved *Plan) (*Plan, error) {
	if e.Host != saved.Workspace || e.Folder != saved.Folder || e.Target != saved.Target {
		return nil, exit.New(exit.Refused, fmt.Errorf("the plan is for target %s in %s, folder %s", saved.Target, saved.Workspace, saved.Folder), "")
	}
	state, err := e.readState(ctx)
	if err != nil {
		return nil, err
	}
	if state.Serial == 0 {
		state.Lineage = saved.Lineage
	}
	if state.NodeType == "" {
		state.NodeType = saved.NodeType
	}
	p, err := e.planFrom(ctx, state, saved.Desired)
	if err != nil {
		return nil, err
	}
	if moved := p.movedFrom(saved); moved != "" {
		return nil, exit.New(exit.Refused, fmt.Errorf("the plan does not hold any more: %s", moved), "make a new one with lakectl plan")
	}
	return p, nil
}

func (e *Engine) planFrom(ctx context.Context, state *State, desired []Resource) (*Plan, error) {
	if err := checkResources(desired); err != nil {
		return nil, err
	}
	p := &planning{
		Engine: e, state: state, wanted: map[string]Resource{}, sent: map[string]map[string]any{}, refs: map[string]bool{},
		found: map[string][]Found{}, steps: map[string]*Step{},
	}
	p.plan = e.emptyPlan(opDeploy, state)
	p.plan.Desired = desired
	var nodes []node
	for _, r := range desired {
		p.wanted[r.Key] = r
		nodes = append(nodes, node{r.Key, r.Kind, r.DependsOn})
	}
	var err error
	if p.order, err = inOrder(nodes); err != nil {
		return nil, err
	}
	if err := p.checkBind(); err != nil {
		return nil, err
	}
	if err := p.fields(ctx); err != nil {
		return nil, err
	}
	if err := p.look(ctx); err != nil {
		return nil, err
	}
	return p.plan, p.decide(ctx)
}

func (e *Engine) emptyPlan(operation string, state *State) *Plan {
	return &Plan{
		Version: planVersion, Operation: operation, Target: e.Target, Workspace: e.Host, Folder: e.Folder,
		Lineage: state.Lineage, Serial: state.Serial, Steps: []Step{}, state: state, remote: map[string]Found{},
	}
}

func (p *planning) checkBind() error {
	for key, id := range p.Bind {
		r, ok := p.wanted[key]
		switch {
		case !ok:
			return exit.New(exit.Usage, fmt.Errorf("--bind %s=%s: target %s has no such resource", key, id, p.Target), "it has "+strings.Join(p.order, ", "))
		case r.Existing != "":
			return exit.New(exit.Usage, fmt.Errorf("--bind %s=%s: the target uses %s and does not deploy it", key, id, r.Existing), "")
		case p.state.id(key) != "" && p.state.id(key) != id:
			return exit.New(exit.Refused, fmt.Errorf("--bind %s=%s: it is deployed already, with the id %s", key, id, p.state.id(key)), "")
		}
	}
	return nil
}

// fields are what each resource's API would be told now.
func (p *planning) fields(ctx context.Context) error {
	for _, key := range p.order {
		r := p.wanted[key]
		fields, err := recorded(r.Fields)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		if r.Kind.Marked() && r.Existing == "" {
			if fields, err = recorded(marked(r.Kind, fields, mark(p.state.Lineage, key))); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
		resolved, _ := resolve(fields, p.idNow).(map[string]any)
		if p.sent[key], err = p.withNodeType(ctx, resolved); err != nil {
			return err
		}
	}
	return nil
}

// idNow is the id that a reference stands for as far as that is known.
func (p *planning) idNow(key string) string {
	id := p.state.id(key)
	if r := p.wanted[key]; r.Existing != "" {
		id = r.Existing
	} else if bound := p.Bind[key]; bound != "" {
		id = bound
	}
	if id != "" {
		p.refs[id] = true
	}
	return id
}

func (p *planning) withNodeType(ctx context.Context, fields map[string]any) (map[string]any, error) {
	if !uses(fields, NodeType) {
		return fields, nil
	}
	if p.plan.NodeType == "" {
		p.plan.NodeType = p.state.NodeType
	}
	if p.plan.NodeType == "" {
		chosen, err := p.NodeType(ctx)
		if err != nil {
			return nil, fmt.Errorf("choose a node type: %w", err)
		}
		p.plan.NodeType = chosen
	}
	replaced, _ := replace(fields, NodeType, p.plan.NodeType).(map[string]any)
	return replaced, nil
}

// look reads the resources in the workspace, several at once. What refers to something that is not there yet
// is not there either.
func (p *planning) look(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots := make(chan struct{}, readers)
	var all sync.WaitGroup
	var mu sync.Mutex
	for _, key := range p.order {
		o := p.object(key)
		if kinds[o.Kind].put && len(references(o.Fields)) > 0 {
			continue
		}
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			found, err := p.find(ctx, o)
			if err != nil {
				cancel(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			p.found[key] = found
		})
		if ctx.Err() != nil {
			break
		}
	}
	all.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// find asks the workspace, and gives fields the form in which they are compared.
func (e *Engine) find(ctx context.Context, o Object) ([]Found, error) {
	found, err := e.Workspace.Find(ctx, o)
	for i := range found {
		if err == nil {
			found[i].Fields, err = canonical(found[i].Fields)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", describe(o), err)
	}
	return found, nil
}

// object is a resource as the workspace is asked for it: by the id that it has, else by its name.
func (p *planning) object(key string) Object {
	r := p.wanted[key]
	o := Object{Key: key, Kind: r.Kind, Name: r.Name, Fields: p.sent[key]}
	switch entry := p.state.Resources[key]; {
	case r.Existing != "":
		o.ID = r.Existing
	case p.Bind[key] != "":
		o.ID = p.Bind[key]
	case entry != nil:
		o.ID, o.Name, o.Fields = entry.ID, entry.Name, entry.Fields
	}
	return o
}

func describe(o Object) string { return fmt.Sprintf("%s %q (%s)", noun(o.Kind), o.Name, o.Key) }

func noun(k Kind) string { return strings.ReplaceAll(string(k), "_", " ") }
