package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/cryptostream/lakectl/internal/deploy"
	"github.com/cryptostream/lakectl/internal/exit"
)

// deployOptions are what a plan depends on besides the target.
type deployOptions struct {
	bind          []string // KEY=ID
	rotateSecrets bool
}

func (o *deployOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&o.bind, "bind", nil, "take over a resource that somebody else made, KEY=ID; may be repeated")
	f.BoolVar(&o.rotateSecrets, "rotate-secrets", false, "write every secret again")
}

func (o *deployOptions) configure(e *deploy.Engine) error {
	e.RotateSecrets, e.Bind = o.rotateSecrets, map[string]string{}
	for _, pair := range o.bind {
		key, id, found := strings.Cut(pair, "=")
		if !found || key == "" || id == "" {
			return usagef("--bind %q is not KEY=ID, such as job.streaming=123", pair)
		}
		e.Bind[key] = id
	}
	return nil
}

func (a *app) deployCommand() *cobra.Command {
	var o workspaceOptions
	var d deployOptions
	var file, force string
	var approve bool
	cmd := &cobra.Command{
		Use:   "deploy --target NAME",
		Short: "Bring a Databricks workspace to what a target asks for",
		Long: `Puts the lakehouse into a workspace: notebooks, schema, volume, secrets, jobs, SQL warehouse,
permissions. What is as it should be is left alone; what somebody changed in the workspace is set back.
A continuous job is restarted only if what it runs has changed.

One call a step, with the state saved after each in the target's folder of the workspace: a deploy that
was killed goes on when it is run again. Steps by which data is lost or doubled need a typed yes, or
--auto-approve.

Values of secrets come from the environment, or are asked for on a terminal.`,
		Example: `  lakectl deploy --target dev
  lakectl deploy --target databricks --plan plan.json
  lakectl deploy --target databricks --bind schema=main.cryptostream`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file != "" && (len(d.bind) > 0 || d.rotateSecrets) {
				return usagef("--bind and --rotate-secrets belong to the plan: give them to lakectl plan")
			}
			s, err := a.openSite(cmd.Context(), o)
			if err != nil {
				return err
			}
			if err := d.configure(s.Engine); err != nil {
				return err
			}
			if err := a.ready(cmd.Context(), s, o, force); err != nil {
				return err
			}
			plan, err := s.planned(cmd.Context(), file)
			if err != nil {
				return err
			}
			return a.execute(cmd.Context(), s, plan, approve)
		},
	}
	o.flags(cmd)
	d.flags(cmd)
	cmd.Flags().StringVar(&file, "plan", "", "execute a plan that lakectl plan --out has saved")
	approveFlags(cmd, &approve, &force)
	return cmd
}

func approveFlags(cmd *cobra.Command, approve *bool, force *string) {
	cmd.Flags().BoolVar(approve, "auto-approve", false, "say yes to steps that delete or double data")
	cmd.Flags().StringVar(force, "force-unlock", "", "take away the lock with this id, which a deploy that died has left")
}

// ready checks the target, and that nobody deploys to it.
func (a *app) ready(ctx context.Context, s *site, o workspaceOptions, force string) error {
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return s.Unlocked(ctx, force) })
	both.Go(func() error { return a.check(ctx, s, o) })
	return both.Wait()
}

// planned is a new plan, or the one in a file if it still holds.
func (s *site) planned(ctx context.Context, file string) (*deploy.Plan, error) {
	if file == "" {
		return s.Plan(ctx, s.wanted)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, exit.New(exit.Usage, fmt.Errorf("read the plan: %w", err), "lakectl plan --out makes one")
	}
	saved, err := deploy.ReadPlan(file, text)
	if err != nil {
		return nil, err
	}
	return s.PlanAgain(ctx, saved)
}

// execute shows a plan, asks where it destroys something, and executes it.
func (a *app) execute(ctx context.Context, s *site, plan *deploy.Plan, approve bool) error {
	if len(plan.Acts()) > 0 {
		if err := a.showAhead(plan); err != nil {
			return err
		}
	}
	if len(plan.Destroys()) > 0 {
		if err := a.consent(approve, "Data is lost or doubled where it says DESTROYS."); err != nil {
			return err
		}
	}
	result, err := s.Apply(ctx, plan, true)
	return a.finish(result, err)
}
