package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/cryptostream/lakectl/infra"
)

const (
	// kafkaUser is the only user that the local Kafka knows.
	kafkaUser = "lakectl"
	// kafkaHeapMB is enough for a broker of one topic; records pass through the page cache.
	kafkaHeapMB = 384
	// startTimeout bounds the start of a server on a loaded machine; 3 to 6 s is usual.
	startTimeout = 2 * time.Minute
)

// KafkaOptions say how Kafka is started.
type KafkaOptions struct {
	Runtime        Runtime
	Java           Java
	DataDir        string
	Port           int // 0: any free one
	ControllerPort int // 0: any free one
	HeapMB         int // -Xmx; 0: 384
	Log            *slog.Logger
}

// Kafka is a running broker, with what a client needs to reach it.
type Kafka struct {
	*Process
	Addr      string // 127.0.0.1:port
	Username  string
	Password  string // SASL/PLAIN over plain TCP
	ClusterID string // stays the same for a data dir
}

// StartKafka starts a broker on the data dir, which the caller has locked, and returns when it answers
// Kafka's protocol with the password. The first start formats the storage and makes the password;
// both stay. ctx bounds the start only; what is started then ends by Stop, or with this process.
//
// The errors name a port that is taken, or why Kafka ended; nothing is left running behind them.
func StartKafka(ctx context.Context, o KafkaOptions) (*Kafka, error) {
	if o.HeapMB == 0 {
		o.HeapMB = kafkaHeapMB
	}
	j, err := newJVM(kafkaName, o.DataDir, o.Java, o.Runtime.KafkaJars, o.HeapMB)
	if err != nil {
		return nil, fmt.Errorf("start kafka: %w", err)
	}
	if err := j.prepare(ctx); err != nil {
		return nil, fmt.Errorf("start kafka: %w", err)
	}
	k, begin := &Kafka{Username: kafkaUser}, time.Now()
	if k.Password, err = keptPassword(j.file("password")); err != nil {
		return nil, fmt.Errorf("start kafka: %w", err)
	}
	anyPort := o.Port == 0 || o.ControllerPort == 0
	for try := 1; ; try++ {
		err := k.start(ctx, j, o)
		if err == nil {
			j.logStarted(o.Log, k.PID(), k.Addr, begin)
			return k, nil
		}
		if !anyPort || !addressTaken(err) || try == portTries {
			return nil, err
		}
	}
}

// start tries once, on ports that were free a moment ago.
func (k *Kafka) start(ctx context.Context, j *jvm, o KafkaOptions) error {
	port, err := choosePort(o.Port)
	if err != nil {
		return fmt.Errorf("start kafka: %w", err)
	}
	controllerPort, err := choosePort(o.ControllerPort)
	if err != nil {
		return fmt.Errorf("start kafka's controller: %w", err)
	}
	conf := kafkaConf{Port: port, ControllerPort: controllerPort, Username: k.Username, Password: k.Password, LogDir: "data"}
	if err := conf.write(j.file("server.properties")); err != nil {
		return fmt.Errorf("start kafka: %w", err)
	}
	if err := formatStorage(ctx, j, conf); err != nil {
		return fmt.Errorf("format kafka's storage: %w", err)
	}
	if k.ClusterID, err = clusterID(j.file("data")); err != nil {
		return fmt.Errorf("start kafka: %w", err)
	}
	k.Addr = loopback(port)
	if k.Process, err = j.start(nil, "kafka.Kafka", j.file("server.properties")); err != nil {
		return err
	}
	return k.awaitReady(ctx, func(ctx context.Context) error {
		return probeKafka(ctx, k.Addr, k.Username, k.Password)
	})
}

// kafkaConf fills infra's server.properties.
type kafkaConf struct {
	Port, ControllerPort int
	Username, Password   string
	LogDir               string // in Kafka's folder
}

func (c kafkaConf) write(path string) error {
	t, err := template.ParseFS(infra.Files, "kafka/server.properties")
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, c); err != nil {
		return err
	}
	return writeFile(path, b.Bytes(), false)
}

// formatStorage formats Kafka's log dir where it is not there yet. It does so beside it and renames,
// so that an interrupted one is as if it had never begun.
func formatStorage(ctx context.Context, j *jvm, conf kafkaConf) error {
	if _, err := os.Stat(j.file("data")); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	conf.LogDir = "data.new"
	if err := os.RemoveAll(j.file(conf.LogDir)); err != nil {
		return err
	}
	properties := j.file("format.properties")
	defer os.Remove(properties)
	if err := conf.write(properties); err != nil {
		return err
	}
	p, err := j.start(nil, "kafka.tools.StorageTool", "format", "--cluster-id", newClusterID(), "--config", properties)
	if err != nil {
		return err
	}
	if err := p.awaitEnd(ctx); err != nil {
		return err
	}
	if err := os.Rename(j.file(conf.LogDir), j.file("data")); err != nil {
		return err
	}
	return syncDir(j.dir())
}

// newClusterID makes what StorageTool's random-uuid would, without a JVM: 16 random bytes in
// base64url, and like there not beginning with a dash, which would be read as a flag.
func newClusterID() string {
	for {
		if id := NewSecret()[:21] + "g"; id[0] != '-' { // the last character has 4 unused bits
			return id
		}
	}
}

// clusterID reads cluster.id of a formatted log dir.
func clusterID(dir string) (string, error) {
	path := filepath.Join(dir, "meta.properties")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if id, ok := strings.CutPrefix(line, "cluster.id="); ok {
			// A properties file escapes what may stand in base64url nowhere but at its end.
			return strings.ReplaceAll(strings.TrimSpace(id), `\`, ""), nil
		}
	}
	return "", fmt.Errorf("%s has no cluster.id", path)
}

// keptPassword reads the password of a data dir, or makes it.
func keptPassword(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil {
		if password := strings.TrimSpace(string(text)); password != "" {
			return password, nil
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	password := NewSecret()
	return password, writeFile(path, []byte(password+"\n"), true)
}
