package producer_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/producer"
)

// broker is a real Kafka on loopback that asks for a password; its port and data outlive restarts.
type broker struct {
	t       *testing.T
	program string // java
	jars    string
	dir     string
	addr    string
	cmd     *exec.Cmd
}

const brokerProperties = `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:%[2]d
listeners=CLIENT://127.0.0.1:%[1]d,CONTROLLER://127.0.0.1:%[2]d
advertised.listeners=CLIENT://127.0.0.1:%[1]d
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,CLIENT:SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.client.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="lakectl" password="secret" user_lakectl="secret";
log.dirs=%[3]s/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
`

// startBroker starts the Kafka that lakectl runs locally, with settings of its own; it skips the test
// with -short.
func startBroker(t *testing.T) *broker {
	runtime, java := localtest.Runtime(t)
	b := &broker{t: t, program: java.Path, jars: runtime.KafkaJars, dir: t.TempDir()}
	client, controller := freePort(t), freePort(t)
	b.addr = fmt.Sprintf("127.0.0.1:%d", client)
	properties := fmt.Sprintf(brokerProperties, client, controller, b.dir)
	b.write("kafka.properties", properties)
	b.write("log4j2.properties", "rootLogger.level=warn\nrootLogger.appenderRef.c.ref=c\nappender.c.type=Console\nappender.c.name=c\n")
	format := b.java("kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c", filepath.Join(b.dir, "kafka.properties"))
	if out, err := format.CombinedOutput(); err != nil {
		t.Fatalf("formatting Kafka's storage: %v\n%s", err, out)
	}
	b.start()
	t.Cleanup(b.kill)
	return b
}

// in returns the broker for a subtest, to which its failures belong.
func (b *broker) in(t *testing.T) *broker {
	b.t = t
	return b
}

func (b *broker) write(name, content string) {
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(content), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *broker) java(args ...string) *exec.Cmd {
	return exec.Command(b.program, append([]string{
		"-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dlog4j2.configurationFile=" + filepath.Join(b.dir, "log4j2.properties"),
		"-cp", filepath.Join(b.jars, "*"),
	}, args...)...)
}

// start returns when the broker answers.
func (b *broker) start() {
	b.cmd = b.java("kafka.Kafka", filepath.Join(b.dir, "kafka.properties"))
	log, err := os.OpenFile(filepath.Join(b.dir, "kafka.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		b.t.Fatal(err)
	}
	defer log.Close()
	b.cmd.Stdout, b.cmd.Stderr = log, log
	if err := b.cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		_, err := producer.EnsureTopic(ctx, b.config(), producer.TopicConfig{Name: "started"})
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			text, _ := os.ReadFile(filepath.Join(b.dir, "kafka.log"))
			b.t.Fatalf("kafka does not start: %v\n%s", err, text)
		}
	}
}

func (b *broker) kill() {
	_ = b.cmd.Process.Kill()
	_ = b.cmd.Wait()
}

func (b *broker) config() producer.KafkaConfig {
	return producer.KafkaConfig{Brokers: []string{b.addr}, Username: "lakectl", Password: "secret", Mechanism: "PLAIN"}
}

func (b *broker) topic(config producer.TopicConfig) producer.TopicInfo {
	b.t.Helper()
	info, err := producer.EnsureTopic(b.t.Context(), b.config(), config)
	if err != nil {
		b.t.Fatal(err)
	}
	return info
}

func (b *broker) publisher(opts producer.PublisherOptions) *producer.Publisher {
	b.t.Helper()
	p, err := producer.NewPublisher(b.config(), opts)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = p.Close(b.t.Context()) }) // ends at once: the test's context has
	return p
}

// alter changes one setting of a topic.
func (b *broker) alter(topic, name, value string) {
	b.t.Helper()
	conf := sarama.NewConfig()
	conf.Net.SASL.Enable, conf.Net.SASL.User, conf.Net.SASL.Password = true, "lakectl", "secret"
	admin, err := sarama.NewClusterAdmin([]string{b.addr}, conf)
	if err == nil {
		defer admin.Close()
		err = admin.AlterConfig(sarama.TopicResource, topic, map[string]*string{name: &value}, false)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// read returns the topic's records up to its end, by partition, as Kafka has them.
func (b *broker) read(topic string) map[int32][]*sarama.ConsumerMessage {
	b.t.Helper()
	ends, err := producer.EndOffsets(b.t.Context(), b.config(), topic)
	if err != nil {
		b.t.Fatal(err)
	}
	conf := sarama.NewConfig()
	conf.Net.SASL.Enable, conf.Net.SASL.User, conf.Net.SASL.Password = true, "lakectl", "secret"
	consumer, err := sarama.NewConsumer([]string{b.addr}, conf)
	if err != nil {
		b.t.Fatal(err)
	}
	defer consumer.Close()
	records := map[int32][]*sarama.ConsumerMessage{}
	for partition, end := range ends {
		if end == 0 {
			continue
		}
		part, err := consumer.ConsumePartition(topic, partition, sarama.OffsetOldest)
		if err != nil {
			b.t.Fatal(err)
		}
		for record := range part.Messages() {
			records[partition] = append(records[partition], record)
			if record.Offset == end-1 {
				break
			}
		}
		_ = part.Close()
	}
	return records
}

func freePort(t *testing.T) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := strings.Cut(listener.Addr().String(), ":")
	n, _ := strconv.Atoi(port)
	return n
}
