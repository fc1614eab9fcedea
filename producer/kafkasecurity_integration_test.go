package producer_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/producer"
)

// TestKafkaSecurity publishes over each kind of listener, and tries each kind of mistake.
func TestKafkaSecurity(t *testing.T) {
	t.Parallel()
	k := localtest.SecureKafka(t)
	read := func(path string) []byte {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	ca, cert, key := read(k.CA), read(k.Cert), read(k.Key)
	login := func(address, mechanism string) producer.KafkaConfig {
		return producer.KafkaConfig{Brokers: []string{address}, Mechanism: mechanism, Username: k.Username, Password: k.Password, TLS: true, CA: ca}
	}
	for name, config := range map[string]producer.KafkaConfig{
		"PLAIN":                       login(k.Plain, "PLAIN"),
		"SCRAM-SHA-256":               login(k.SCRAM, "SCRAM-SHA-256"),
		"SCRAM-SHA-512":               login(k.SCRAM, "SCRAM-SHA-512"),
		"certificate":                 {Brokers: []string{k.MutualTLS}, TLS: true, CA: ca, Cert: cert, Key: key},
		"one broker of three answers": {Brokers: []string{"127.0.0.1:1", k.Open, "localhost:2"}},
	} {
		t.Run(name, func(t *testing.T) { publishTo(t, config) })
	}
	with := func(c producer.KafkaConfig, change func(*producer.KafkaConfig)) producer.KafkaConfig {
		change(&c)
		return c
	}
	scram := login(k.SCRAM, "SCRAM-SHA-512")
	for name, c := range map[string]struct {
		config    producer.KafkaConfig
		says      string
		hint      string
		temporary bool // looks like a broker that is about to start
	}{
		"wrong password":      {config: with(scram, func(c *producer.KafkaConfig) { c.Password = "x" }), says: "refused the login", hint: "user name and password"},
		"wrong user":          {config: with(scram, func(c *producer.KafkaConfig) { c.Username = "x" }), says: "refused the login", hint: "user name and password"},
		"mechanism not there": {config: login(k.SCRAM, "PLAIN"), says: "knows no login by PLAIN", hint: "ask the cluster's owner"},
		"unknown authority":   {config: with(scram, func(c *producer.KafkaConfig) { c.CA = nil }), says: "is not trusted", hint: "the authority that signed"},
		"TLS to a plain port": {config: with(scram, func(c *producer.KafkaConfig) { c.Brokers = []string{k.Open} }), says: "no answer", hint: "the listener's security", temporary: true},
		"no certificate":      {config: producer.KafkaConfig{Brokers: []string{k.MutualTLS}, TLS: true, CA: ca}, says: "no TLS connection", hint: "asks for a certificate"},
		"plain to a TLS port": {config: producer.KafkaConfig{Brokers: []string{k.SCRAM}}, says: "no answer", hint: "the listener's security", temporary: true},
		"too many replicas":   {config: scram, says: "creating topic", hint: "more replicas than there are brokers"},
		"nobody listens":      {config: producer.KafkaConfig{Brokers: []string{"127.0.0.1:1"}}, says: "no answer", hint: "check that Kafka runs there", temporary: true},
	} {
		t.Run(name, func(t *testing.T) {
			opts := producer.OutboxOptions{Topic: producer.TopicConfig{Name: "mistake"}}
			if name == "too many replicas" {
				opts.Topic.Replication = 3
			}
			o, err := producer.OpenOutbox(c.config, opts)
			if err != nil {
				t.Fatal(err)
			}
			defer o.Close(t.Context())
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
			defer cancel()
			_, err = o.Topic(ctx)
			if c.temporary {
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("it does not go on trying: %v", err)
				}
				err = o.Stats().LastError
			}
			var hinted interface{ Hint() string }
			if !errors.As(err, &hinted) || !strings.Contains(err.Error(), c.says) || !strings.Contains(hinted.Hint(), c.hint) {
				t.Errorf("error: %v; last %v", err, o.Stats().LastError)
			}
		})
	}
}

func publishTo(t *testing.T, config producer.KafkaConfig) {
	o, err := producer.OpenOutbox(config, producer.OutboxOptions{Topic: producer.TopicConfig{Name: "quotes", Partitions: 3}, SpoolDir: t.TempDir(), Log: slog.New(slog.NewTextHandler(testWriter{t}, nil))})
	if err != nil {
		t.Fatal(err)
	}
	publish(t, o, 0, 100)
	if err := o.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := o.Stats(); s.Acked != 100 {
		t.Errorf("stats: %+v", s)
	}
}
