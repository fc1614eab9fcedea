package main

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/spark"
)

// ourImage is the image of services that run lakectl.
const ourImage = "lakectl:local"

// composed loads docker-compose.yml with all profiles. env has what .env could have.
func composed(t *testing.T, env ...string) types.Services {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"../../docker-compose.yml"}, cli.WithProfiles([]string{"*"}), cli.WithDiscardEnvFile, cli.WithEnv(env))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project.Services
}

// entrypoint is what the image of infra/docker/Dockerfile starts.
func entrypoint(t *testing.T) (program []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "infra", "docker", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(text), "\nENTRYPOINT ")
	line, _, _ := strings.Cut(after, "\n")
	if err := json.Unmarshal([]byte(line), &program); !ok || err != nil {
		t.Fatalf("ENTRYPOINT %q: %v", line, err)
	}
	return program
}

// parsed is a command line as lakectl would read it, without running it.
func parsed(t *testing.T, args []string) *cobra.Command {
	t.Helper()
	cmd, rest, err := (&app{}).root().Find(args)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err != nil {
		t.Errorf("lakectl %s: %v", strings.Join(args, " "), err)
	}
	return cmd
}

func value(s types.ServiceConfig, name string) string {
	if v := s.Environment[name]; v != nil {
		return *v
	}
	return ""
}

// variables are those that the code names: secrets, which are no flags.
func variables(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`"(LAKECTL_[A-Z_]+)"`).FindAllStringSubmatch(string(text), -1) {
			found[match[1]] = true
		}
	}
	return found
}

// Commands, flags, variables and health checks of the compose file are those of this lakectl.
func TestComposeCommands(t *testing.T) {
	if got := entrypoint(t); len(got) != 1 || got[0] != "/lakectl" {
		t.Errorf("the image starts %v", got)
	}
	named := variables(t)
	found := 0
	for name, s := range composed(t) {
		if s.Image != ourImage {
			continue
		}
		found++
		cmd := parsed(t, s.Command)
		for variable := range s.Environment {
			flag := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(variable, "LAKECTL_")), "_", "-")
			if !strings.HasPrefix(variable, "LAKECTL_") || cmd.Flags().Lookup(flag) == nil && !named[variable] {
				t.Errorf("%s: %s is no flag of lakectl %s, nor a variable of its own", name, variable, cmd.Name())
			}
		}
		lookup := func(variable string) (string, bool) {
			v := s.Environment[variable]
			return value(s, variable), v != nil
		}
		if err := fillFlags(cmd.Flags(), lookup, "no settings file"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if test := s.HealthCheck.Test; test[1] == "/lakectl" {
			parsed(t, test[2:])
		}
	}
	if found < 2 {
		t.Errorf("%d services run lakectl", found)
	}
}

// Ports that one service has and another, or this program by itself, expects are the same.
func TestComposePorts(t *testing.T) {
	services := composed(t)
	_, port, err := net.SplitHostPort(value(services["producer"], "LAKECTL_METRICS_ADDR"))
	if err != nil {
		t.Fatal(err)
	}
	metrics := parsed(t, []string{"produce"}).Flags().Lookup("metrics-addr")
	if metrics == nil {
		t.Fatal("produce has no --metrics-addr")
	}
	if _, want, _ := net.SplitHostPort(metrics.DefValue); port != want {
		t.Errorf("metrics are at port %s, by default at %s", port, want)
	}
	if published := services["producer"].Ports[0]; published.Published != port || int(published.Target) != portOf("x:"+port) {
		t.Errorf("published is %+v", published)
	}
	if url := services["producer"].HealthCheck.Test[3]; !strings.HasPrefix(url, "http://127.0.0.1:"+port+"/") {
		t.Errorf("the health check asks %s", url)
	}

	listeners := value(services["kafka"], "KAFKA_ADVERTISED_LISTENERS")
	for name, s := range services {
		brokers := value(s, "LAKECTL_BROKERS")
		if brokers != "" && !strings.Contains(listeners, "INSIDE://"+brokers+",") {
			t.Errorf("%s: no listener at %s", name, brokers)
		}
	}
	if outside := services["kafka"].Ports[0]; !strings.Contains(listeners, "OUTSIDE://localhost:"+outside.Published) {
		t.Errorf("published is %+v", outside)
	}
	remote := value(services["queries"], "LAKECTL_REMOTE")
	if err := spark.ParseRemote(remote); err != nil || !strings.HasPrefix(remote, "sc://spark:15002/") {
		t.Errorf("remote %s: %v", remote, err)
	}
}
