package chaos_test

import (
	"context"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/cryptostream/lakectl/producer"
)

// TestKafka has the run's Kafka get more partitions, killed again and again while nobody waits for the queries to
// recover in between, stand still for a minute, and away for ten, in which Spark dies too. The spool takes the quotes
// meanwhile, and nobody does anything to heal it.
func TestKafka(t *testing.T) {
	kills := times(t, 20, 0)
	l := newLake(t)
	l.start()
	l.flow(20)

	l.addPartitions(3)
	for range kills {
		l.randomly(5 * time.Second)
		l.killServer(kafka)
		l.readSpool()
	}
	l.await("quotes in the new partitions", func() bool { return l.partitions() == 3 })
	l.flow(20)

	l.freeze(kafka)
	time.Sleep(time.Minute)
	l.waits()
	l.thaw(kafka)
	l.flow(20)

	l.without(kafka, 10*time.Minute)
	l.flow(20)

	o := l.check()
	if n := l.number("select count(distinct partition) as n from bronze_prices"); n != 3 {
		t.Errorf("Bronze has records of %d partitions", n)
	}
	report(t, "Kafka killed under load", kills, "%s", o)
	report(t, "partitions added", 1, "1 to 3 while it runs, all in Bronze; %s", o)
	report(t, "Kafka stopped for a minute", 1, "%s", o)
	report(t, "Kafka away for ten minutes", 1, "and Spark killed meanwhile; %s", o)
}

// addPartitions gives the topic more of them.
func (l *lake) addPartitions(n int32) {
	l.t.Helper()
	k, conf := l.config(), sarama.NewConfig()
	conf.Version = sarama.V2_8_0_0
	conf.Net.SASL.Enable, conf.Net.SASL.User, conf.Net.SASL.Password = true, k.Username, k.Password
	admin, err := sarama.NewClusterAdmin(k.Brokers, conf)
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	if err := admin.CreatePartitions(topic, n, nil, false); err != nil {
		l.t.Fatal(err)
	}
}

// partitions is how many of them have records.
func (l *lake) partitions() (n int) {
	ends, _ := producer.EndOffsets(l.t.Context(), l.config(), topic) // Kafka may just be starting
	for _, end := range ends {
		if end > 0 {
			n++
		}
	}
	return n
}

// waits expects a run that goes on without Kafka and takes quotes.
func (l *lake) waits() {
	l.t.Helper()
	before := l.status().Producer.Taken
	l.await("quotes in the spool", func() bool {
		s := l.status()
		return s.State == "running" && s.Producer.Spooled > 0 && s.Producer.Taken > before
	})
}

// without kills the run's Kafka and keeps its port, so that no other starts. In the middle of that time Spark is killed,
// and starts without Kafka.
func (l *lake) without(which server, span time.Duration) {
	l.t.Helper()
	address := l.run().Kafka.Addr
	if err := syscall.Kill(which(l.run()), syscall.SIGKILL); err != nil {
		l.t.Fatal(err)
	}
	var port net.Listener
	l.await("Kafka's port", func() (ok bool) {
		var err error
		port, err = (&net.ListenConfig{}).Listen(context.Background(), "tcp4", address)
		return err == nil
	})
	time.Sleep(span / 2)
	l.waits()
	l.killServer(spark)
	time.Sleep(span / 2)
	l.waits()
	if err := port.Close(); err != nil {
		l.t.Fatal(err)
	}
}
