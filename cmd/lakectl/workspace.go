package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/bundle"
	"github.com/cryptostream/lakectl/internal/databricks"
	"github.com/cryptostream/lakectl/internal/deploy"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/target"
	"github.com/cryptostream/lakectl/jobs"
)

// workspaceOptions say which target is deployed, and how its workspace is reached.
type workspaceOptions struct {
	targetOptions
	retryFor time.Duration
}

func (o *workspaceOptions) flags(cmd *cobra.Command) {
	o.targetOptions.flags(cmd)
	cmd.Flags().DurationVar(&o.retryFor, "retry-for", 2*time.Minute, "how long a call is repeated that the workspace is too busy for")
}

// site is a target's workspace, and what the target wants there.
type site struct {
	target.Target
	*deploy.Engine
	client *databricks.Client
	wanted []deploy.Resource
}

// openSite signs in to the target's workspace. Who that is decides about names, so the target is read twice.
func (a *app) openSite(ctx context.Context, o workspaceOptions) (*site, error) {
	if o.name == "" {
		return nil, usagef("--target is missing: databricks, dev, free, or one of your own")
	}
	t, err := o.resolve("somebody@example.com")
	if err != nil {
		return nil, err
	}
	if t.Databricks == nil {
		_, err := bundle.Resources(t, jobs.Default())
		return nil, err
	}
	client, err := databricks.Open(ctx, databricks.Options{Profile: t.Databricks.Profile, Host: t.Databricks.Host, RetryFor: o.retryFor}, version)
	if err != nil {
		return nil, err
	}
	if t, err = o.resolve(client.User); err != nil {
		return nil, err
	}
	wanted, err := bundle.Resources(t, jobs.Default())
	if err != nil {
		return nil, err
	}
	machine, err := os.Hostname()
	if err != nil {
		machine = "unknown"
	}
	s := &site{Target: t, client: client, wanted: wanted}
	s.Engine = &deploy.Engine{
		Workspace: client, Target: t.Name, Host: client.Host, Folder: t.Databricks.Folder, Who: client.User, Machine: machine,
		Secret: a.secretValue, NodeType: client.NodeType, NewID: uuid.NewString, Now: time.Now, Progress: a.progress,
	}
	return s, nil
}

// check finds what would fail, before the first call that changes something.
func (a *app) check(ctx context.Context, s *site, o workspaceOptions) error {
	problems := bundle.Check(s.Target, s.wanted, bundle.Known{Others: o.others(s)})
	for _, p := range problems.Warnings() {
		fmt.Fprintln(a.stderr, "warning:", p)
	}
	if err := problems.Err(); err != nil {
		for _, p := range problems {
			if !p.Warning {
				fmt.Fprintln(a.stderr, "  "+p.String())
			}
		}
		return exit.New(exit.Code(err), errors.New("the target can't be deployed as it is"), exit.Hint(err))
	}
	return s.client.CheckCatalog(ctx, s.Catalog)
}

// others are the other targets, as far as they resolve here.
func (o workspaceOptions) others(s *site) (all []target.Target) {
	for _, name := range o.names() {
		other := o.targetOptions
		other.name, other.set = name, nil
		if t, err := other.resolve(s.client.User); err == nil && name != s.Name {
			all = append(all, t)
		}
	}
	return all
}

// names are those of all targets.
func (o targetOptions) names() []string {
	set, err := target.Load(os.DirFS(o.folder))
	if err != nil {
		return nil
	}
	return set.Names()
}

// progress is a line for each step that was executed.
func (a *app) progress(e deploy.Event) {
	fmt.Fprintf(a.stderr, "  %-8s %s  %s (%.1fs)\n", e.Action, e.Key, e.Name, e.Took.Seconds())
}

// finish shows what was done, which may be less than was planned.
func (a *app) finish(result *deploy.Result, err error) error {
	if errors.Is(err, context.Canceled) {
		err = exit.New(exit.Failed, fmt.Errorf("stopped after a step that was finished: %w", err), "run it again: it goes on where it stopped")
	}
	if result == nil {
		return err
	}
	if a.output == "json" {
		return errors.Join(a.json(result), err)
	}
	line := result.Summary()
	if len(result.Left) > 0 {
		line += fmt.Sprintf("; %d not done", len(result.Left))
	}
	if err == nil || len(result.Steps) > 0 {
		fmt.Fprintln(a.stdout, line)
	}
	return err
}

// consent asks for a yes on a terminal, where no flag says it.
func (a *app) consent(given bool, question string) error {
	if given {
		return nil
	}
	answer, isTerminal := a.typed(question + " Type yes: ")
	switch {
	case !isTerminal:
		return exit.New(exit.Refused, errors.New("this needs a yes"), "--auto-approve says it where there is no terminal")
	case strings.TrimSpace(answer) != "yes":
		return exit.New(exit.Refused, errors.New("not done: the answer was not yes"), "")
	}
	return nil
}
