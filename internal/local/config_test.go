package local

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/infra"
	"github.com/cryptostream/lakectl/internal/exit"
)

func TestSparkProperties(t *testing.T) {
	j := &jvm{name: sparkName, dataDir: "/data"}
	got := sparkProperties(j, 15002, map[string]string{"spark.sql.shuffle.partitions": "4", "spark.connect.grpc.binding.port": "1"})
	for _, want := range []string{
		"-Dspark.sql.shuffle.partitions=4",
		"-Dspark.connect.grpc.binding.port=15002",
		"-Dspark.sql.warehouse.dir=/data/warehouse",
		"-Dspark.connect.grpc.binding.address=127.0.0.1",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s in %q", want, got)
		}
	}
	for _, line := range infraLines("spark/spark.properties") {
		if key, value, ok := strings.Cut(line, "="); !ok || key == "" || value == "" || !strings.HasPrefix(key, "spark.") {
			t.Errorf("not a line of configuration: %q", line)
		}
	}
}

func TestKafkaConfIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "server.properties")
	conf := kafkaConf{Port: 1234, ControllerPort: 1235, Username: kafkaUser, Password: NewSecret(), LogDir: "data"}
	if err := conf.write(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") && strings.Contains(line, "{{") || strings.Contains(line, "<no value>") {
			t.Errorf("not filled in: %q", line)
		}
		if strings.HasPrefix(line, "listeners=") && strings.Count(line, "//127.0.0.1:") != 2 {
			t.Errorf("not on loopback alone: %q", line)
		}
	}
	if !strings.Contains(string(text), conf.Password) {
		t.Error("no password")
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
}

func TestArgFileQuotes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "args")
	if err := argFile(path, []string{`-Da=b c`, `-Dd=e"f\g`}); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "\"-Da=b c\"\n\"-Dd=e\\\"f\\\\g\"\n" {
		t.Errorf("wrote %q", got)
	}
}

func TestChoosePort(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port
	_, err = choosePort(taken)
	wantError(t, err, "is taken")
	if exit.Code(err) != exit.Failed || exit.Hint(err) == "" {
		t.Errorf("exit code %d, hint %q", exit.Code(err), exit.Hint(err))
	}
	if port, err := choosePort(0); err != nil || port == 0 || port == taken {
		t.Errorf("choosePort(0) = %d, %v", port, err)
	}
}

func TestClusterID(t *testing.T) {
	dir := t.TempDir()
	id := newClusterID()
	if len(id) != 22 {
		t.Errorf("%q has %d characters, want 22", id, len(id))
	}
	if err := os.WriteFile(filepath.Join(dir, "meta.properties"), []byte("#\ncluster.id="+id+"\nversion=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := clusterID(dir); got != id || err != nil {
		t.Errorf("clusterID() = %q, %v, want %q", got, err, id)
	}
}

func TestEmbeddedFiles(t *testing.T) {
	for _, path := range []string{
		"runtime/pom.xml", "runtime/spark/pom.xml", "runtime/kafka/pom.xml",
		"kafka/server.properties", "kafka/jvm.options", "kafka/log4j2.properties",
		"spark/spark.properties", "spark/jvm.options", "spark/log4j2.properties", "spark/classes.lst.gz",
	} {
		if _, err := infra.Files.ReadFile(path); err != nil {
			t.Error(err)
		}
	}
}
