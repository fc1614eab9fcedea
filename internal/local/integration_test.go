package local

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The tests of this file run the real Kafka and Spark; -short skips them.

func integration(t *testing.T) (Runtime, Java) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs a real Kafka or Spark")
	}
	rt, java, err := testRuntime(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return rt, java
}

func startKafkaFor(t *testing.T, o KafkaOptions) *Kafka {
	t.Helper()
	k, err := StartKafka(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.kill(); <-k.Done() })
	return k
}

func startSparkFor(t *testing.T, o SparkOptions) *Spark {
	t.Helper()
	o.HeapMB = 512
	s, err := StartSpark(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.kill(); <-s.Done() })
	return s
}

// portOf returns the port of host:port.
func portOf(t *testing.T, addr string) int {
	t.Helper()
	_, text, _ := net.SplitHostPort(addr)
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// privately fails if what others can read of the process has the secret, or it listens on more than loopback.
func privately(t *testing.T, p *Process, dataDir, secret string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return
	}
	if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.PID())); err != nil || strings.Contains(string(line), secret) {
		t.Errorf("arguments %q, %v", line, err)
	}
	if log, err := os.ReadFile(p.log.path); err != nil || strings.Contains(string(log), secret) {
		t.Errorf("log %q, %v", log, err)
	}
	err := filepath.WalkDir(dataDir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, _ := d.Info()
		text, _ := os.ReadFile(path)
		if info != nil && info.Mode().Perm()&0o077 != 0 && strings.Contains(string(text), secret) {
			t.Errorf("%s has the secret and mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if ss, err := exec.Command("ss", "-ltnpH").Output(); err == nil {
		for line := range strings.Lines(string(ss)) {
			if strings.Contains(line, fmt.Sprintf("pid=%d,", p.PID())) && !strings.Contains(line, "127.0.0.1") {
				t.Errorf("listens beyond loopback: %s", line)
			}
		}
	}
}

func TestKafka(t *testing.T) {
	rt, java := integration(t)
	// A data dir that is hard to write into anybody's configuration.
	o := KafkaOptions{Runtime: rt, Java: java, DataDir: filepath.Join(t.TempDir(), `data, "dir" é`)}
	k := startKafkaFor(t, o)
	privately(t, k.Process, o.DataDir, k.Password)
	if err := probeKafka(t.Context(), k.Addr, k.Username, "wrong"); !refused(err) {
		t.Errorf("a wrong password: %v, want a refusal", err)
	}

	t.Run("a taken port", func(t *testing.T) {
		_, err := StartKafka(t.Context(), KafkaOptions{Runtime: rt, Java: java, DataDir: t.TempDir(), Port: portOf(t, k.Addr)})
		wantError(t, err, "start kafka", "is taken")
	})
	t.Run("again after kill -9", func(t *testing.T) {
		k.kill()
		<-k.Done()
		wantError(t, k.Err(), "kafka ended: signal: killed")
		o.Port = portOf(t, k.Addr)
		again := startKafkaFor(t, o)
		if again.Addr != k.Addr || again.Password != k.Password || again.ClusterID != k.ClusterID {
			t.Errorf("another Kafka: %s %s, want %s %s", again.Addr, again.ClusterID, k.Addr, k.ClusterID)
		}
		if err := again.Stop(t.Context()); err != nil || again.Err() != nil {
			t.Errorf("Stop() = %v, Err() = %v", err, again.Err())
		}
	})
	t.Run("an interrupted format", func(t *testing.T) {
		kafka := filepath.Join(o.DataDir, "kafka")
		if err := os.RemoveAll(filepath.Join(kafka, "data")); err != nil {
			t.Fatal(err)
		}
		half := filepath.Join(kafka, "data.new")
		if err := os.Mkdir(half, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(half, "meta.properties"), []byte("cluster"), 0o600); err != nil {
			t.Fatal(err)
		}
		if fresh := startKafkaFor(t, o); fresh.ClusterID == k.ClusterID {
			t.Error("not formatted again")
		}
	})
}

func TestSpark(t *testing.T) {
	rt, java := integration(t)
	o := SparkOptions{Runtime: rt, Java: java, DataDir: filepath.Join(t.TempDir(), `data, "dir" é`), Token: NewSecret()}
	s := startSparkFor(t, o)
	privately(t, s.Process, o.DataDir, s.Token)
	for _, token := range []string{"wrong", ""} {
		if err := probeSpark(t.Context(), s.Remote, token); !refused(err) {
			t.Errorf("token %q: %v, want a refusal", token, err)
		}
	}

	t.Run("a taken port", func(t *testing.T) {
		_, err := StartSpark(t.Context(), SparkOptions{Runtime: rt, Java: java, DataDir: t.TempDir(), Port: portOf(t, s.Remote)})
		wantError(t, err, "start spark", "is taken")
	})
	t.Run("again after kill -9", func(t *testing.T) {
		s.kill()
		<-s.Done()
		o.Port = portOf(t, s.Remote)
		again := startSparkFor(t, o)
		if again.Remote != s.Remote || again.Token != s.Token {
			t.Errorf("another Spark: %s, want %s", again.Remote, s.Remote)
		}
		if err := again.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(filepath.Join(o.DataDir, "spark", "tmp")); len(left) > 0 {
			t.Errorf("a clean stop left %v", left)
		}
	})
	t.Run("a damaged class archive", func(t *testing.T) {
		broken := filepath.Join(t.TempDir(), "broken.jsa")
		if err := os.WriteFile(broken, []byte("not an archive"), 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := newJVM(sparkName, o.DataDir, java, rt.SparkJars, 512)
		if err != nil {
			t.Fatal(err)
		}
		j.archive = broken
		p, err := j.start(nil, "org.apache.spark.launcher.Main")
		if err != nil {
			t.Fatal(err)
		}
		<-p.Done()
		if !strings.Contains(fmt.Sprint(p.Err()), "Not enough arguments") {
			t.Errorf("Err() = %v, want the main class to have run", p.Err())
		}
	})
}

// TestServersDieWithTheirParent kills a process that runs the stack and sees the ports close; then it
// starts on the same data dir.
func TestServersDieWithTheirParent(t *testing.T) {
	rt, java := integration(t)
	dir := t.TempDir()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentEnv+"="+dir)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var wait sync.Once
	end := func() { wait.Do(func() { _, _ = parent.Process.Kill(), parent.Wait() }) }
	defer end()

	line, err := bufio.NewReader(out).ReadString('\n')
	said := strings.Fields(line)
	if err != nil || len(said) != 3 || said[0] != "started" {
		t.Fatalf("the parent said %q, %v", line, err)
	}
	if !Locked(dir) {
		t.Error("the data dir is not locked")
	}
	var conns []net.Conn
	for _, addr := range said[1:] {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
	}
	end()
	for _, conn := range conns { // a connection ends with its server
		if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s outlived its parent", conn.RemoteAddr())
		}
	}

	lock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	startKafkaFor(t, KafkaOptions{Runtime: rt, Java: java, DataDir: dir, Port: portOf(t, said[1])})
}
