package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/local"
)

// version is set by the linker for a release.
var version = "dev"

type versions struct {
	Lakectl  string `json:"lakectl"`
	Commit   string `json:"commit,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Spark    string `json:"spark"`
	Delta    string `json:"delta"`
	Kafka    string `json:"kafka"`
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the versions of lakectl and of what it runs",
		Args:  arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			v := currentVersions()
			if a.output == "json" {
				return a.json(v)
			}
			_, err := fmt.Fprintf(a.stdout, "lakectl %s (%s, %s)\nSpark %s, Delta %s, Kafka %s\n",
				v.Lakectl, v.Go, v.Platform, v.Spark, v.Delta, v.Kafka)
			return err
		},
	}
}

func currentVersions() versions {
	v := versions{Lakectl: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	v.Spark, v.Delta, v.Kafka = local.Versions()
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Commit = s.Value
			}
		}
	}
	return v
}
