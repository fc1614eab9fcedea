package infra_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// instruction is one of a Dockerfile, its continued lines joined.
type instruction struct {
	name string
	args []string
}

func dockerfile(t *testing.T, name string) (list []instruction) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("docker", name))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		if fields := strings.Fields(line); len(fields) > 0 && !strings.HasPrefix(fields[0], "#") {
			list = append(list, instruction{fields[0], fields[1:]})
		}
	}
	return list
}

var dockerfiles = []string{"Dockerfile", "spark.Dockerfile"}

// What COPY takes from the repository is there, and .dockerignore lets it through.
func TestCopiedFilesAreThere(t *testing.T) {
	ignore, err := os.ReadFile(filepath.Join(root, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range dockerfiles {
		for _, i := range dockerfile(t, name) {
			if i.name != "COPY" || strings.HasPrefix(i.args[0], "--from=") {
				continue
			}
			for _, source := range i.args[:len(i.args)-1] {
				if _, err := os.Stat(filepath.Join(root, source)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				top, _, _ := strings.Cut(source, "/")
				if !slices.Contains(strings.Split(string(ignore), "\n"), "!"+top) {
					t.Errorf("%s: .dockerignore keeps %s out", name, top)
				}
			}
		}
	}
}

// Every folder of Go code is copied, and files that it embeds are not ignored.
func TestAllCodeIsCopied(t *testing.T) {
	var copied []string
	for _, i := range dockerfile(t, "Dockerfile") {
		if i.name == "COPY" {
			copied = append(copied, i.args[:len(i.args)-1]...)
		}
	}
	files, err := filepath.Glob(filepath.Join(root, "*", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	deeper, err := filepath.Glob(filepath.Join(root, "*", "*", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, deeper...) {
		folder := strings.Split(filepath.ToSlash(file), "/")[1]
		if !slices.Contains(copied, folder) {
			t.Errorf("the image is built without %s", folder)
		}
	}
}

func TestStagesArePinnedAndTheLastIsNotRoot(t *testing.T) {
	for _, name := range dockerfiles {
		stages, user := []string{"scratch"}, ""
		for _, i := range dockerfile(t, name) {
			switch i.name {
			case "FROM":
				if !slices.Contains(stages, i.args[0]) && !pinned.MatchString(i.args[0]) {
					t.Errorf("%s: image %s has no version", name, i.args[0])
				}
				if len(i.args) == 3 {
					stages = append(stages, i.args[2])
				}
				user = ""
			case "USER":
				user = i.args[0]
			}
		}
		if user != "65532:65532" { // both, since they share a volume
			t.Errorf("%s ends as user %q", name, user)
		}
	}
}

// The image builds with a Go that go.mod takes, and runs Java that Spark is released for.
func TestToolVersions(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	wanted := regexp.MustCompile(`(?m)^go (\S+)$`).FindSubmatch(mod)[1]
	if from := dockerfile(t, "Dockerfile")[0].args[0]; !strings.HasPrefix(from, "golang:"+string(wanted)) {
		t.Errorf("built with %s, go.mod says %s", from, wanted)
	}
	for _, i := range dockerfile(t, "spark.Dockerfile") {
		if i.name == "FROM" && !strings.Contains(i.args[0], "17") {
			t.Errorf("%s is no Java 17", i.args[0])
		}
	}
}
