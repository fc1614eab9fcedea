package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/pflag"

	"github.com/cryptostream/lakectl/internal/exit"
)

// secretFlags are flags whose values may hold a secret among others, and how to see it.
var secretFlags = map[string]*regexp.Regexp{
	"remote":     regexp.MustCompile(`(?i)[/;]token=[^;]`),
	"set":        regexp.MustCompile(`(?i)[/;]token=[^;]`),
	"spark-conf": regexp.MustCompile(`(?i)(password|secret|token)[^=,]*=`),
}

// refuseSecrets refuses a secret on the command line, where each user of the machine can read it. It is to be called
// before flags are filled from elsewhere.
func refuseSecrets(flags *pflag.FlagSet) error {
	var found error
	flags.Visit(func(f *pflag.Flag) {
		if pattern := secretFlags[f.Name]; pattern != nil && pattern.MatchString(f.Value.String()) {
			found = exit.New(exit.Usage, errors.New("--"+f.Name+" has a secret in it, which other users of this machine can read while lakectl runs"),
				fmt.Sprintf("put it into the environment, as LAKECTL_%s, or into ./%s", strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_")), settingsFile))
		}
	})
	return found
}
