package deploy

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

var signs = map[Action]string{
	Create: "+", Update: "~", Replace: "-/+", Delete: "-", Bind: "=", Restart: "↻", Keep: "·", NoOp: " ",
}

var whys = map[Reason]string{
	NewSpec: "", Drift: "changed in the workspace", Dependency: "what it refers to changes",
	Rotated: "to be rotated", Guarded: "data would be lost or doubled",
}

// WriteText shows a plan to people: each resource that something happens to, the fields that change and why.
func (p *Plan) WriteText(out io.Writer) error {
	fmt.Fprintf(out, "%s of target %s in %s, folder %s\n\n", p.Operation, p.Target, p.Workspace, p.Folder)
	shown := slices.DeleteFunc(slices.Clone(p.Steps), func(s Step) bool { return s.Action == NoOp })
	var action, key, name int
	for _, s := range shown {
		action, key, name = max(action, len(s.Action)), max(key, len(s.Key)), max(name, len([]rune(s.Name)))
	}
	for _, s := range shown {
		line := fmt.Sprintf("  %-3s %-*s  %-*s  %-*s  %s", signs[s.Action], action, s.Action, key, s.Key, name, s.Name, s.Why)
		fmt.Fprintln(out, strings.TrimRight(line, " "))
		for _, detail := range s.details() {
			fmt.Fprintf(out, "        %s\n", detail)
		}
	}
	if len(shown) > 0 {
		fmt.Fprintln(out)
	}
	_, err := fmt.Fprintln(out, p.Summary())
	return err
}

// details are the lines below a step.
func (s Step) details() (lines []string) {
	for _, c := range s.Changes {
		line := c.Path + ": " + short(c.Old) + " → " + short(c.New)
		switch {
		case c.Path == "value" && s.Kind == Secret:
			line = "its value is written again"
		case c.Path == digestField:
			line = "content: " + digestShort(c.Old) + " → " + digestShort(c.New)
		}
		if why := whys[c.Why]; why != "" {
			line += "  (" + why + ")"
		}
		lines = append(lines, line)
	}
	if s.Destroys != "" {
		lines = append(lines, "DESTROYS "+s.Destroys)
	}
	if len(s.Holds) > 0 {
		const most = 10
		names := s.Holds
		if len(names) > most {
			names = append(append([]string{}, names[:most]...), fmt.Sprintf("and %d more", len(names)-most))
		}
		lines = append(lines, "holds "+strings.Join(names, ", "))
	}
	return lines
}

// digestShort is enough of a digest to tell two apart.
func digestShort(v any) string {
	text, ok := v.(string)
	if !ok {
		return short(v)
	}
	return text[:min(len(text), 8)]
}

// Summary counts a plan's steps by action.
func (p *Plan) Summary() string {
	return count(p.Steps, map[Action]string{
		Create: "to create", Update: "to update", Replace: "to replace", Bind: "to take over", Delete: "to delete",
		Restart: "to restart", Keep: "kept", NoOp: "unchanged",
	}, "nothing is deployed")
}

// Summary counts what was done.
func (r *Result) Summary() string {
	return count(r.Steps, map[Action]string{
		Create: "created", Update: "updated", Replace: "replaced", Bind: "taken over", Delete: "deleted", Restart: "restarted",
	}, "nothing to do")
}

func count(steps []Step, words map[Action]string, none string) string {
	n := map[Action]int{}
	for _, s := range steps {
		n[s.Action]++
	}
	var parts []string
	for _, action := range []Action{Create, Bind, Update, Replace, Delete, Restart, Keep, NoOp} {
		if n[action] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[action], words[action]))
		}
	}
	if len(parts) == 0 {
		return none
	}
	return strings.Join(parts, ", ")
}
