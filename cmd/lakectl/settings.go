package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/pflag"
	"gopkg.in/yaml.v3"

	"github.com/cryptostream/lakectl/internal/exit"
)

// settingsFile is looked for in the current folder: a mapping from flag names to values.
const settingsFile = "lakectl.yaml"

// fillFlags gives each flag that was not on the command line its value from the environment, or
// else from the settings file. A key that is no flag of this command is left alone: the file serves
// all commands.
func fillFlags(flags *pflag.FlagSet, env func(string) (string, bool), file string) error {
	settings, err := readSettings(file)
	if err != nil {
		return err
	}
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed || failed != nil || f.Name == "help" {
			return
		}
		name := "LAKECTL_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, origin := "", ""
		if v, _ := env(name); v != "" { // an empty one is none, as compose files pass it on
			value, origin = v, name
		} else if v, ok := settings[f.Name]; ok {
			value, origin = v, file+": "+f.Name
		} else {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			failed = exit.New(exit.Usage, fmt.Errorf("%s: %w", origin, err), "")
		}
	})
	return failed
}

func readSettings(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	settings := map[string]string{}
	if err := yaml.Unmarshal(text, &settings); err != nil {
		return nil, exit.New(exit.Usage, fmt.Errorf("%s: %w", file, err), `write it as "flag: value" lines, such as "source: simulated"`)
	}
	return settings, nil
}
