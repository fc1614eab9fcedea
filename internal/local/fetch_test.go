package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cryptostream/lakectl/internal/exit"
)

// mavenThat puts a program mvn on the PATH that counts its calls in the file returned and then does body.
func mavenThat(t *testing.T, body string) (calls string) {
	t.Helper()
	bin := t.TempDir()
	calls = filepath.Join(bin, "calls")
	script(t, bin, "mvn", "echo call >> "+calls+"\n"+body)
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	return calls
}

const mavenMakesJars = `mkdir -p spark/jars kafka/jars && echo spark > spark/jars/spark.jar && echo kafka > kafka/jars/kafka.jar`

func callsIn(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), "call")
}

// options of a Fetch whose Java makes an archive of one byte.
func fetchOptions(t *testing.T) FetchOptions {
	dir := t.TempDir()
	java := script(t, filepath.Join(dir, "bin"), "java", `file=$(sed -n 's/^"-XX:SharedArchiveFile=\(.*\)"$/\1/p' "${1#@}") && printf x > "$file"`)
	return FetchOptions{CacheDir: filepath.Join(dir, "cache"), Java: Java{Home: dir, Path: java, Version: "17.0.1", Major: 17}}
}

func TestFetch(t *testing.T) {
	calls := mavenThat(t, mavenMakesJars)
	o := fetchOptions(t)
	rt, err := Fetch(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := classPath(rt.KafkaJars); err != nil || got != filepath.Join(rt.Dir, "kafka/jars/kafka.jar") {
		t.Errorf("class path %q, %v", got, err)
	}
	if usableArchive(rt, o.Java) == "" {
		t.Error("no class archive")
	}
	if again, err := Fetch(t.Context(), o); err != nil || again != rt {
		t.Errorf("second Fetch: %+v, %v, want %+v", again, err, rt)
	}
	if n := callsIn(t, calls); n != 1 {
		t.Errorf("maven ran %d times, want 1", n)
	}
}

func TestFetchHeals(t *testing.T) {
	for name, damage := range map[string]func(rt Runtime) error{
		"a jar cut short":   func(rt Runtime) error { return os.Truncate(filepath.Join(rt.SparkJars, "spark.jar"), 2) },
		"a jar gone":        func(rt Runtime) error { return os.Remove(filepath.Join(rt.KafkaJars, "kafka.jar")) },
		"a jar too many":    func(rt Runtime) error { return os.WriteFile(filepath.Join(rt.SparkJars, "x.jar"), nil, 0o600) },
		"no manifest":       func(rt Runtime) error { return os.Remove(filepath.Join(rt.Dir, manifestName)) },
		"a broken manifest": func(rt Runtime) error { return os.Truncate(filepath.Join(rt.Dir, manifestName), 3) },
		"an interrupted call": func(rt Runtime) error {
			return os.Rename(rt.Dir, rt.Dir+".tmp-123")
		},
	} {
		t.Run(name, func(t *testing.T) {
			calls := mavenThat(t, mavenMakesJars)
			o := fetchOptions(t)
			rt, err := Fetch(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if err := damage(rt); err != nil {
				t.Fatal(err)
			}
			if _, err := Fetch(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			if err := rt.check(); err != nil {
				t.Error(err)
			}
			if n := callsIn(t, calls); n != 2 {
				t.Errorf("maven ran %d times, want 2", n)
			}
			if left, _ := filepath.Glob(rt.Dir + ".tmp-*"); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

func TestFetchAtOnce(t *testing.T) {
	calls := mavenThat(t, mavenMakesJars)
	o := fetchOptions(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := Fetch(t.Context(), o); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := callsIn(t, calls); n != 1 {
		t.Errorf("maven ran %d times, want 1", n)
	}
}

func TestFetchFails(t *testing.T) {
	for _, tt := range []struct{ name, maven, want, hint string }{
		{"no network", `echo "[ERROR] Could not transfer artifact a:b: Unknown host repo"; exit 1`, "no way to a Maven repository: Could not transfer", "network"},
		{"full disk", `echo "[ERROR] x: No space left on device"; exit 1`, "the disk is full", "free"},
		{"something else", `echo "[INFO] fine"; echo "[ERROR] Unknown lifecycle phase"; exit 1`, "maven failed: Unknown lifecycle phase", "log"},
		{"no jars", `exit 0`, "no jars for spark", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mavenThat(t, tt.maven)
			o := fetchOptions(t)
			_, err := Fetch(t.Context(), o)
			wantError(t, err, tt.want, "log: "+o.CacheDir)
			if exit.Code(err) != exit.Failed || !strings.Contains(exit.Hint(err), tt.hint) {
				t.Errorf("exit code %d, hint %q", exit.Code(err), exit.Hint(err))
			}
			if left, _ := filepath.Glob(o.CacheDir + "/*.tmp-*"); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

func TestFetchWithoutMaven(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Fetch(t.Context(), fetchOptions(t))
	wantError(t, err, "no mvn")
	if exit.Code(err) != exit.Failed || !strings.Contains(exit.Hint(err), "install Maven") {
		t.Errorf("exit code %d, hint %q", exit.Code(err), exit.Hint(err))
	}
}

func TestFetchCancelled(t *testing.T) {
	mavenThat(t, "sleep 1000")
	why := errors.New("Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	o := fetchOptions(t)
	o.Progress = func(string) { cancel(why) }
	if _, err := Fetch(ctx, o); !errors.Is(err, why) {
		t.Errorf("Fetch() = %v, want %v", err, why)
	}
	if left, _ := filepath.Glob(o.CacheDir + "/*.tmp-*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestFetchWithoutArchive(t *testing.T) {
	mavenThat(t, mavenMakesJars)
	o := fetchOptions(t)
	script(t, filepath.Dir(o.Java.Path), "java", "echo no CDS here; exit 1")
	rt, err := Fetch(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if got := usableArchive(rt, o.Java); got != "" || !archiveSettled(rt, o.Java) {
		t.Errorf("archive %q, settled %t; want none, settled", got, archiveSettled(rt, o.Java))
	}
}
