package chaos_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/IBM/sarama"

	"github.com/cryptostream/lakectl/internal/chaos"
	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/producer"
)

// TestTopic has a Kafka of somebody else's delete records before they are read, and make the topic anew: each time
// lakectl says so and what to do, and that is done.
func TestTopic(t *testing.T) {
	times(t, 1, 0)
	kafka := localtest.SecureKafka(t)
	l := newLake(t, "--brokers", kafka.Open)
	admin := newAdmin(t, kafka.Open)
	for _, part := range []struct {
		name string
		test func(*testing.T, *lake, sarama.ClusterAdmin)
	}{
		{"retention overtakes the stream", testRetention},
		{"made anew while stopped", testAnewWhileStopped},
		{"made anew while it runs", testAnewWhileItRuns},
	} {
		if !t.Run(part.name, func(t *testing.T) {
			l.t = t
			part.test(t, l, admin)
		}) {
			break
		}
	}
	l.t = t
}

// newAdmin changes the topic as its owner would.
func newAdmin(t *testing.T, brokers string) sarama.ClusterAdmin {
	t.Helper()
	conf := sarama.NewConfig()
	conf.Version = sarama.V2_8_0_0
	admin, err := sarama.NewClusterAdmin([]string{brokers}, conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	return admin
}

// testRetention has the broker delete by age what Bronze has not read, while Spark stands still.
func testRetention(t *testing.T, l *lake, admin sarama.ClusterAdmin) {
	l.start()
	l.flow(20)
	l.freeze(spark)
	keep(t, admin, "1") // older than any record is when the broker looks
	l.await("Kafka to delete what was not read", func() bool { return l.oldest() > l.committed()+20 })
	keep(t, admin, "-1")
	l.thaw(spark)
	said := l.ends()
	hinted(t, said, "KAFKA_DATA_LOSS", "lakectl checkpoint reset JOB --from current-table")
	l.must("checkpoint", "reset", "bronze_prices", "--from", "current-table", "--yes")
	l.start()
	l.flow(20)
	l.stop()
	gap := l.gap()
	o, missing := l.compare()
	if gap == 0 || int64(len(missing)) != gap {
		t.Errorf("verify reports %d records missing, and %d events are", gap, len(missing))
	}
	report(t, "retention overtakes the stream", 1, "the run ended: %s; after the reset verify reports a gap of %d records, and just those are missing of %d",
		firstError(said), gap, o.taken)
}

// testAnewWhileStopped has the topic deleted and made anew between two runs. The run in another data dir goes on.
func testAnewWhileStopped(t *testing.T, l *lake, admin sarama.ClusterAdmin) {
	l.makeAnew(admin)
	l.refused(3, "made anew under its old name")
	l.move("second")
	l.start()
	l.flow(20)
	report(t, "topic made anew while stopped", 1, "exit code 3; another data dir, as the hint says, reads the new one")
}

// testAnewWhileItRuns makes the topic of a run anew twice: first so that Bronze sees its end lie before what it has read;
// then so that it can't, since the new one has grown beyond that. The run in the last data dir is checked.
func testAnewWhileItRuns(t *testing.T, l *lake, admin sarama.ClusterAdmin) {
	if !local.Locked(l.dir) { // this part is run alone
		l.start()
		l.flow(20)
	}
	for _, unseen := range []bool{false, true} {
		if unseen {
			l.freeze(spark)
		}
		l.makeAnew(admin)
		if unseen {
			l.publishAgain()
			if next, read := l.next(), l.committed(); next <= read {
				t.Errorf("the new topic has %d records, and %d were read of the old one", next, read)
			}
			l.thaw(spark)
		}
		said := l.ends()
		hinted(t, said, "made anew under its old name", "another --data-dir")
		l.move(filepath.Base(l.dir) + "-next")
		l.start()
		l.flow(20)
		report(t, "topic made anew while it runs", 1, "beyond the old one's end: %v; the run ended: %s", unseen, firstError(said))
	}
	report(t, "and then", 1, "another data dir, as the hint says; %s", l.check())
}

// keep sets for how many milliseconds the topic keeps records.
func keep(t *testing.T, admin sarama.ClusterAdmin, ms string) {
	t.Helper()
	err := admin.IncrementalAlterConfig(sarama.TopicResource, topic, map[string]sarama.IncrementalAlterConfigsEntry{
		"retention.ms": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &ms},
	}, false)
	if err != nil {
		t.Fatal(err)
	}
}

func (l *lake) makeAnew(admin sarama.ClusterAdmin) {
	l.t.Helper()
	if err := admin.DeleteTopic(topic); err != nil {
		l.t.Fatal(err)
	}
	forever := "-1"
	detail := &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1, ConfigEntries: map[string]*string{"retention.ms": &forever}}
	l.await("the old topic to be deleted indeed", func() bool { return admin.CreateTopic(topic, detail, false) == nil })
}

// publishAgain fills the topic with all that was ever taken, at once.
func (l *lake) publishAgain() {
	l.t.Helper()
	l.readSpool()
	conf := sarama.NewConfig()
	conf.Producer.Return.Successes = true
	p, err := sarama.NewSyncProducer(l.config().Brokers, conf)
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	var all []*sarama.ProducerMessage
	for _, taken := range []chaos.Spooled{l.elsewhere, l.taken} {
		for _, value := range taken {
			all = append(all, &sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder(value)})
		}
	}
	if err := p.SendMessages(all); err != nil {
		l.t.Fatal(err)
	}
}

// freeze and thaw stop a server and let it go on.
func (l *lake) freeze(which server) { l.signal(which, syscall.SIGSTOP) }
func (l *lake) thaw(which server)   { l.signal(which, syscall.SIGCONT) }

func (l *lake) signal(which server, s syscall.Signal) {
	l.t.Helper()
	if err := syscall.Kill(which(l.run()), s); err != nil {
		l.t.Fatal(err)
	}
}

// config is how to reach the run's Kafka.
func (l *lake) config() producer.KafkaConfig {
	k := l.run().Kafka
	c := producer.KafkaConfig{Brokers: strings.Split(k.Addr, ","), Username: k.Username, Password: k.Password}
	if c.Username != "" {
		c.Mechanism = "PLAIN"
	}
	return c
}

// oldest, next and committed are offsets of the topic's first partition: of its oldest record, of its next one, and
// behind what Bronze has committed.
func (l *lake) oldest() int64 {
	l.t.Helper()
	offsets, err := producer.StartOffsets(l.t.Context(), l.config(), topic)
	if err != nil {
		l.t.Fatal(err)
	}
	return offsets[0]
}

func (l *lake) next() int64 {
	offsets, _ := producer.EndOffsets(l.t.Context(), l.config(), topic) // it may not be there yet
	return offsets[0]
}

func (l *lake) committed() int64 {
	l.t.Helper()
	batch, err := checkpoint.Committed(filepath.Join(l.dir, "checkpoints", "bronze_prices"))
	if err != nil {
		l.t.Fatal(err)
	}
	offsets, err := batch.TopicOffsets(topic)
	if err != nil {
		l.t.Fatal(err)
	}
	return offsets[0]
}

// ends waits until the run has ended by itself, and returns what it said last.
func (l *lake) ends() string {
	l.t.Helper()
	l.await("the run to end", func() bool { return !local.Locked(l.dir) })
	l.readSpool()
	return l.said()
}

// hinted wants an error and its hint to have these words.
func hinted(t *testing.T, said, word, hint string) {
	t.Helper()
	problem, advice, found := strings.Cut(said, "hint: ")
	if !found || !strings.Contains(problem, word) || !strings.Contains(advice, hint) {
		t.Errorf("want %q and the hint %q, got:\n%s", word, hint, said)
	}
}

func firstError(said string) string {
	line, _, _ := strings.Cut(said, "\n")
	return line
}

// gap expects verify to find gaps in the offsets, and nothing else that is not late, and returns how many records they
// have.
func (l *lake) gap() (records int64) {
	l.t.Helper()
	r := l.try("verify", "-o", "json")
	var found struct {
		Invariants []struct {
			Offences []struct {
				Check       string
				Count, Late int64
				Samples     []struct{ Records int64 }
			}
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &found); err != nil || r.code != 4 {
		l.t.Fatalf("verify: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	for _, i := range found.Invariants {
		for _, o := range i.Offences {
			switch {
			case o.Check == "gaps in offsets":
				for _, s := range o.Samples {
					records += s.Records
				}
			case o.Late < o.Count:
				l.t.Errorf("verify: %s", r.stdout)
			}
		}
	}
	return records
}
