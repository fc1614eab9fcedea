package local

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/infra"
)

func infraFile(path string) []byte {
	data, err := infra.Files.ReadFile(path)
	if err != nil {
		panic(err) // the files are in the binary
	}
	return data
}

// infraLines returns the lines of an embedded file that are neither empty nor comments.
func infraLines(path string) []string {
	var list []string
	for line := range strings.Lines(string(infraFile(path))) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			list = append(list, line)
		}
	}
	return list
}

// argFile writes JVM options to a file for java's @ argument. It keeps the list of a program's
// arguments short, and its path tells our processes from others.
func argFile(path string, args []string) error {
	var b strings.Builder
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	for _, arg := range args {
		fmt.Fprintf(&b, "\"%s\"\n", quote.Replace(arg))
	}
	return writeFile(path, []byte(b.String()), false)
}

// jvmEnv is the environment of our JVMs: little of the user's, so that a stray SPARK_LOCAL_DIRS or
// JAVA_TOOL_OPTIONS changes nothing and no secret of another program is in it.
func jvmEnv(extra ...string) []string {
	env := []string{"SPARK_LOCAL_IP=127.0.0.1"}
	if runtime.GOOS == "linux" {
		env = append(env, "LC_ALL=C.UTF-8") // file names that are not ASCII
	}
	for _, name := range []string{"PATH", "HOME", "USER", "LOGNAME"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return append(env, extra...)
}

// jvm is one of the two servers on one data dir: where its files are and how it is started.
type jvm struct {
	name    string // kafkaName or sparkName
	dataDir string // absolute
	java    Java
	jars    string
	archive string // of classes, or ""
	heapMB  int
	env     []string
}

func newJVM(name, dataDir string, java Java, jars string, heapMB int) (*jvm, error) {
	abs, err := filepath.Abs(dataDir)
	if err != nil {
		return nil, err
	}
	return &jvm{name: name, dataDir: abs, java: java, jars: jars, heapMB: heapMB, env: jvmEnv()}, nil
}

func (j *jvm) dir() string { return filepath.Join(j.dataDir, j.name) }

func (j *jvm) file(name string) string { return filepath.Join(j.dir(), name) }

// prepare makes the server's folders, waits out what an earlier run left, and clears its temporary files.
func (j *jvm) prepare(ctx context.Context) error {
	if err := makePrivate(j.dataDir, j.dir()); err != nil {
		return err
	}
	if err := clearLeftover(ctx, j.pidFile(), j.argFile()); err != nil {
		return err
	}
	return emptyDir(j.file("tmp"))
}

// options are all JVM options but those of the program that it runs.
func (j *jvm) options() ([]string, error) {
	cp, err := classPath(j.jars)
	if err != nil {
		return nil, err
	}
	logging := j.file("log4j2.properties")
	if err := writeFile(logging, infraFile(j.name+"/log4j2.properties"), false); err != nil {
		return nil, err
	}
	options := slices.Concat(infraLines(j.name+"/jvm.options"), []string{
		fmt.Sprintf("-Xmx%dm", j.heapMB),
		"-Djava.io.tmpdir=" + j.file("tmp"),
		"-XX:ErrorFile=" + filepath.Join(j.dataDir, "logs", j.name+"-crash.log"),
		"-Dlog4j2.configurationFile=" + logging,
		"-cp", cp,
	})
	if j.archive != "" {
		options = append(options, "-XX:SharedArchiveFile="+j.archive)
	}
	return options, nil
}

// start starts a main class.
func (j *jvm) start(options []string, main string, args ...string) (*Process, error) {
	base, err := j.options()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", j.name, err)
	}
	if err := argFile(j.argFile(), append(base, options...)); err != nil {
		return nil, fmt.Errorf("start %s: %w", j.name, err)
	}
	return start(command{
		name: j.name,
		path: j.java.Path,
		args: append([]string{"@" + j.argFile(), main}, args...),
		env:  j.env,
		dir:  j.dir(),
		log:  LogPath(j.dataDir, j.name),
		pid:  j.pidFile(),
	})
}

func (j *jvm) logStarted(log *slog.Logger, pid int, addr string, begin time.Time) {
	if log != nil {
		log.Debug(j.name+" started", "pid", pid, "addr", addr, "took", time.Since(begin).Round(time.Millisecond), "archive", j.archive)
	}
}

func (j *jvm) argFile() string { return j.file("java.args") }

func (j *jvm) pidFile() string { return j.file("pid") }
