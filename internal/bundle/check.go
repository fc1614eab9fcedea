package bundle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cryptostream/lakectl/internal/deploy"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/target"
)

// Problem is something that would fail in the workspace, or later, and can be known before the first call.
type Problem struct {
	Resource string `json:"resource,omitempty"` // its key; "" for what is about the target
	Message  string `json:"message"`
	Remedy   string `json:"remedy"`
	// Warning is what may be meant: it is said, and stops nothing.
	Warning bool `json:"warning,omitempty"`
	// Mixes is what would put the data of two lakehouses together.
	Mixes bool `json:"mixes,omitempty"`
}

// String is the problem with its remedy on one line.
func (p Problem) String() string {
	text := p.Message + "; " + p.Remedy
	if p.Resource != "" {
		text = p.Resource + ": " + text
	}
	return text
}

// Problems are all that a check has found.
type Problems []Problem

// Warnings returns those that stop nothing.
func (ps Problems) Warnings() Problems {
	return slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return !p.Warning })
}

// Err returns those that are no warnings as one error, or nil. Its exit code is Refused where data would be
// mixed, else Failed.
func (ps Problems) Err() error {
	hard := slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return p.Warning })
	if len(hard) == 0 {
		return nil
	}
	code, lines := exit.Failed, make([]string, len(hard))
	for i, p := range hard {
		lines[i] = p.String()
		if p.Mixes {
			code = exit.Refused
		}
	}
	return exit.New(code, fmt.Errorf("check before deploying: %s", strings.Join(lines, "\n")), "nothing was changed")
}

func (ps *Problems) add(resource, remedy, format string, args ...any) {
	*ps = append(*ps, Problem{Resource: resource, Message: fmt.Sprintf(format, args...), Remedy: remedy})
}

func (ps *Problems) warn(remedy, format string, args ...any) {
	*ps = append(*ps, Problem{Message: fmt.Sprintf(format, args...), Remedy: remedy, Warning: true})
}

// Known is what a check may look at besides the target.
type Known struct {
	Others []target.Target // the other targets, as far as they resolve
	// Variable reports whether the environment has a secret's value; nil where secrets are asked for.
	Variable func(name string) bool
}

// Check returns everything that is wrong with deploying these resources of a target, as far as it can be
// known without the workspace, the worst first. What a target's file may say was checked when it was read.
func Check(t target.Target, resources []deploy.Resource, known Known) Problems {
	var found Problems
	found.checkReferences(resources)
	for _, r := range resources {
		switch r.Kind {
		case deploy.Job:
			found.checkJob(r)
		case deploy.Schema, deploy.Volume:
			found.checkObject(r)
		case deploy.Warehouse:
			found.checkWarehouse(r)
		}
	}
	if known.Variable != nil {
		found.checkSecrets(resources, known.Variable)
	}
	found.checkBrokers(t)
	found.checkFolders(t)
	for _, other := range known.Others {
		found.checkApart(t, other)
	}
	slices.SortStableFunc(found, func(a, b Problem) int { return severity(b) - severity(a) })
	return found
}

// severity puts what stops a deploy before what does not.
func severity(p Problem) int {
	switch {
	case p.Mixes:
		return 2
	case p.Warning:
		return 0
	}
	return 1
}

// MissingSecrets returns the environment variables of secrets that are not set, in order.
func MissingSecrets(resources []deploy.Resource, set func(name string) bool) []string {
	var missing []string
	for _, r := range resources {
		if r.Variable != "" && !set(r.Variable) {
			missing = append(missing, r.Variable)
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}

func (ps *Problems) checkSecrets(resources []deploy.Resource, set func(name string) bool) {
	for _, name := range MissingSecrets(resources, set) {
		ps.add("", "set "+name+", or run this on a terminal, which asks for it", "the environment has no %s, the value of a secret", name)
	}
}

// checkReferences holds keys against each other: a plan may come from a file.
func (ps *Problems) checkReferences(resources []deploy.Resource) {
	const remedy = "deploy from the target, not from a changed plan"
	keys := map[string]bool{}
	for _, r := range resources {
		if keys[r.Key] {
			ps.add(r.Key, remedy, "two resources have this key")
		}
		keys[r.Key] = true
	}
	for _, r := range resources {
		for _, on := range r.DependsOn {
			if !keys[on] {
				ps.add(r.Key, remedy, "it depends on %s, which is not there", on)
			}
		}
	}
}
