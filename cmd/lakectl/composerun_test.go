package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/local/localtest"
)

// stage runs services of the compose file as plain processes: their commands, environments and health
// checks as they are, but for hosts, ports and paths of the containers.
type stage struct {
	t        *testing.T
	services types.Services
	rewrite  *strings.Replacer
	dir      string
	runtime  local.Runtime
	java     local.Java
	outside  string // host:port of Kafka, for who is not in the containers' network
	metrics  string // host:port
}

func newStage(t *testing.T) *stage {
	rt, java := localtest.Runtime(t)
	s := &stage{t: t, runtime: rt, java: java, dir: t.TempDir()}
	s.services = composed(t, "LAKECTL_SOURCE=simulated", "LAKECTL_INTERVAL=1s", "SPARK_CONNECT_AUTHENTICATE_TOKEN="+local.NewSecret(), "SPARK_HEAP_MB=1024")
	inside, outside, controller, metrics, connect := freePort(t), freePort(t), freePort(t), freePort(t), freePort(t)
	s.outside, s.metrics = "127.0.0.1:"+outside, "127.0.0.1:"+metrics
	s.rewrite = strings.NewReplacer(
		"://:19092", "://127.0.0.1:"+inside, "kafka:19092", "127.0.0.1:"+inside, "127.0.0.1/19092", "127.0.0.1/"+inside,
		"://:9092", "://"+s.outside, "localhost:9092", s.outside,
		"localhost:9093", "127.0.0.1:"+controller,
		"0.0.0.0:9464", s.metrics, "127.0.0.1:9464", s.metrics,
		"spark:15002", "127.0.0.1:"+connect, "127.0.0.1/15002", "127.0.0.1/"+connect,
		"/var/lib/kafka/data", filepath.Join(s.dir, "kafka"),
	)
	return s
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// arg is an argument or variable of a service as it is here.
func (s *stage) arg(volume, text string) string {
	if text == "/data" {
		return filepath.Join(s.dir, volume)
	}
	return s.rewrite.Replace(text)
}

// command is a program with a service's environment.
func (s *stage) command(name, program string, args ...string) *exec.Cmd {
	s.t.Helper()
	log, err := os.OpenFile(filepath.Join(s.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { log.Close() })
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	cmd.Env = []string{"PATH=" + filepath.Dir(s.java.Path) + ":" + os.Getenv("PATH")}
	for variable, v := range s.services[name].Environment {
		cmd.Env = append(cmd.Env, variable+"="+s.arg(s.volume(name), *v))
	}
	return cmd
}

// volume is the name of the volume that a service has at /data.
func (s *stage) volume(name string) string {
	for _, v := range s.services[name].Volumes {
		if v.Target == "/data" {
			return v.Source
		}
	}
	return ""
}

// start runs a service until it is stopped, at the latest when the test ends.
func (s *stage) start(cmd *exec.Cmd) *exec.Cmd {
	s.t.Helper()
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return cmd
}

// lakectl is a service of our image.
func (s *stage) lakectl(name string) *exec.Cmd {
	var args []string
	for _, arg := range s.services[name].Command {
		args = append(args, s.arg(s.volume(name), arg))
	}
	cmd := s.command(name, lakectl(s.t).Path, args...)
	cmd.Env = append(cmd.Env, asLakectl+"=1")
	return s.start(cmd)
}

// awaitHealth runs a service's health check until it succeeds.
func (s *stage) awaitHealth(name string) {
	s.t.Helper()
	test := s.services[name].HealthCheck.Test
	var args []string
	for _, arg := range test[2:] {
		args = append(args, s.arg(s.volume(name), arg))
	}
	defer func() {
		if s.t.Failed() {
			log, _ := os.ReadFile(filepath.Join(s.dir, name+".log"))
			s.t.Logf("%s says:\n%s", name, log)
		}
	}()
	await(s.t, name+" to be healthy", func() bool {
		cmd := s.command(name+"-health", test[1], args...)
		if test[1] == "/lakectl" {
			cmd.Path, cmd.Err = lakectl(s.t).Path, nil
			cmd.Env = append(cmd.Env, asLakectl+"=1")
		}
		return cmd.Run() == nil
	})
}

// imageLogging stands for the image's own files; the environment of the compose file changes nothing in
// them.
const imageLogging = `Configuration:
  Appenders:
    Console: {name: STDOUT, PatternLayout: {pattern: "%d %p %m%n"}}
  Loggers:
    Root: {level: WARN, AppenderRef: [{ref: STDOUT}]}
    Logger: [{name: kafka, level: WARN}]
`

// kafka starts what the image apache/kafka starts: its own configuration of the environment, written
// to a folder that is empty, as on the tmpfs, and a broker with it.
func (s *stage) kafka() {
	s.t.Helper()
	defaults, config := filepath.Join(s.dir, "defaults"), filepath.Join(s.dir, "config")
	for _, dir := range []string{defaults, config, filepath.Join(s.dir, "mounted")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			s.t.Fatal(err)
		}
	}
	for _, file := range []string{"log4j2.yaml", "tools-log4j2.yaml"} {
		if err := os.WriteFile(filepath.Join(defaults, file), []byte(imageLogging), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	jars := filepath.Join(s.runtime.KafkaJars, "*")
	setup := s.command("kafka", s.java.Path, "-cp", jars, "kafka.docker.KafkaDockerWrapper", "setup",
		"--default-configs-dir", defaults, "--mounted-configs-dir", filepath.Join(s.dir, "mounted"), "--final-configs-dir", config)
	if err := setup.Run(); err != nil {
		log, _ := os.ReadFile(filepath.Join(s.dir, "kafka.log"))
		s.t.Fatalf("kafka's configuration: %v\n%s", err, log)
	}
	heap := strings.Fields(value(s.services["kafka"], "KAFKA_HEAP_OPTS"))
	s.start(s.command("kafka", s.java.Path, append(heap, "-cp", jars, "kafka.Kafka", filepath.Join(config, "server.properties"))...))
}

// spark starts what infra/docker/spark.Dockerfile starts, with the runtime's jars.
func (s *stage) spark() {
	s.t.Helper()
	image, infra := filepath.Join(s.dir, "spark-image"), filepath.Join("..", "..", "infra")
	if err := os.MkdirAll(filepath.Join(image, "conf"), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Symlink(s.runtime.SparkJars, filepath.Join(image, "jars")); err != nil {
		s.t.Fatal(err)
	}
	for from, to := range map[string]string{
		"docker/spark.sh": "start", "spark/jvm.options": "conf/jvm.options", "spark/Connect.java": "conf/Connect.java",
		"spark/log4j2.properties": "conf/log4j2.properties", "spark/spark.properties": "conf/spark.properties",
	} {
		text, err := os.ReadFile(filepath.Join(infra, from))
		if err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(image, to), text, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	cmd := s.command("spark", "bash", filepath.Join(image, "start"))
	_, port, _ := net.SplitHostPort(s.rewrite.Replace("spark:15002"))
	cmd.Env = append(cmd.Env, "SPARK_DATA="+filepath.Join(s.dir, s.volume("spark")), "SPARK_PORT="+port)
	s.start(cmd)
}

// stop ends a service as the engine does, and expects it to end well.
func (s *stage) stop(name string, cmd *exec.Cmd) {
	s.t.Helper()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		log, _ := os.ReadFile(filepath.Join(s.dir, name+".log"))
		s.t.Errorf("%s: %v\n%s", name, err, log)
	}
}

// TestComposeRuns starts the services of docker-compose.yml in their order, each as soon as the health
// check of the one before succeeds, up to rows in Silver.
func TestComposeRuns(t *testing.T) {
	s := newStage(t)
	s.kafka()
	s.awaitHealth("kafka")
	producer := s.lakectl("producer")
	s.awaitHealth("producer")

	pairs := map[string]bool{}
	for line := range strings.Lines(must(t, "tail", "--brokers", s.outside, "--from", "beginning", "--limit", "20", "-o", "json")) {
		var r RecordLine
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.Key == nil || r.Value == nil || !strings.Contains(*r.Value, `"source":"simulated"`) {
			t.Fatalf("%v: %s", err, line)
		}
		pairs[*r.Key] = true
	}
	if len(pairs) != 10 {
		t.Errorf("pairs: %v", pairs)
	}
	for _, metric := range []string{"lakectl_producer_quotes_total{", "lakectl_producer_kafka_up 1", "lakectl_producer_delivery_seconds_bucket{"} {
		if !strings.Contains(metricsOf(t, s.metrics), "\n"+metric) {
			t.Errorf("/metrics lacks %s:\n%s", metric, metricsOf(t, s.metrics))
		}
	}

	s.spark()
	s.awaitHealth("spark")
	queries := s.lakectl("queries")
	s.awaitHealth("queries")
	dir := filepath.Join(s.dir, s.volume("queries"))
	awaitRows(t, dir, 50)
	s.stop("queries", queries)
	s.stop("producer", producer)
}

// metricsOf is what a producer says to Prometheus.
func metricsOf(t *testing.T, address string) string {
	t.Helper()
	code, text := get(t, "http://"+address+"/metrics")
	if code != http.StatusOK {
		t.Fatalf("metrics: %d %s", code, text)
	}
	return text
}
