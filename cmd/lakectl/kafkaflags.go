package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/producer"
)

// topicBytes is what the topic keeps per partition by default: about 30 million quotes.
const topicBytes = 10 << 30

// passwordVariable has the password of --kafka-username: other users of a machine see arguments.
const passwordVariable = "LAKECTL_KAFKA_PASSWORD"

// kafkaOptions say which Kafka is meant and how to log in there; run, produce and tail share them.
type kafkaOptions struct {
	kafka         producer.KafkaConfig // without brokers: the run's own
	ca, cert, key string               // files
}

// deliveryOptions say to which Kafka quotes go, and where they wait for it; run and produce share them.
type deliveryOptions struct {
	kafkaOptions
	topic     producer.TopicConfig
	spool     bool // for sources that could do without, too
	spoolSize int64
	metrics   prometheus.Registerer // nil is none
}

func (d *kafkaOptions) kafkaFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&d.kafka.Brokers, "brokers", nil, "host:port of one or more brokers of an existing Kafka")
	f.StringVar(&d.kafka.Username, "kafka-username", "", "Kafka user; the password is in "+passwordVariable)
	f.StringVar(&d.kafka.Mechanism, "kafka-mechanism", "PLAIN", "how the user logs in: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
	f.BoolVar(&d.kafka.TLS, "kafka-tls", false, "encrypt, and check the brokers' certificates")
	f.StringVar(&d.ca, "kafka-ca", "", "PEM file of the authorities to trust instead of the system's; means --kafka-tls")
	f.StringVar(&d.cert, "kafka-cert", "", "PEM file of our certificate, where brokers ask for one; means --kafka-tls")
	f.StringVar(&d.key, "kafka-key", "", "PEM file of that certificate's key")
}

func (d *deliveryOptions) flags(cmd *cobra.Command) {
	d.kafkaFlags(cmd)
	f := cmd.Flags()
	d.topic.Name = topic
	f.Int32Var(&d.topic.Partitions, "topic-partitions", 1, "of the topic, when it is made")
	f.Int16Var(&d.topic.Replication, "topic-replication", 0, "of the topic, when it is made; 0 is 1")
	f.Int64Var(&d.topic.RetentionBytes, "topic-retention-bytes", topicBytes, "the topic keeps so much per partition, when it is made; -1 is all")
	f.BoolVar(&d.spool, "spool", false, "keep simulated quotes on disk, too, until Kafka has them; those of an exchange always are")
	f.Int64Var(&d.spoolSize, "spool-max", producer.DefaultSpoolLimit,
		"bytes that may wait on disk; ten quotes every 10s fill 256 MiB in six days, and then none are taken until Kafka is back")
}

// checkKafka refuses flags that don't go together, and reads the password and the certificates.
func (d *kafkaOptions) checkKafka(cmd *cobra.Command) error {
	given := cmd.Flags().Changed
	if len(d.kafka.Brokers) == 0 {
		for _, flag := range []string{"kafka-username", "kafka-mechanism", "kafka-tls", "kafka-ca", "kafka-cert", "kafka-key"} {
			if given(flag) {
				return usagef("--%s is for --brokers", flag)
			}
		}
	}
	if d.kafka.Username == "" {
		if given("kafka-mechanism") {
			return usagef("--kafka-mechanism is for --kafka-username")
		}
		d.kafka.Mechanism = ""
	} else if d.kafka.Password = os.Getenv(passwordVariable); d.kafka.Password == "" {
		return exit.New(exit.Usage, errors.New("--kafka-username needs a password"), "put it in the environment: "+passwordVariable)
	}
	if err := d.readCertificates(given("kafka-tls")); err != nil {
		return err
	}
	if len(d.kafka.Brokers) > 0 {
		return d.kafka.Check()
	}
	return nil
}

// cluster returns the Kafka that is meant: the one named, or that of a running lakehouse. Both may be
// named where a container's environment names them; brokers are what is asked for then.
func (d *kafkaOptions) cluster(dir string) (producer.KafkaConfig, error) {
	if len(d.kafka.Brokers) > 0 {
		return d.kafka, nil
	}
	dir, err := findDataDir(dir, false)
	if err != nil {
		return d.kafka, err
	}
	run, err := local.ReadRunFile(dir)
	if err != nil {
		return d.kafka, err
	}
	config := producer.KafkaConfig{Brokers: strings.Split(run.Kafka.Addr, ","), Username: run.Kafka.Username, Password: run.Kafka.Password}
	if config.Username != "" {
		config.Mechanism = "PLAIN"
	}
	return config, nil
}

// check refuses flags that don't go together, and reads what they name.
func (d *deliveryOptions) check(cmd *cobra.Command, o feedOptions) error {
	given := cmd.Flags().Changed
	if err := d.checkKafka(cmd); err != nil {
		return err
	}
	if len(d.kafka.Brokers) == 0 && given("topic-replication") {
		return usagef("--topic-replication is for --brokers")
	}
	if d.topic.Partitions < 1 || d.topic.Replication < 0 || d.topic.RetentionBytes < -1 || d.topic.RetentionBytes == 0 {
		return usagef("--topic-partitions must be above 0, --topic-replication not negative, --topic-retention-bytes above 0 or -1")
	}
	if d.spoolSize < producer.MinSpoolLimit {
		return usagef("--spool-max must be at least %d", producer.MinSpoolLimit)
	}
	if o.source == "replay" && (d.spool || given("spool-max")) {
		return usagef("a replay needs no spool: it goes on after the last line that Kafka acknowledged")
	}
	return nil
}

func (d *kafkaOptions) readCertificates(tlsGiven bool) error {
	for _, f := range []struct {
		flag, path string
		content    *[]byte
	}{{"kafka-ca", d.ca, &d.kafka.CA}, {"kafka-cert", d.cert, &d.kafka.Cert}, {"kafka-key", d.key, &d.kafka.Key}} {
		if f.path == "" {
			continue
		}
		if tlsGiven && !d.kafka.TLS {
			return usagef("--%s makes no sense with --kafka-tls=false", f.flag)
		}
		var err error
		if *f.content, err = os.ReadFile(f.path); err != nil {
			return exit.New(exit.Usage, fmt.Errorf("--%s: %w", f.flag, err), "")
		}
		d.kafka.TLS = true
	}
	return nil
}

// spools reports whether quotes of a source wait on disk.
func (d *deliveryOptions) spools(o feedOptions) bool { return d.spool || o.contents() == live }

// outbox returns the producer's options. What waits does so under dataDir.
func (d *deliveryOptions) outbox(o feedOptions, dataDir string, log *slog.Logger) producer.OutboxOptions {
	out := producer.OutboxOptions{Topic: d.topic, Metrics: d.metrics, Log: log}
	if d.spools(o) {
		out.SpoolDir, out.SpoolLimit = filepath.Join(dataDir, "spool"), d.spoolSize
	}
	return out
}
