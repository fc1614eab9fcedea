package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/local/localtest"
)

// TestSecuredKafka runs the lakehouse on a Kafka of somebody else's, which is started later: the
// producer and Spark both log in by SCRAM over TLS, and in the next run, of the long form, with a certificate.
func TestSecuredKafka(t *testing.T) {
	kafka := localtest.SecureKafka(t)
	dir := t.TempDir()
	t.Setenv(passwordVariable, kafka.Password)
	args := []string{"run", "--local", "--data-dir", dir, "--source", "simulated", "--rate", "50", "--limit", "100", "--spool", "--until-idle", "--kafka-ca", kafka.CA}

	kafka.Kill()
	run := startProducer(t, append(args[:len(args):len(args)], "--brokers", kafka.SCRAM, "--kafka-username", kafka.Username, "--kafka-mechanism", "SCRAM-SHA-512")...)
	run.await("kafka does not answer yet")
	kafka.Start()
	if err := run.wait(); err != nil {
		t.Fatalf("by SCRAM: %v\n%s", err, &run.all)
	}
	want := int64(100)
	if localtest.IsLong() {
		want += 100
		run = startProducer(t, append(args[:len(args):len(args)], "--brokers", kafka.MutualTLS, "--kafka-cert", kafka.Cert, "--kafka-key", kafka.Key)...)
		if err := run.wait(); err != nil {
			t.Fatalf("by certificate: %v\n%s", err, &run.all)
		}
	}
	rows := tables(t, dir)("select count(*) from bronze_prices")
	if diff := cmp.Diff([][]any{{want}}, rows); diff != "" {
		t.Error(diff)
	}
}
