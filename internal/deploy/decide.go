package deploy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cryptostream/lakectl/internal/exit"
)

// decide makes the plan's steps of what was found.
func (p *planning) decide(ctx context.Context) error {
	var taken []takenBy
	var refused []error
	for _, key := range p.order {
		step, err := p.step(p.wanted[key])
		var by takenBy
		switch {
		case errors.As(err, &by):
			taken = append(taken, by)
		case err != nil:
			refused = append(refused, err)
		default:
			p.steps[key] = &step
			p.plan.Steps = append(p.plan.Steps, step)
		}
	}
	if len(refused) > 0 {
		return together(refused)
	}
	if len(taken) > 0 {
		return allTaken(taken)
	}
	p.restarts()
	return p.leftovers(ctx)
}

// together is one error of several that are alike.
func together(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	return exit.New(exit.Code(errs[0]), errors.New(strings.Join(texts, "; ")), exit.Hint(errs[0]))
}

func (p *planning) step(r Resource) (Step, error) {
	p.sent[r.Key], _ = resolve(p.resolvable(r), p.idAfter).(map[string]any)
	s := Step{Key: r.Key, Kind: r.Kind, Name: r.Name}
	entry, found := p.state.Resources[r.Key], p.found[r.Key]
	switch {
	case r.Existing != "":
		return p.existing(s, r, found)
	case entry == nil && p.Bind[r.Key] != "":
		if len(found) == 0 || found[0].ID != p.Bind[r.Key] {
			return s, exit.New(exit.Failed, fmt.Errorf("--bind %s=%s: there is no such %s %q", r.Key, p.Bind[r.Key], noun(r.Kind), r.Name), "")
		}
		return p.bind(s, r, found[0], "asked for by --bind"), nil
	case entry == nil:
		return p.unknown(s, r, found)
	case len(found) == 0:
		s.Action, s.Why = Create, "it was deleted in the workspace"
		return s, nil
	}
	p.plan.remote[r.Key] = found[0]
	s.ID = found[0].ID
	return p.deployed(s, r, entry, found[0]), nil
}

// resolvable are the fields of a resource with its references.
func (p *planning) resolvable(r Resource) map[string]any {
	fields, err := recorded(r.Fields) // worked before
	if err != nil {
		return nil
	}
	if r.Kind.Marked() && r.Existing == "" {
		if fields, err = recorded(marked(r.Kind, fields, mark(p.state.Lineage, r.Key))); err != nil {
			return nil
		}
	}
	replaced, _ := replace(fields, NodeType, p.plan.NodeType).(map[string]any)
	return replaced
}

// idAfter is the id that a reference stands for, "" if the deploy has yet to make it.
func (p *planning) idAfter(key string) string {
	if s := p.steps[key]; s == nil || s.Action == Create || s.Action == Replace {
		return ""
	}
	if found := p.found[key]; len(found) > 0 {
		p.refs[found[0].ID] = true
		return found[0].ID
	}
	return ""
}

func (p *planning) existing(s Step, r Resource, found []Found) (Step, error) {
	if len(found) == 0 {
		return s, exit.New(exit.Failed, fmt.Errorf("the target uses the %s %s, and there is none", noun(r.Kind), r.Existing), "correct the target, or let it make one")
	}
	s.Action, s.ID, s.Why = Keep, r.Existing, "somebody else's, which the target uses"
	return s, nil
}

func (p *planning) bind(s Step, r Resource, found Found, why string) Step {
	p.plan.remote[r.Key] = found
	s.Action, s.ID, s.Why = Bind, found.ID, why
	for _, d := range deviations(r.Kind, found.Fields, p.sent[r.Key]) {
		s.Changes = append(s.Changes, Change{d.path(), d.old, d.new, NewSpec})
	}
	return s
}

// unknown is a resource that the state does not have: there is none, or it is ours since a deploy died between
// making and noting it, or it is somebody else's.
func (p *planning) unknown(s Step, r Resource, found []Found) (Step, error) {
	ours := mark(p.state.Lineage, r.Key)
	for _, f := range found {
		if f.Mark == ours || f.Mark == "" && !r.Kind.Marked() && p.state.pending(r.Key) {
			return p.bind(s, r, f, "made by a deploy that died before it could note it"), nil
		}
	}
	if len(found) > 0 && r.Kind == Permissions {
		return p.bind(s, r, found[0], "what it is about has some"), nil
	}
	if len(found) == 0 || kinds[r.Kind].put {
		s.Action, s.Why = Create, "new"
		return s, nil
	}
	return s, newTaken(r, found)
}
