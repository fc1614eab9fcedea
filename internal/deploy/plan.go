package deploy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/cryptostream/lakectl/internal/exit"
)

// Action is what a step does with a resource.
type Action string

// The actions.
const (
	Create  Action = "create"
	Update  Action = "update"
	Replace Action = "replace" // delete and create: what changes can't be changed
	Delete  Action = "delete"
	Bind    Action = "bind"    // take over what is there
	Restart Action = "restart" // end a continuous job's run, after which the next one begins
	Keep    Action = "keep"    // somebody else's, or data that is not to be deleted
	NoOp    Action = "no-op"
)

// Reason is why a field or resource changes.
type Reason string

// The reasons.
const (
	NewSpec    Reason = "spec"       // what is asked for is not what was deployed
	Drift      Reason = "drift"      // the workspace is not as it was deployed: somebody changed it there
	Dependency Reason = "dependency" // what it refers to changes
	Rotated    Reason = "rotated"    // a secret is to be written again
	Guarded    Reason = "guard"      // data would be lost or doubled
)

// Change is a field that changes. Old is what the workspace has, nil for nothing.
type Change struct {
	Path string `json:"path"`
	Old  any    `json:"old"`
	New  any    `json:"new"`
	Why  Reason `json:"why"`
}

// Step is what happens to one resource.
type Step struct {
	Key     string   `json:"key"`
	Kind    Kind     `json:"kind"`
	Name    string   `json:"name"`
	ID      string   `json:"id,omitempty"` // where it has one
	Action  Action   `json:"action"`
	Why     string   `json:"why,omitempty"`
	Changes []Change `json:"changes,omitempty"`
	// Destroys says what is lost; a plan with such a step needs a yes.
	Destroys string `json:"destroys,omitempty"`
	// Holds names the data that is in it, where that is deleted or kept.
	Holds []string `json:"holds,omitempty"`
}

// planVersion is the form of a saved plan.
const planVersion = 1

// Plan is what a deploy or destroy does, in order. It is data: its text is made of it.
type Plan struct {
	Version   int    `json:"version"`
	Operation string `json:"operation"` // deploy or destroy
	Target    string `json:"target"`
	Workspace string `json:"workspace"` // its address
	Folder    string `json:"folder"`
	// Lineage and Serial are those of the state that it was made from.
	Lineage  string `json:"lineage"`
	Serial   int64  `json:"serial"`
	NodeType string `json:"node_type,omitempty"`
	Steps    []Step `json:"steps"`
	// Desired is what the workspace is to have; in a saved plan, so that it can be executed later.
	Desired []Resource `json:"desired,omitempty"`
	// Data is whether a destroy deletes data too.
	Data bool `json:"data,omitempty"`

	state  *State
	remote map[string]Found
}

// Acts returns the steps that do something.
func (p *Plan) Acts() []Step {
	return slices.DeleteFunc(slices.Clone(p.Steps), func(s Step) bool { return s.Action == Keep || s.Action == NoOp })
}

// Destroys returns the steps by which something is lost.
func (p *Plan) Destroys() []Step {
	return slices.DeleteFunc(slices.Clone(p.Steps), func(s Step) bool { return s.Destroys == "" })
}

// ReadPlan reads a plan that was saved as JSON.
func ReadPlan(file string, text []byte) (*Plan, error) {
	var p Plan
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return nil, exit.New(exit.Usage, fmt.Errorf("read the plan %s: %w", file, err), "make one with lakectl plan --out "+file)
	}
	if p.Version != planVersion || p.Operation != opDeploy || len(p.Desired) == 0 {
		return nil, exit.New(exit.Usage, fmt.Errorf("%s is not a plan that this lakectl can execute", file), "make one with lakectl plan --out "+file)
	}
	return &p, nil
}

// movedFrom tells what is not as it was when a plan was saved; "" if all is.
func (p *Plan) movedFrom(saved *Plan) string {
	if p.Lineage != saved.Lineage || p.Serial != saved.Serial {
		return fmt.Sprintf("there was another deploy since: the state is %s/%d, and was %s/%d", p.Lineage, p.Serial, saved.Lineage, saved.Serial)
	}
	for i := range max(len(p.Steps), len(saved.Steps)) {
		if i >= len(p.Steps) || i >= len(saved.Steps) {
			return "the workspace has changed since"
		}
		if now, was := encoded(p.Steps[i]), encoded(saved.Steps[i]); now != was {
			return fmt.Sprintf("the workspace has changed since: %s is %s now, and was %s", p.Steps[i].Key, p.Steps[i].Action, saved.Steps[i].Action)
		}
	}
	return ""
}

func encoded(s Step) string {
	text, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
