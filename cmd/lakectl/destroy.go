package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) destroyCommand() *cobra.Command {
	var o workspaceOptions
	var force string
	var data, approve bool
	cmd := &cobra.Command{
		Use:   "destroy --target NAME",
		Short: "Delete from a Databricks workspace what was deployed",
		Long: `Shows what was deployed and what data is in it, asks for a yes, and deletes it, last first. The schema
with its tables and the volume with the checkpoints are kept, and the state that says whose they are;
--data deletes them too.`,
		Example: "  lakectl destroy --target dev\n  lakectl destroy --target dev --data --auto-approve",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.openSite(cmd.Context(), o)
			if err != nil {
				return err
			}
			if err := s.Unlocked(cmd.Context(), force); err != nil {
				return err
			}
			plan, err := s.PlanDestroy(cmd.Context(), s.wanted, data)
			if err != nil {
				return err
			}
			if acts := plan.Acts(); len(acts) > 0 {
				if err := a.showAhead(plan); err != nil {
					return err
				}
				if err := a.consent(approve, fmt.Sprintf("%d resources are deleted.", len(acts))); err != nil {
					return err
				}
			}
			result, err := s.Apply(cmd.Context(), plan, true)
			return a.finish(result, err)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&data, "data", false, "delete the schema with its tables and the volume with the checkpoints too")
	approveFlags(cmd, &approve, &force)
	return cmd
}
