package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/deploy"
)

func (a *app) planCommand() *cobra.Command {
	var o workspaceOptions
	var out string
	var d deployOptions
	cmd := &cobra.Command{
		Use:   "plan --target NAME",
		Short: "Show what a deploy would do to a Databricks workspace",
		Long: `Compares what the target wants with what was deployed and with what is in the workspace now, and shows
each resource that would be made, changed or deleted, the fields that change, and why: the target says
something else than before, somebody changed it in the workspace, or what it refers to changes.

Nothing is changed. With --out the plan is saved, for lakectl deploy --plan.`,
		Example: `  lakectl plan --target dev
  lakectl plan --target databricks --set catalog=prices --out plan.json`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.openSite(cmd.Context(), o)
			if err != nil {
				return err
			}
			if err := d.configure(s.Engine); err != nil {
				return err
			}
			if err := a.check(cmd.Context(), s, o); err != nil {
				return err
			}
			plan, err := s.Plan(cmd.Context(), s.wanted)
			if err != nil {
				return err
			}
			if out != "" {
				if err := savePlan(out, plan); err != nil {
					return err
				}
			}
			return a.showPlan(plan)
		},
	}
	o.flags(cmd)
	d.flags(cmd)
	cmd.Flags().StringVar(&out, "out", "", "file to save the plan in")
	return cmd
}

// savePlan writes a plan with all that it takes to execute it. Secrets are not in it.
func savePlan(file string, plan *deploy.Plan) error {
	text, err := json.MarshalIndent(plan, "", "  ")
	if err != nil {
		return fmt.Errorf("save the plan: %w", err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("save the plan: %w", err)
	}
	return nil
}

// showPlan prints a plan; what the resources contain is left out.
func (a *app) showPlan(plan *deploy.Plan) error {
	if a.output == "json" {
		shown := *plan
		shown.Desired = nil
		return a.json(shown)
	}
	return plan.WriteText(a.stdout)
}

// showAhead prints a plan that is about to be executed.
func (a *app) showAhead(plan *deploy.Plan) error {
	var text bytes.Buffer
	if err := plan.WriteText(&text); err != nil {
		return err
	}
	_, err := a.stderr.Write(append(text.Bytes(), '\n'))
	return err
}
