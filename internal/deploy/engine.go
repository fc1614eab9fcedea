package deploy

import (
	"context"
	"time"
)

// Operations of an Engine.
const (
	opDeploy  = "deploy"
	opDestroy = "destroy"
)

// readers is how many resources are looked at at once.
const readers = 8

// Engine plans and executes for one target in one workspace.
type Engine struct {
	Workspace Workspace
	Target    string // its name
	Host      string // the workspace's address
	Folder    string // of the workspace, for the state and the lock
	Who       string // deploys
	Machine   string // on which host

	// Bind are ids of resources that are there, by key, which are taken over.
	Bind map[string]string
	// RotateSecrets writes every secret again.
	RotateSecrets bool
	// Secret returns a secret's value.
	Secret func(r Resource) (string, error)
	// NodeType chooses the machine that NodeType stands for.
	NodeType func(ctx context.Context) (string, error)

	NewID    func() string    // of a lineage and a lock; unique
	Now      func() time.Time // for the lock's age
	Progress func(Event)      // is told of each step; not nil
}
