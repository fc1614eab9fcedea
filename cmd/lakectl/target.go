package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/target"
)

// targetsFolder is where a user's own targets are looked for.
const targetsFolder = "targets"

// targetOptions say which target is meant, and what is to be different in it.
type targetOptions struct {
	name    string
	folder  string
	set     []string // key=value
	profile string
}

func (o *targetOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.name, "target", "", "name of a target: databricks, dev, free, or a file NAME.yaml in --targets")
	f.StringVar(&o.folder, "targets", targetsFolder, "folder of your own targets")
	f.StringArrayVar(&o.set, "set", nil, "a key of the target and its value, key=value, such as catalog=prices; may be repeated")
	f.StringVar(&o.profile, "profile", "", "section of ~/.databrickscfg to log in with, instead of the target's")
}

// resolve returns the target. user is who asks, as the workspace names them.
func (o targetOptions) resolve(user string) (target.Target, error) {
	var own fs.FS
	if info, err := os.Stat(o.folder); err == nil && info.IsDir() {
		own = os.DirFS(o.folder)
	} else if o.folder != targetsFolder {
		return target.Target{}, exit.New(exit.Usage, fmt.Errorf("--targets: there is no folder %s", o.folder), "")
	}
	changes := map[string]string{}
	for _, pair := range o.set {
		key, value, found := strings.Cut(pair, "=")
		if !found || key == "" {
			return target.Target{}, exit.New(exit.Usage, fmt.Errorf("--set %q is not key=value", pair), "such as --set catalog=prices")
		}
		changes[key] = value
	}
	set, err := target.Load(own)
	if err != nil {
		return target.Target{}, err
	}
	t, err := set.Resolve(o.name, target.Variables{User: user, Env: os.LookupEnv, Set: changes})
	if err != nil {
		return target.Target{}, err
	}
	if o.profile != "" && t.Databricks == nil {
		return target.Target{}, exit.New(exit.Usage, errors.New("--profile is for a target with a workspace"), "")
	}
	if o.profile != "" {
		t.Databricks.Profile = o.profile
	}
	return t, nil
}
