package deploy

import (
	"context"
	"errors"
)

// What a Workspace's errors are, besides their text.
var (
	// ErrMissing is returned for what is not there.
	ErrMissing = errors.New("does not exist")
	// ErrExists is returned for what is there already.
	ErrExists = errors.New("exists already")
	// ErrNotEmpty is returned by Delete for a folder with something in it.
	ErrNotEmpty = errors.New("is not empty")
	// ErrUnknown is returned by Create when no answer came: it may have been made or not.
	ErrUnknown = errors.New("no answer came")
)

// Workspace is where resources are. Its methods are called from several goroutines at once.
type Workspace interface {
	// Find returns what is there: the resource with that id, or else those with that name. None is no error.
	Find(ctx context.Context, o Object) ([]Found, error)
	// Create makes it and returns its id.
	Create(ctx context.Context, o Object) (id string, err error)
	// Update brings it to o.Fields; o.Remote is what it was.
	Update(ctx context.Context, o Object) error
	// Delete removes it with all that it holds, a folder only if it is empty. ErrMissing if it is not there.
	Delete(ctx context.Context, o Object) error
	// Restart ends what a continuous job runs; the workspace starts it again with what the job is now.
	Restart(ctx context.Context, o Object) error
	// Stamp says when a secret was last written, for comparison only.
	Stamp(ctx context.Context, o Object) (string, error)
	// Holds names the data that is in it.
	Holds(ctx context.Context, o Object) ([]string, error)

	// ReadFile returns a file of the workspace's tree; ErrMissing if there is none.
	ReadFile(ctx context.Context, path string) ([]byte, error)
	// WriteFile writes one, with the folders above it. Without overwrite it is ErrExists if there is one,
	// and of several callers at once only one succeeds.
	WriteFile(ctx context.Context, path string, content []byte, overwrite bool) error
	// RemoveFile removes one; none is no error.
	RemoveFile(ctx context.Context, path string) error
}

// Object is a resource as a Workspace is asked about it.
type Object struct {
	Key  string
	Kind Kind
	Name string
	ID   string // "" where it is not known yet
	// Fields are to be sent, or, for Find, were sent or will be.
	Fields map[string]any
	Remote map[string]any
	Value  string // a secret's
}

// Found is a resource as it is in the workspace.
type Found struct {
	ID     string
	Fields map[string]any
	Mark   string // of a kind that is Marked; "" if it has none
	Stamp  string // of a secret
}
