package infra_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
)

// root is the repository's.
const root = ".."

// compose loads docker-compose.yml as docker compose would, with an empty environment.
func compose(t *testing.T, profiles ...string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "docker-compose.yml")}, cli.WithProfiles(profiles), cli.WithDiscardEnvFile)
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// everything is all services of all profiles.
func everything(t *testing.T) types.Services { return compose(t, "*").Services }

func TestProfiles(t *testing.T) {
	for profile, want := range map[string][]string{
		"":           {"kafka", "producer"},
		"lakehouse":  {"kafka", "producer", "queries", "spark"},
		"monitoring": {"grafana", "kafka", "producer", "prometheus"},
	} {
		project := compose(t, profile)
		if diff := cmp.Diff(want, slices.Sorted(slices.Values(project.ServiceNames()))); diff != "" {
			t.Errorf("profile %q: %s", profile, diff)
		}
	}
}

var pinned = regexp.MustCompile(`^[a-z0-9./-]+:v?[0-9]+\.[0-9]+[A-Za-z0-9._-]*$`)

func TestImagesArePinned(t *testing.T) {
	for name, s := range everything(t) {
		if s.Build != nil {
			if !strings.HasPrefix(s.Image, "lakectl") {
				t.Errorf("%s: what is built here is called %s", name, s.Image)
			}
			continue
		}
		if !pinned.MatchString(s.Image) {
			t.Errorf("%s: image %s has no version", name, s.Image)
		}
	}
}

// Each service runs with as little as it needs.
func TestServicesAreConfined(t *testing.T) {
	for name, s := range everything(t) {
		uid, _, _ := strings.Cut(s.User, ":")
		switch {
		case uid == "" || uid == "0" || uid == "root":
			t.Errorf("%s runs as root", name)
		case s.Privileged || len(s.CapAdd) > 0 || s.NetworkMode != "" || s.Pid != "" || s.Ipc != "":
			t.Errorf("%s has rights that it does not need", name)
		case !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || !slices.Contains(s.SecurityOpt, "no-new-privileges:true"):
			t.Errorf("%s is not confined", name)
		case s.MemLimit == 0:
			t.Errorf("%s has no memory limit", name)
		case s.Restart != types.RestartPolicyUnlessStopped:
			t.Errorf("%s restarts %s", name, s.Restart)
		case s.HealthCheck == nil || len(s.HealthCheck.Test) == 0:
			t.Errorf("%s has no health check", name)
		}
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s is open to the network (%q)", name, port.Published, port.HostIP)
			}
		}
		for _, volume := range s.Volumes {
			if strings.Contains(volume.Source, "docker.sock") {
				t.Errorf("%s controls the engine", name)
			}
		}
	}
}

// Every file and folder that is mounted or built from is in the repository; data is on named volumes.
func TestFilesAreThere(t *testing.T) {
	project := compose(t, "*")
	for name, s := range project.Services {
		for _, volume := range s.Volumes {
			switch volume.Type {
			case types.VolumeTypeBind:
				if !volume.ReadOnly {
					t.Errorf("%s can write to %s", name, volume.Source)
				}
				if _, err := os.Stat(volume.Source); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			case types.VolumeTypeVolume:
				if _, ok := project.Volumes[volume.Source]; !ok {
					t.Errorf("%s: volume %q has no name", name, volume.Source)
				}
			default:
				t.Errorf("%s: volume of type %s", name, volume.Type)
			}
		}
		if s.Build != nil {
			if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// A service starts after those that it asks for.
func TestStartOrder(t *testing.T) {
	services := everything(t)
	for name, needs := range map[string][]string{"producer": {"kafka"}, "queries": {"kafka", "spark"}, "grafana": {"prometheus"}} {
		for _, need := range needs {
			if got := services[name].DependsOn[need].Condition; got != types.ServiceConditionHealthy {
				t.Errorf("%s waits for %s to be %q", name, need, got)
			}
		}
	}
}

// What a health check runs is in the image: nothing but the binary in ours.
func TestHealthChecks(t *testing.T) {
	programs := map[string][]string{
		"apache/kafka":    {"bash"}, // its scripts are bash's
		"lakectl":         {"/lakectl"},
		"lakectl-spark":   {"bash"}, // which is its entrypoint, too
		"prom/prometheus": {"promtool"},
		"grafana/grafana": {"wget"},
	}
	for name, s := range everything(t) {
		image, _, _ := strings.Cut(s.Image, ":")
		test := s.HealthCheck.Test
		if test[0] != "CMD" || !slices.Contains(programs[image], test[1]) {
			t.Errorf("%s: %s has no %v", name, image, test)
		}
	}
}

// Every variable is one that .env.example explains, and none is needed to start Kafka and the producer.
func TestVariablesAreExplained(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile(filepath.Join(root, ".env.example"))
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, match := range regexp.MustCompile(`\$\{(\w+)(:-)?`).FindAllStringSubmatch(string(text), -1) {
		used[match[1]] = true
		if match[2] != ":-" {
			t.Errorf("%s has no default", match[1])
		}
	}
	explained := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^#(\w+)=`).FindAllStringSubmatch(string(example), -1) {
		explained[match[1]] = true
	}
	if diff := cmp.Diff(used, explained); diff != "" {
		t.Error(diff)
	}
}
