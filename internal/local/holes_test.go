package local

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// knownHole is an entry of infra/known-holes.yaml, which says what its fields mean.
type knownHole struct {
	Jar   string
	Of    string
	From  string
	Below string
	IDs   []string
	Stays string
}

// jarName is <artifact>-<version>.jar; a version begins with a digit. What follows the last number of it, such as
// .Final and the platform, is not compared.
var jarName = regexp.MustCompile(`^(.+?)-([0-9]+(?:\.[0-9]+)*).*\.jar$`)

// is reports whether a jar, by its path in the runtime, has the hole.
func (h knownHole) is(jar string) bool {
	server, _, _ := strings.Cut(jar, "/")
	parts := jarName.FindStringSubmatch(filepath.Base(jar))
	if parts == nil || h.Of != "" && h.Of != server {
		return false
	}
	prefix, open := strings.CutSuffix(h.Jar, "*")
	if parts[1] != prefix && (!open || !strings.HasPrefix(parts[1], prefix)) {
		return false
	}
	return compareVersions(parts[2], h.Below) < 0 && (h.From == "" || compareVersions(parts[2], h.From) >= 0)
}

func compareVersions(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(a, b string) int {
		m, _ := strconv.Atoi(a) // digits only, see jarName
		n, _ := strconv.Atoi(b)
		return cmp.Compare(m, n)
	})
}

func knownHoles(t *testing.T) []knownHole {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "infra", "known-holes.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Checked string
		Holes   []knownHole
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&list); err != nil {
		t.Fatal(err)
	}
	for _, h := range list.Holes {
		if h.Jar == "" || len(h.IDs) == 0 || !regexp.MustCompile(`^[0-9]+(\.[0-9]+)*$`).MatchString(h.Below) {
			t.Errorf("incomplete: %+v", h)
		}
	}
	return list.Holes
}

// TestKnownHoles fails when a jar of the runtime is on the list of known holes without a reason to stay, and when a
// reason is left of a jar that is gone.
func TestKnownHoles(t *testing.T) {
	holes := knownHoles(t)
	rt, _ := integration(t)
	jars, err := readManifest(rt.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range holes {
		found := slices.DeleteFunc(slices.Sorted(maps.Keys(jars)), func(jar string) bool { return !h.is(jar) })
		if h.Stays == "" && len(found) > 0 {
			t.Errorf("%v: %v is to be %s or newer", h.IDs, found, h.Below)
		}
		if h.Stays != "" && len(found) == 0 {
			t.Errorf("no jar has %v any more: %s", h.IDs, h.Jar)
		}
	}
}

// Names and versions are told apart, and compared as numbers.
func TestHolesOfJars(t *testing.T) {
	netty := knownHole{Jar: "netty-*", From: "4.1.0", Below: "4.1.136"}
	for jar, want := range map[string]bool{
		"spark/jars/netty-codec-http2-4.1.118.Final.jar":                         true,
		"spark/jars/netty-transport-native-epoll-4.1.118.Final-linux-x86_64.jar": true,
		"spark/jars/netty-codec-4.1.136.Final.jar":                               false,
		"spark/jars/netty-codec-4.1.1000.Final.jar":                              false,
		"spark/jars/netty-tcnative-classes-2.0.70.Final.jar":                     false,
		"spark/jars/nettyish-4.1.1.jar":                                          false,
	} {
		if netty.is(jar) != want {
			t.Errorf("%s: %v", jar, !want)
		}
	}
	kafka := knownHole{Jar: "scala-library", Of: "kafka", Below: "3"}
	if kafka.is("spark/jars/scala-library-2.13.16.jar") || !kafka.is("kafka/jars/scala-library-2.13.17.jar") {
		t.Error("the server does not count")
	}
}
