package local

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cryptostream/lakectl/internal/exit"
)

// fakeJava makes a home whose release file says version; without one its program is asked.
func fakeJava(t *testing.T, home, version string, release bool) string {
	t.Helper()
	body := "echo '    java.home = " + home + "'; echo '    java.version = " + version + "'\n"
	if release {
		body = "exit 1\n" // must not be asked
	}
	path := script(t, filepath.Join(home, "bin"), "java", body)
	if release {
		text := "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\"" + version + "\"\n"
		if err := os.WriteFile(filepath.Join(home, "release"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestFindJava(t *testing.T) {
	dir := t.TempDir()
	home := func(name string) string { return filepath.Join(dir, "jvm", name) }
	fakeJava(t, home("a21"), "21.0.3", true)
	fakeJava(t, home("b17"), "17.0.9", true)
	fakeJava(t, home("c25"), "25.0.1", true)
	fakeJava(t, filepath.Join(dir, "other", "8"), "1.8.0_402", true)
	fakeJava(t, filepath.Join(dir, "asked", "17"), "17.0.1", false)
	shims := filepath.Join(dir, "shims")
	script(t, shims, "java", "exec "+filepath.Join(dir, "asked", "17", "bin", "java")+` "$@"`)

	usual := filepath.Join(dir, "jvm", "*")
	for _, tt := range []struct {
		name, javaHome, path, usual string
		want                        string // its home
	}{
		{"17 of the usual places", "", "", usual, home("b17")},
		{"JAVA_HOME before all", home("a21"), shims, usual, home("a21")},
		{"PATH before the usual places", "", shims, usual, filepath.Join(dir, "asked", "17")},
		{"a wrong JAVA_HOME is passed over", home("c25"), "", usual, home("b17")},
		{"a JAVA_HOME that is not there", home("none"), "", usual, home("b17")},
		{"a PATH of several folders", "", home("c25") + "/bin:" + home("a21") + "/bin", "", home("a21")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			java, err := FindJava(environment(tt.javaHome, tt.path), tt.usual)
			if err != nil || java.Home != tt.want || java.Path != filepath.Join(tt.want, "bin", "java") {
				t.Errorf("FindJava() = %+v, %v, want home %s", java, err, tt.want)
			}
		})
	}
}

func TestFindJavaNamesWhatItFound(t *testing.T) {
	dir := t.TempDir()
	fakeJava(t, filepath.Join(dir, "home25"), "25.0.1", true)
	fakeJava(t, filepath.Join(dir, "jvm", "8"), "1.8.0_402", true)
	script(t, filepath.Join(dir, "jvm", "broken", "bin"), "java", "exit 3\n")

	_, err := FindJava(environment(filepath.Join(dir, "home25"), ""), filepath.Join(dir, "jvm", "*"))
	wantError(t, err, "JAVA_HOME "+dir+"/home25/bin/java (version 25.0.1)", "jvm/8/bin/java (version 1.8.0_402)", "does not run")
	if exit.Code(err) != exit.Failed || exit.Hint(err) == "" {
		t.Errorf("exit code %d, hint %q", exit.Code(err), exit.Hint(err))
	}

	_, err = FindJava(environment("", ""), filepath.Join(dir, "nothing", "*"))
	wantError(t, err, "none found")
}

func environment(javaHome, path string) func(string) string {
	return func(name string) string {
		return map[string]string{"JAVA_HOME": javaHome, "PATH": path}[name]
	}
}

func TestJavaMajor(t *testing.T) {
	for version, want := range map[string]int{"17.0.15": 17, "21-ea": 21, "1.8.0_402": 8, "17": 17, "17.0.15+6": 17} {
		if got, err := javaMajor(version); got != want || err != nil {
			t.Errorf("javaMajor(%q) = %d, %v, want %d", version, got, err, want)
		}
	}
	if _, err := javaMajor("seventeen"); err == nil {
		t.Error("no error for a version that is not a number")
	}
}
