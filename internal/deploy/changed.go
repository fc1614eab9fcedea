package deploy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

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
