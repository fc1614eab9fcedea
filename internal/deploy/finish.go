package deploy

import (
	"context"
	"errors"
	"fmt"
)

// giveUp notes which resources were not begun, so that nobody else's is taken for ours later.
func (w *work) giveUp(ctx context.Context, cause error) error {
	before := len(w.state.Pending)
	for i, s := range w.result.Left {
		if i > 0 || !errors.Is(cause, ErrUnknown) {
			w.state.settled(s.Key)
		}
	}
	if len(w.state.Pending) == before {
		return cause
	}
	if err := w.saveState(ctx, w.state); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

// clear removes what the deploys themselves have left, once nothing is deployed: state and folder.
func (e *Engine) clear(ctx context.Context, state *State) error {
	if len(state.Resources) > 0 {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	home := Object{Key: "folder", Kind: Folder, Name: e.Folder}
	found, err := e.Workspace.Find(ctx, home)
	if err != nil {
		return fmt.Errorf("look for the folder %s: %w", e.Folder, err)
	}
	if len(found) == 0 {
		return nil
	}
	if state.Serial > 0 {
		if err := e.Workspace.RemoveFile(ctx, e.statePath()); err != nil {
			return fmt.Errorf("remove the state: %w", err)
		}
	}
	if err := e.Workspace.Delete(ctx, home); err != nil && !errors.Is(err, ErrMissing) && !errors.Is(err, ErrNotEmpty) {
		return fmt.Errorf("delete the folder %s: %w", e.Folder, err)
	}
	return nil
}
