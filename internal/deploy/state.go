package deploy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/cryptostream/lakectl/internal/exit"
)

// stateVersion is the form of a state that this program writes.
const stateVersion = 1

// State is what was deployed: a file in the target's folder. No secret is in it.
type State struct {
	Version int    `json:"version"`
	Target  string `json:"target"`
	// Lineage is made with the state and never changes; Serial counts how often it was written.
	Lineage string `json:"lineage"`
	Serial  int64  `json:"serial"`
	// NodeType is the machine that was chosen for the jobs' clusters, so that the next plan has the same.
	NodeType  string            `json:"node_type,omitempty"`
	Resources map[string]*Entry `json:"resources"`
	// Pending are the keys of resources that a deploy has begun to make: one that is found was made by it.
	Pending []string `json:"pending,omitempty"`
	// Checksum is the SHA-256 of all the rest.
	Checksum string `json:"checksum"`
}

// Entry is one resource as it was deployed.
type Entry struct {
	Kind      Kind              `json:"kind"`
	Name      string            `json:"name"`
	ID        string            `json:"id"`
	Fields    map[string]any    `json:"fields"` // as they were sent; contents as content_sha256
	DependsOn []string          `json:"depends_on,omitempty"`
	Guards    map[string]string `json:"guards,omitempty"`
	HoldsData string            `json:"holds_data,omitempty"`
	// Stamp is when a secret was written, as the workspace says.
	Stamp string `json:"stamp,omitempty"`
	// Running is the digest of what a continuous job runs since its last start; "" if it never ran.
	Running string `json:"running,omitempty"`
}

func (e *Engine) statePath() string { return path.Join(e.Folder, "state.json") }

// readState returns the state, an empty one with a new lineage if there is none.
func (e *Engine) readState(ctx context.Context) (*State, error) {
	text, err := e.Workspace.ReadFile(ctx, e.statePath())
	if errors.Is(err, ErrMissing) {
		return &State{Version: stateVersion, Target: e.Target, Lineage: e.NewID(), Resources: map[string]*Entry{}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	s, err := parseState(e.statePath(), text)
	if err == nil && s.Target != e.Target {
		err = exit.New(exit.Refused, fmt.Errorf("%s holds what target %s has deployed", e.Folder, s.Target), "give target "+e.Target+" another databricks.folder")
	}
	return s, err
}

func parseState(file string, text []byte) (*State, error) {
	var s State
	var head struct{ Version int }
	if err := json.Unmarshal(text, &head); err == nil && head.Version > stateVersion {
		return nil, exit.New(exit.Refused, fmt.Errorf("the state in %s is of version %d, and this lakectl knows %d", file, head.Version, stateVersion),
			"deploy with the lakectl that wrote it, or a newer one")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return nil, broken(file, "is broken: "+err.Error())
	}
	if s.Version != stateVersion || s.Lineage == "" {
		return nil, broken(file, "is not one that lakectl wrote")
	}
	if sum, err := s.sum(); err != nil || sum != s.Checksum {
		return nil, broken(file, "was changed by hand")
	}
	for _, entry := range s.Resources {
		if entry == nil {
			return nil, broken(file, "is broken: a resource is null")
		}
	}
	if s.Resources == nil {
		s.Resources = map[string]*Entry{}
	}
	return &s, nil
}

func broken(file, how string) error {
	return exit.New(exit.Refused, fmt.Errorf("the state in %s %s", file, how),
		"put it back as it was; or delete it, and deploy with --bind KEY=ID for each resource that is there")
}

// sum is the checksum of a state.
func (s State) sum() (string, error) {
	s.Checksum = ""
	text, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:]), nil
}

// saveState writes the state, one serial on.
func (e *Engine) saveState(ctx context.Context, s *State) error {
	s.Serial++
	slices.Sort(s.Pending)
	sum, err := s.sum()
	if err != nil {
		return fmt.Errorf("save the state: %w", err)
	}
	s.Checksum = sum
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("save the state: %w", err)
	}
	if err := e.Workspace.WriteFile(ctx, e.statePath(), append(text, '\n'), true); err != nil {
		return fmt.Errorf("save the state: %w", err)
	}
	return nil
}

func (s *State) pending(key string) bool { return slices.Contains(s.Pending, key) }

func (s *State) settled(key string) {
	s.Pending = slices.DeleteFunc(s.Pending, func(one string) bool { return one == key })
}

// ids returns the id of a resource that is deployed.
func (s *State) id(key string) string {
	if entry := s.Resources[key]; entry != nil {
		return entry.ID
	}
	return ""
}
