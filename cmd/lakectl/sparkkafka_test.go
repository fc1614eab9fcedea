package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/producer"
)

func TestSparkKafkaOptions(t *testing.T) {
	brokers := []string{"a:1", "b:2"}
	for name, c := range map[string]struct {
		config producer.KafkaConfig
		want   map[string]string
	}{
		"open": {producer.KafkaConfig{Brokers: brokers}, map[string]string{}},
		"PLAIN": {producer.KafkaConfig{Brokers: brokers, Mechanism: "PLAIN", Username: "me", Password: `a"b\c;`}, map[string]string{
			"kafka.security.protocol": "SASL_PLAINTEXT", "kafka.sasl.mechanism": "PLAIN",
			"kafka.sasl.jaas.config": `org.apache.kafka.common.security.plain.PlainLoginModule required username="me" password="a\"b\\c;";`,
		}},
		"SCRAM over TLS": {producer.KafkaConfig{Brokers: brokers, Mechanism: "SCRAM-SHA-256", Username: "me", Password: "x", TLS: true, CA: []byte("CA")}, map[string]string{
			"kafka.security.protocol": "SASL_SSL", "kafka.sasl.mechanism": "SCRAM-SHA-256",
			"kafka.sasl.jaas.config":    `org.apache.kafka.common.security.scram.ScramLoginModule required username="me" password="x";`,
			"kafka.ssl.truststore.type": "PEM", "kafka.ssl.truststore.certificates": "CA",
		}},
		"TLS by the system's authorities": {producer.KafkaConfig{Brokers: brokers, TLS: true}, map[string]string{"kafka.security.protocol": "SSL"}},
	} {
		got, err := sparkKafkaOptions(c.config, false)
		c.want["kafka.bootstrap.servers"] = "a:1,b:2"
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

// TestShaded: Databricks has Kafka's classes under a name of its own.
func TestShaded(t *testing.T) {
	got, err := sparkKafkaOptions(producer.KafkaConfig{Brokers: []string{"a:1"}, Mechanism: "PLAIN", Username: "me", Password: "x"}, true)
	want := `kafkashaded.org.apache.kafka.common.security.plain.PlainLoginModule required username="me" password="x";`
	if diff := cmp.Diff(want, got["kafka.sasl.jaas.config"]); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// TestPKCS8 converts the forms that openssl writes: Java reads this one only.
func TestPKCS8(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	got, err := pkcs8(append([]byte("Bag Attributes\n"), text...))
	block, _ := pem.Decode([]byte(got))
	if err != nil || block == nil || block.Type != "PRIVATE KEY" {
		t.Fatalf("%v: %s", err, got)
	}
	if same, err := x509.ParsePKCS8PrivateKey(block.Bytes); err != nil || !key.Equal(same) {
		t.Errorf("another key, %v", err)
	}
	for _, bad := range []string{"", "nonsense", strings.Replace(string(text), "RSA PRIVATE", "ENCRYPTED PRIVATE", 1)} {
		if _, err := pkcs8([]byte(bad)); err == nil {
			t.Errorf("a key from %.30q", bad)
		}
	}
}
