package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/cryptostream/lakectl/internal/exit"
)

// Lock is held by who deploys: a file in the target's folder.
type Lock struct {
	ID        string    `json:"id"`
	Operation string    `json:"operation"` // deploy or destroy
	Who       string    `json:"who"`
	Host      string    `json:"host"`
	Since     time.Time `json:"since"`
}

func (e *Engine) lockPath() string { return path.Join(e.Folder, "deploy.lock") }

// Unlocked fails if somebody deploys, or a deploy died. A lock with the id force is taken away.
func (e *Engine) Unlocked(ctx context.Context, force string) error {
	held, err := e.readLock(ctx)
	if errors.Is(err, ErrMissing) {
		return nil
	}
	if err != nil {
		return err
	}
	if force == "" || force != held.ID {
		return e.locked(held)
	}
	if err := e.Workspace.RemoveFile(ctx, e.lockPath()); err != nil {
		return fmt.Errorf("take away the lock: %w", err)
	}
	return nil
}

func (e *Engine) readLock(ctx context.Context) (Lock, error) {
	var held Lock
	text, err := e.Workspace.ReadFile(ctx, e.lockPath())
	if err != nil {
		return held, fmt.Errorf("read the lock: %w", err)
	}
	if err := json.Unmarshal(text, &held); err != nil || held.ID == "" {
		return held, exit.New(exit.Refused, fmt.Errorf("the lock %s is broken", e.lockPath()),
			"if nobody deploys to "+e.Target+" now, delete that file in the workspace")
	}
	return held, nil
}

func (e *Engine) locked(held Lock) error {
	age := e.Now().Sub(held.Since).Round(time.Second)
	return exit.New(exit.Refused,
		fmt.Errorf("target %s is locked: a %s by %s on %s, begun %s ago (%s)", e.Target, held.Operation, held.Who, held.Host, age, held.Since.UTC().Format(time.RFC3339)),
		"wait for it; if it died, go on with --force-unlock "+held.ID)
}

// lock takes the lock, and returns what gives it back.
func (e *Engine) lock(ctx context.Context, operation string) (func(context.Context) error, error) {
	mine := Lock{ID: e.NewID(), Operation: operation, Who: e.Who, Host: e.Machine, Since: e.Now().UTC().Truncate(time.Second)}
	text, err := json.MarshalIndent(mine, "", "  ")
	if err != nil {
		return nil, err
	}
	err = e.Workspace.WriteFile(ctx, e.lockPath(), append(text, '\n'), false)
	if errors.Is(err, ErrExists) {
		held, readErr := e.readLock(ctx)
		switch {
		case readErr != nil:
			return nil, readErr
		case held.ID != mine.ID: // else the call was answered the second time
			return nil, e.locked(held)
		}
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("lock the target: %w", err)
	}
	return func(ctx context.Context) error {
		if err := e.Workspace.RemoveFile(ctx, e.lockPath()); err != nil {
			return fmt.Errorf("give back the lock: %w", err)
		}
		return nil
	}, nil
}
