package deploy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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

// takenBy is the error of a name that somebody else's resource has.
type takenBy struct {
	r   Resource
	ids []string
}

func (t takenBy) Error() string {
	text := fmt.Sprintf("%s %q", noun(t.r.Kind), t.r.Name)
	if !kinds[t.r.Kind].named {
		text += " (" + strings.Join(t.ids, ", ") + ")"
	}
	return text
}

func newTaken(r Resource, found []Found) error {
	t := takenBy{r: r}
	for _, f := range found {
		t.ids = append(t.ids, f.ID)
	}
	return t
}

func allTaken(all []takenBy) error {
	texts, binds := make([]string, len(all)), make([]string, len(all))
	for i, t := range all {
		texts[i] = t.Error()
		binds[i] = fmt.Sprintf("--bind '%s=%s'", t.r.Key, t.ids[0])
	}
	return exit.New(exit.Refused, fmt.Errorf("the workspace has what this target did not make: %s", strings.Join(texts, ", ")),
		"take it over with "+strings.Join(binds, " ")+", or give the target other names")
}

// deployed is a resource that was deployed and is there.
func (p *planning) deployed(s Step, r Resource, entry *Entry, found Found) Step {
	want := p.sent[r.Key]
	fixed := ""
	for _, d := range differences(entry.Fields, want) {
		c := Change{d.path(), d.old, d.new, p.reason(d.new)}
		s.Changes = append(s.Changes, c)
		if kinds[r.Kind].isFixed(d) {
			fixed = c.Path
		}
	}
	s.Changes = p.drift(s.Changes, r, entry, found)
	s.Changes = append(s.Changes, guardChanges(entry.Guards, r.Guards)...)
	s.Changes = append(s.Changes, p.secretChanges(r, entry, found)...)
	switch parent := p.replacedParent(r); {
	case kinds[r.Kind].named && entry.Name != r.Name:
		s.Action, s.Why = Replace, fmt.Sprintf("its name was %q", entry.Name)
		s.Changes = nil
	case fixed != "":
		s.Action, s.Why = Replace, fixed+" can't be changed"
	case parent != "":
		s.Action, s.Why = Replace, parent+" is replaced, and it with that"
	case len(s.Changes) > 0:
		s.Action = Update
	default:
		s.Action = NoOp
	}
	s.Destroys = destroyed(s, r, entry)
	return s
}

func (p *planning) reason(value any) Reason {
	if text, ok := value.(string); ok && (p.refs[text] || reference.MatchString(text)) {
		return Dependency
	}
	return NewSpec
}

// drift adds what somebody changed in the workspace, and is to be set back.
func (p *planning) drift(changes []Change, r Resource, entry *Entry, found Found) []Change {
	for _, d := range deviations(r.Kind, found.Fields, entry.Fields) {
		at, wanted := d.path(), look(any(p.sent[r.Key]), d.at)
		i := slices.IndexFunc(changes, func(c Change) bool { return c.Path == at })
		switch {
		case i >= 0:
			if encodedValue(d.old) != encodedValue(wanted) {
				changes[i].Old, changes[i].Why = d.old, Drift
			}
		case slices.ContainsFunc(changes, func(c Change) bool { return strings.HasPrefix(at, c.Path) && c.New == nil }):
			// goes with what holds it
		default:
			changes = append(changes, Change{at, d.old, wanted, Drift})
		}
	}
	slices.SortStableFunc(changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return changes
}

func encodedValue(v any) string { return short(v) }

func guardChanges(old, new map[string]string) (changes []Change) {
	for _, name := range slices.Sorted(maps.Keys(old)) {
		value, kept := new[name]
		if kept && value == old[name] {
			continue
		}
		c := Change{Path: "guard " + name, Old: old[name], Why: Guarded}
		if kept {
			c.New = value
		}
		changes = append(changes, c)
	}
	for _, name := range slices.Sorted(maps.Keys(new)) {
		if _, known := old[name]; !known {
			changes = append(changes, Change{Path: "guard " + name, New: new[name], Why: NewSpec})
		}
	}
	return changes
}

func (p *planning) secretChanges(r Resource, entry *Entry, found Found) []Change {
	switch {
	case r.Kind != Secret:
		return nil
	case p.RotateSecrets:
		return []Change{{Path: "value", Why: Rotated}}
	case found.Stamp != entry.Stamp:
		return []Change{{Path: "value", Why: Drift}}
	}
	return nil
}

// replacedParent is what a resource of that kind lies in and goes with; "" if that stays.
func (p *planning) replacedParent(r Resource) string {
	if !kinds[r.Kind].named {
		return ""
	}
	for _, key := range r.DependsOn {
		if s := p.steps[key]; s != nil && s.Action == Replace {
			return key
		}
	}
	return ""
}

// destroyed says what a step loses, "" for nothing.
func destroyed(s Step, r Resource, entry *Entry) string {
	var lost []string
	if s.Action == Replace {
		lost = append(lost, fmt.Sprintf("%s %q is deleted and made anew", noun(r.Kind), entry.Name))
		if entry.HoldsData != "" {
			lost = append(lost, "with "+entry.HoldsData)
		}
	}
	for _, c := range s.Changes {
		if c.Why == Guarded {
			lost = append(lost, fmt.Sprintf("%s: %s → %s", strings.TrimPrefix(c.Path, "guard "), short(c.Old), short(c.New)))
		}
	}
	return strings.Join(lost, "; ")
}

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
