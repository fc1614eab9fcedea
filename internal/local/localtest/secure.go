package localtest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"
)

// Secured is a Kafka as others have it: encrypted, with logins or certificates. A test may kill it and
// start it again; its ports and data stay.
type Secured struct {
	SCRAM, Plain string // host:port of the listeners that ask for a login, by SCRAM and by PLAIN
	MutualTLS    string // host:port of the listener that asks for a certificate
	Open         string // host:port of the listener that asks for nothing, unencrypted

	// Behind is the host:port of one more open listener, which tells its clients to come to Front: a proxy
	// of the test's that listens there sees all of their traffic.
	Behind, Front string

	Username, Password string

	// CA signed the brokers' certificate, which names localhost and 127.0.0.1; Cert and Key are a
	// client's, signed by it too. All are PEM files.
	CA, Cert, Key string

	t    testing.TB
	dir  string
	java func(args ...string) *exec.Cmd
	cmd  *exec.Cmd
}

const securedProperties = `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{{.Controller}}
listeners=SCRAM://127.0.0.1:{{.SCRAM}},PLAIN://127.0.0.1:{{.Plain}},MTLS://127.0.0.1:{{.MutualTLS}},OPEN://127.0.0.1:{{.Open}},BEHIND://{{.Behind}},CONTROLLER://127.0.0.1:{{.Controller}}
advertised.listeners=SCRAM://localhost:{{.SCRAM}},PLAIN://localhost:{{.Plain}},MTLS://localhost:{{.MutualTLS}},OPEN://127.0.0.1:{{.Open}},BEHIND://{{.Front}}
controller.listener.names=CONTROLLER
inter.broker.listener.name=OPEN
listener.security.protocol.map=SCRAM:SASL_SSL,PLAIN:SASL_SSL,MTLS:SSL,OPEN:PLAINTEXT,BEHIND:PLAINTEXT,CONTROLLER:PLAINTEXT
listener.name.scram.sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512
listener.name.scram.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.scram.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.plain.sasl.enabled.mechanisms=PLAIN
listener.name.plain.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_{{.Username}}="{{.JavaPassword}}";
listener.name.mtls.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={{.Dir}}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={{.CA}}
log.dirs={{.Dir}}/data
log.retention.ms=-1
log.retention.check.interval.ms=1000
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
`

// SecureKafka starts one in a folder of the test and kills it when the test ends; it skips the test
// with -short.
func SecureKafka(t testing.TB) *Secured {
	t.Helper()
	runtime, java := Runtime(t)
	k := &Secured{t: t, dir: t.TempDir(), Username: "writer", Password: `it's "quoted" \ and ünï`}
	k.java = func(args ...string) *exec.Cmd {
		return exec.Command(java.Path, append([]string{
			"-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8",
			"-Dlog4j2.configurationFile=" + filepath.Join(k.dir, "log4j2.properties"), "-cp", filepath.Join(runtime.KafkaJars, "*"),
		}, args...)...)
	}
	k.makeCertificates()
	k.write("log4j2.properties", "rootLogger.level=warn\nrootLogger.appenderRef.c.ref=c\nappender.c.type=Console\nappender.c.name=c\n")
	k.configure()
	format := []string{"kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c", filepath.Join(k.dir, "kafka.properties")}
	for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
		format = append(format, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, k.Username, k.Password))
	}
	cmd := k.java(format...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("formatting Kafka's storage: %v\n%s", err, out)
	}
	k.Start()
	t.Cleanup(k.Kill)
	return k
}

func (k *Secured) configure() {
	k.Behind, k.Front = fmt.Sprintf("127.0.0.1:%d", freePort(k.t)), fmt.Sprintf("127.0.0.1:%d", freePort(k.t))
	values := map[string]any{"Dir": k.dir, "CA": k.CA, "Username": k.Username, "Behind": k.Behind, "Front": k.Front}
	values["JavaPassword"] = javaQuoted(k.Password)
	for name, address := range map[string]*string{"SCRAM": &k.SCRAM, "Plain": &k.Plain, "MutualTLS": &k.MutualTLS, "Open": &k.Open, "Controller": new(string)} {
		port := freePort(k.t)
		host := "localhost"
		if name == "Open" {
			host = "127.0.0.1"
		}
		*address = fmt.Sprintf("%s:%d", host, port)
		values[name] = port
	}
	var text bytes.Buffer
	if err := template.Must(template.New("").Parse(securedProperties)).Execute(&text, values); err != nil {
		k.t.Fatal(err)
	}
	k.write("kafka.properties", text.String())
}

// javaQuoted escapes a text for JAAS, and that for a properties file, which is ASCII.
func javaQuoted(text string) string {
	var quoted strings.Builder
	for _, r := range text {
		switch {
		case r == '\\':
			quoted.WriteString(`\\\\`)
		case r == '"':
			quoted.WriteString(`\\"`)
		case r > '~':
			fmt.Fprintf(&quoted, `\u%04x`, r)
		default:
			quoted.WriteRune(r)
		}
	}
	return quoted.String()
}

func (k *Secured) write(name, content string) string {
	path := filepath.Join(k.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		k.t.Fatal(err)
	}
	return path
}

// Start starts the broker and returns when it listens, which it does when it is ready.
func (k *Secured) Start() {
	k.t.Helper()
	k.cmd = k.java("kafka.Kafka", filepath.Join(k.dir, "kafka.properties"))
	log, err := os.OpenFile(filepath.Join(k.dir, "kafka.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		k.t.Fatal(err)
	}
	defer log.Close()
	k.cmd.Stdout, k.cmd.Stderr = log, log
	if err := k.cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", k.Open)
		if err == nil {
			_ = conn.Close()
			return
		}
		if ctx.Err() != nil {
			text, _ := os.ReadFile(filepath.Join(k.dir, "kafka.log"))
			k.t.Fatalf("kafka does not start: %v\n%s", err, text)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Kill ends the broker with SIGKILL.
func (k *Secured) Kill() {
	_ = k.cmd.Process.Kill()
	_ = k.cmd.Wait()
}

func freePort(t testing.TB) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
