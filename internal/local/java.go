package local

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/internal/exit"
)

// Java is an installed Java that Spark 4.0 runs on.
type Java struct {
	Home    string // its folder, what JAVA_HOME would be
	Path    string // the java program
	Version string // as it calls itself: 17.0.15
	Major   int    // 17 or 21
}

// supportedJava are the versions Spark 4.0 is released for, best first: 17 is what our figures were
// measured on.
var supportedJava = []int{17, 21}

// FindJava returns the Java to use. What the user chose goes first, JAVA_HOME and then the PATH;
// after them the usual places, and there 17 before 21. A JAVA_HOME or PATH of another version is
// passed over, since it may be meant for other programs.
//
// The usual places are patterns of homes (filepath.Glob); without any they are UsualJavaHomes.
// The error, exit code 1, names every Java that was found and what to install.
func FindJava(env func(string) string, usual ...string) (Java, error) {
	if len(usual) == 0 {
		usual = UsualJavaHomes(env)
	}
	var passed []string // what was found and why it was not taken
	for _, c := range chosenJavas(env) {
		java, err := c.inspect()
		if err == nil && java.supported() {
			return java, nil
		}
		passed = append(passed, c.describe(java, err))
	}
	var found []Java
	for _, c := range usualJavas(usual) {
		java, err := c.inspect()
		if err == nil && java.supported() {
			found = append(found, java)
		} else {
			passed = append(passed, c.describe(java, err))
		}
	}
	if len(found) > 0 {
		return slices.MinFunc(found, func(a, b Java) int { return a.rank() - b.rank() }), nil
	}
	return Java{}, noJava(passed)
}

func noJava(passed []string) error {
	slices.Sort(passed)
	found := "none found"
	if passed = slices.Compact(passed); len(passed) > 0 {
		found = "found " + strings.Join(passed, ", ")
	}
	return exit.New(exit.Failed, fmt.Errorf("no Java 17 or 21: %s", found),
		"install a JDK 17 (apt install openjdk-17-jdk-headless, dnf install java-17-openjdk-headless, brew install openjdk@17) or point JAVA_HOME at one")
}

// UsualJavaHomes are the patterns of folders that systems and version managers install Java under.
func UsualJavaHomes(env func(string) string) []string {
	homes := []string{
		"/usr/lib/jvm/*",
		"/usr/java/*",
		"/opt/java/*",
		"/opt/java/openjdk",
		"/Library/Java/JavaVirtualMachines/*/Contents/Home",
		"/opt/homebrew/opt/openjdk*",
		"/usr/local/opt/openjdk*",
		"/home/linuxbrew/.linuxbrew/opt/openjdk*",
	}
	if home := env("HOME"); home != "" {
		for _, p := range []string{
			".sdkman/candidates/java/*",
			".jdks/*",
			".asdf/installs/java/*",
			".local/share/mise/installs/java/*",
			"Library/Java/JavaVirtualMachines/*/Contents/Home",
		} {
			homes = append(homes, filepath.Join(home, p))
		}
	}
	return homes
}

// candidate is a java program that may be there.
type candidate struct {
	path string
	from string // "JAVA_HOME", "PATH", or "" for a usual place
}

func chosenJavas(env func(string) string) (list []candidate) {
	if home := env("JAVA_HOME"); home != "" {
		list = append(list, candidate{filepath.Join(home, "bin", "java"), "JAVA_HOME"})
	}
	for _, dir := range filepath.SplitList(env("PATH")) {
		path := filepath.Join(dir, "java")
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			list = append(list, candidate{path, "PATH"})
		}
	}
	return list
}

func usualJavas(patterns []string) (list []candidate) {
	seen := map[string]bool{}
	for _, p := range patterns {
		homes, _ := filepath.Glob(filepath.Join(p, "bin", "java")) // the only error is a bad pattern
		for _, path := range homes {
			// Systems link one Java under several names.
			real, err := filepath.EvalSymlinks(path)
			if err != nil || seen[real] {
				continue
			}
			seen[real] = true
			list = append(list, candidate{path: path})
		}
	}
	return list
}

func (c candidate) describe(java Java, err error) string {
	where := c.path
	if c.from != "" {
		where = c.from + " " + where
	}
	if err != nil {
		return fmt.Sprintf("%s (%v)", where, err)
	}
	return fmt.Sprintf("%s (version %s)", where, java.Version)
}

// inspect reads the version from the home's release file, where there is one, and else asks the
// program itself: what the PATH names may be a script of a version manager.
func (c candidate) inspect() (Java, error) {
	real, err := filepath.EvalSymlinks(c.path)
	if errors.Is(err, os.ErrNotExist) {
		return Java{}, errors.New("no such file")
	}
	if err != nil {
		return Java{}, err
	}
	home := filepath.Dir(filepath.Dir(real))
	version := releaseVersion(filepath.Join(home, "release"))
	if version == "" {
		if home, version, err = askJava(c.path); err != nil {
			return Java{}, err
		}
	}
	major, err := javaMajor(version)
	return Java{Home: home, Path: filepath.Join(home, "bin", "java"), Version: version, Major: major}, err
}

func (j Java) supported() bool { return slices.Contains(supportedJava, j.Major) }

func (j Java) rank() int { return slices.Index(supportedJava, j.Major) }

// releaseVersion returns JAVA_VERSION of a home's release file, or "".
func releaseVersion(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if v, ok := strings.CutPrefix(lines.Text(), "JAVA_VERSION="); ok {
			return strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return ""
}

// askJava runs the program for its home and version.
func askJava(path string) (home, version string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "-XshowSettings:properties", "-version")
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", "", fmt.Errorf("does not run: %w", err)
	}
	home, version = javaProperty(out, "java.home"), javaProperty(out, "java.version")
	if home == "" || version == "" {
		return "", "", errors.New("does not say its version")
	}
	return home, version, nil
}

// javaProperty finds "    key = value" in what -XshowSettings prints.
func javaProperty(out []byte, key string) string {
	for line := range strings.Lines(string(out)) {
		if k, v, ok := strings.Cut(line, " = "); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// javaMajor returns 17 for 17.0.15, 21 for 21-ea, and 8 for 1.8.0_402.
func javaMajor(version string) (int, error) {
	v := strings.TrimPrefix(version, "1.")
	end := strings.IndexFunc(v, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(v)
	}
	major, err := strconv.Atoi(v[:end])
	if err != nil {
		return 0, fmt.Errorf("unknown version %q", version)
	}
	return major, nil
}
