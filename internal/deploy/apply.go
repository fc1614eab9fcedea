package deploy

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cryptostream/lakectl/internal/exit"
)

// Event is a step as it was executed.
type Event struct {
	Step
	Took time.Duration `json:"-"`
}

// Result is what an execution did.
type Result struct {
	Operation string `json:"operation"`
	Target    string `json:"target"`
	Lineage   string `json:"lineage"`
	Serial    int64  `json:"serial"`
	// Steps are those that were executed, in order.
	Steps []Step `json:"steps"`
	// Left are those that were not, since one failed.
	Left []Step `json:"left"`
}

// work is a plan while it is executed.
type work struct {
	*Engine
	plan    *Plan
	state   *State
	wanted  map[string]Resource
	secrets map[string]string
	result  *Result
}

// Apply executes a plan. Without a yes, one by which something is lost is refused. What was done before an
// error, or before ctx ended, is in the result and in the state; the next deploy goes on from there.
func (e *Engine) Apply(ctx context.Context, plan *Plan, yes bool) (_ *Result, err error) {
	w := &work{Engine: e, plan: plan, state: plan.state, wanted: map[string]Resource{}, secrets: map[string]string{}}
	w.result = &Result{Operation: plan.Operation, Target: e.Target, Lineage: plan.Lineage, Serial: plan.Serial, Steps: []Step{}, Left: []Step{}}
	if !yes && len(plan.Destroys()) > 0 {
		return w.result, exit.New(exit.Refused, errors.New("the plan destroys something, and nobody said yes"), "--auto-approve says yes")
	}
	for _, r := range plan.Desired {
		w.wanted[r.Key] = r
	}
	acts := plan.Acts()
	if len(acts) == 0 && plan.Operation == opDeploy {
		return w.result, nil
	}
	if err := w.ask(acts); err != nil {
		return w.result, err
	}
	if len(acts) > 0 {
		if err := w.locked(ctx, acts); err != nil {
			return w.result, err
		}
	}
	if plan.Operation == opDestroy {
		return w.result, e.clear(ctx, w.state)
	}
	return w.result, nil
}

// ask gets the secrets that will be written, before anything is.
func (w *work) ask(acts []Step) error {
	var missing []error
	for _, s := range acts {
		r := w.wanted[s.Key]
		if s.Kind != Secret || s.Action == Delete {
			continue
		}
		value, err := w.Secret(r)
		if err != nil {
			missing = append(missing, err)
		}
		w.secrets[s.Key] = value
	}
	if len(missing) > 0 {
		return together(missing)
	}
	return nil
}

// locked executes the steps while it holds the lock.
func (w *work) locked(ctx context.Context, acts []Step) (err error) {
	// What has begun is finished, and noted, whatever becomes of ctx.
	whole := context.WithoutCancel(ctx)
	unlock, err := w.lock(whole, w.plan.Operation)
	if err != nil {
		return err
	}
	defer func() {
		if failed := unlock(whole); err == nil {
			err = failed
		}
	}()
	if err := w.unmoved(whole); err != nil {
		return err
	}
	if err := w.announce(whole, acts); err != nil {
		return err
	}
	if err := w.steps(ctx, acts); err != nil {
		return w.giveUp(whole, err)
	}
	return nil
}

// unmoved reads the state again, now that nobody else can write it.
func (w *work) unmoved(ctx context.Context) error {
	state, err := w.readState(ctx)
	if err != nil {
		return err
	}
	if state.Serial != w.plan.Serial || state.Serial > 0 && state.Lineage != w.plan.Lineage {
		return exit.New(exit.Refused, errors.New("somebody else has deployed since the plan was made"), "run it again")
	}
	return nil
}

// announce notes what is about to be made or started anew: whatever happens from here, the next deploy
// knows what may be its own.
func (w *work) announce(ctx context.Context, acts []Step) error {
	if w.plan.Operation == opDestroy {
		return nil
	}
	w.state.NodeType = w.plan.NodeType
	for _, s := range acts {
		entry := w.state.Resources[s.Key]
		switch {
		case s.Action == Create || s.Action == Replace:
			if !w.state.pending(s.Key) {
				w.state.Pending = append(w.state.Pending, s.Key)
			}
		case s.Action == Restart && entry != nil:
			entry.Running = stale
		}
	}
	return w.saveState(ctx, w.state)
}

// steps executes: what is replaced is deleted, last first; then all is made and changed, in order; then what
// is wanted no more is deleted, and jobs are started anew.
func (w *work) steps(ctx context.Context, acts []Step) error {
	for i, s := range slices.Backward(acts) {
		if s.Action != Replace {
			continue
		}
		if err := w.one(ctx, s, w.remove); err != nil {
			w.result.Left = acts[:i+1]
			return err
		}
	}
	for i, s := range acts {
		do := map[Action]func(context.Context, Step) error{
			Create: w.create, Replace: w.create, Update: w.update, Bind: w.update, Delete: w.remove, Restart: w.restart,
		}[s.Action]
		if err := w.one(ctx, s, do); err != nil {
			w.result.Left = acts[i:]
			return err
		}
		w.result.Steps = append(w.result.Steps, s)
	}
	return nil
}

// one executes a step, unless ctx has ended, and saves the state.
func (w *work) one(ctx context.Context, s Step, do func(context.Context, Step) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	began, whole := time.Now(), context.WithoutCancel(ctx)
	if err := do(whole, s); err != nil {
		return err
	}
	if err := w.note(whole); err != nil {
		return err
	}
	w.Progress(Event{s, time.Since(began)})
	return nil
}

// note saves the state; a destroy that has nothing left has none.
func (w *work) note(ctx context.Context) error {
	if w.plan.Operation == opDestroy && len(w.state.Resources) == 0 {
		return nil
	}
	err := w.saveState(ctx, w.state)
	w.result.Serial = w.state.Serial
	return err
}
