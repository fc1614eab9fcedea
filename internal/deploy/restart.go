package deploy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// beside are the fields of a job that a run does not notice.
var beside = []string{"name", "description", "tags", "email_notifications", "webhook_notifications", "notification_settings"}

// stale stands for the digest of what a job runs when that is to be ended, whatever it is.
const stale = "stale"

// restarts adds a step for each continuous job that runs and whose run has become old: the job itself has
// changed, or a notebook that it runs; and for one that is continuous no more, whose run would never end.
func (p *planning) restarts() {
	for _, key := range p.order {
		r := p.wanted[key]
		if r.Kind != Job || r.Existing != "" {
			continue
		}
		if entry := p.state.Resources[key]; p.sent[key]["continuous"] == nil {
			if entry != nil && entry.Running != "" && p.steps[key].Action != Create {
				p.restart(key, "its run is of when it was continuous, and would not end")
			}
			continue
		}
		if !runsAlways(p.sent[key]) {
			continue
		}
		notebooks := make([]map[string]any, len(r.Runs))
		for i, notebook := range r.Runs {
			notebooks[i] = p.sent[notebook]
		}
		s, entry := p.steps[key], p.state.Resources[key]
		if s.Action == Create || !runsAlways(p.plan.remote[key].Fields) {
			continue // it starts by itself
		}
		why := ""
		switch {
		case entry == nil || entry.Running != digest(p.sent[key], notebooks):
			why = "what it runs has changed since it was started"
		case slices.ContainsFunc(s.Changes, noticed):
			why = "the job changes"
		default:
			for _, notebook := range r.Runs {
				if n := p.steps[notebook]; n.Action != NoOp && n.Action != Keep {
					why = notebook + " changes"
				}
			}
		}
		if why != "" {
			p.restart(key, why)
		}
	}
}

func (p *planning) restart(key, why string) {
	p.plan.Steps = append(p.plan.Steps, Step{Key: key, Kind: Job, Name: p.wanted[key].Name, ID: p.steps[key].ID, Action: Restart, Why: why})
}

// runsAlways reports whether a job is continuous and not paused.
func runsAlways(fields map[string]any) bool {
	continuous, ok := fields["continuous"].(map[string]any)
	return ok && continuous["pause_status"] != "PAUSED"
}

func noticed(c Change) bool {
	if c.Why == Guarded {
		return true
	}
	for _, name := range beside {
		if rest, ok := strings.CutPrefix(c.Path, name); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return false
		}
	}
	return true
}

// digest is of what a job runs: its own fields but those beside, and its notebooks'.
func digest(job map[string]any, notebooks []map[string]any) string {
	fields := maps.Clone(job)
	for _, name := range beside {
		delete(fields, name)
	}
	text, err := json.Marshal([]any{fields, notebooks})
	if err != nil {
		return ""
	}
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:])
}
