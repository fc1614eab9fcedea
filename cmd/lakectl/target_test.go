package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/local/localtest"
)

// onTargets is a workspace's gateway in front of a Spark, a Kafka, and targets for both.
type onTargets struct {
	*testing.T
	kafka   *localtest.Secured
	gateway *localtest.Gateway
	dir     string
}

// TestTargets runs on a workspace's cluster, by OAuth and with managed tables, and on a Spark Connect server of
// somebody's own, by a token and with tables below a URI; it reads a Kafka that asks for a login there.
func TestTargets(t *testing.T) {
	localtest.Long(t)
	kafka := localtest.SecureKafka(t)
	o := &onTargets{T: t, kafka: kafka, gateway: localtest.NewGateway(t, localtest.Spark(t, nil)), dir: t.TempDir()}
	o.write("ca.pem", string(o.gateway.CA))
	t.Setenv("DATABRICKS_CONFIG_FILE", o.write("databrickscfg", fmt.Sprintf("[crypto]\nhost = https://%s\ncluster_id = %s\nclient_id = %s\nclient_secret = %s\n",
		o.gateway.Host, o.gateway.Cluster, localtest.ClientID, localtest.ClientSecret)))
	o.target("workspace", "catalog: spark_catalog\nschema: prices_${user}\nkafka: {brokers: [%q], topic: crypto-prices, security: PLAINTEXT}\n"+
		"spark: {conf: {spark.sql.shuffle.partitions: \"1\"}}\n"+
		"databricks:\n  profile: crypto\n  folder: /Workspace/lakectl\n  compute: {serverless: true}\n  streaming: {shape: manual}\n", kafka.Open)
	o.target("own", "schema: own\nwarehouse: file://"+o.dir+"/warehouse\nkafka: {brokers: [%q], topic: crypto-prices, security: SASL_SSL, mechanism: SCRAM-SHA-512}\n"+
		"spark:\n  remote: sc://%s/;use_ssl=true;x-databricks-cluster-id=%s\n  conf: {spark.sql.shuffle.partitions: \"1\"}\n", kafka.SCRAM, o.gateway.Host, o.gateway.Cluster)

	for _, part := range []struct {
		name string
		test func(*onTargets)
	}{{"from source to table", testTargetUntilIdle}, {"queries that go on", testTargetAdopts}, {"a server of one's own", testTargetOwn}} {
		if !t.Run(part.name, func(t *testing.T) { part.test(&onTargets{t, o.kafka, o.gateway, o.dir}) }) {
			return
		}
	}
}

func (o *onTargets) write(name, text string) string {
	o.Helper()
	path := filepath.Join(o.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		o.Fatal(err)
	}
	return path
}

func (o *onTargets) target(name, text string, args ...any) {
	o.Helper()
	if err := os.MkdirAll(filepath.Join(o.dir, "targets"), 0o700); err != nil {
		o.Fatal(err)
	}
	o.write("targets/"+name+".yaml", "apiVersion: lakectl/v1\nkind: Target\nname: "+name+"\ndescription: For a test.\n"+
		"checkpoints: file://"+o.dir+"/checkpoints-"+name+"\n"+fmt.Sprintf(text, args...))
}

func (o *onTargets) args(target, dir string, more ...string) []string {
	return append([]string{
		"run", "--target", target, "--targets", filepath.Join(o.dir, "targets"), "--spark-ca", filepath.Join(o.dir, "ca.pem"),
		"--data-dir", filepath.Join(o.dir, dir),
	}, more...)
}

// whole reports that Bronze has n records or more, and Silver each of their events once.
func (o *onTargets) whole(dir string, n int) bool {
	o.Helper()
	out := must(o.T, "query", "--data-dir", filepath.Join(o.dir, dir), fmt.Sprintf("select count(*) >= %d and "+
		"count(distinct get_json_object(string(value), '$.event_id')) = (select count(*) from silver_prices) as whole from bronze_prices", n))
	return strings.Contains(out, "true")
}

func (o *onTargets) publish(n int, seed int) {
	o.Helper()
	cmd := lakectl(o.T, "produce", "--brokers", o.kafka.Open, "--source", "simulated", "--rate", "100", "--limit", strconv.Itoa(n),
		"--seed", strconv.Itoa(seed), "--data-dir", o.TempDir(), "--metrics-addr", "off")
	if out, err := cmd.CombinedOutput(); err != nil {
		o.Fatalf("%v\n%s", err, out)
	}
}

// runs are the queries' runs, by name: a query that was adopted has the same one.
func (o *onTargets) runs(dir string) map[string]string {
	runs := map[string]string{}
	for _, q := range jsonStatus(o.T, filepath.Join(o.dir, dir)).Queries {
		runs[q.Name] = q.RunID
	}
	return runs
}

// testTargetUntilIdle publishes to the target's Kafka. Each login of another command takes the run's token away.
func testTargetUntilIdle(o *onTargets) {
	run := startProducer(o.T, o.args("workspace", "first", "--source", "simulated", "--rate", "20", "--limit", "200", "--until-idle")...)
	run.await("queries run")
	refused := o.gateway.Refused()
	o.whole("first", 200)
	if err := run.waitFor(10 * time.Minute); err != nil {
		o.Fatalf("%v\n%s", err, &run.all)
	}
	if o.gateway.Refused() == refused {
		o.Error("no call was refused: the test is about nothing")
	}
	if !o.whole("first", 200) {
		o.Errorf("rows are missing\n%s", &run.all)
	}
	tables := must(o.T, "query", "--data-dir", filepath.Join(o.dir, "first"), "show tables in spark_catalog.prices_jane_doe")
	if !strings.Contains(tables, "gold_price_hourly") {
		o.Error(tables)
	}
}

// testTargetAdopts kills lakectl, whose queries go on; cuts connections and takes tokens away; leaves the
// queries running on purpose; and stops them from outside.
func testTargetAdopts(o *onTargets) {
	dir := filepath.Join(o.dir, "second")
	start := o.args("workspace", "second", "--detach")
	must(o.T, start...)
	before := o.runs("second")
	if err := syscall.Kill(readRun(o.T, dir).PID, syscall.SIGKILL); err != nil {
		o.Fatal(err)
	}
	await(o.T, "lakectl to be gone", func() bool { return !local.Locked(dir) })
	o.publish(50, 2)
	await(o.T, "the queries to go on without lakectl", func() bool { return o.whole("second", 250) })

	must(o.T, append(start, "--leave-running")...)
	if diff := cmp.Diff(before, o.runs("second")); diff != "" {
		o.Errorf("the queries were not adopted: %s", diff)
	}
	o.gateway.Cut()
	o.gateway.Rotate()
	o.publish(50, 3)
	await(o.T, "the run to go on after a cut", func() bool {
		return o.whole("second", 300) && jsonStatus(o.T, dir).rowsOf("silver_prices") > 0
	})
	if diff := cmp.Diff(before, o.runs("second")); diff != "" {
		o.Errorf("the queries were started again: %s", diff)
	}
	must(o.T, "stop", "--data-dir", dir)
	if out := must(o.T, "stop", "--data-dir", dir); !strings.Contains(out, "stopped 5 queries at target workspace") {
		o.Errorf("what was left running was not stopped: %s", out)
	}
}

func testTargetOwn(o *onTargets) {
	o.Setenv(tokenVariable, o.gateway.Token())
	o.Setenv("LAKECTL_KAFKA_USERNAME", o.kafka.Username)
	o.Setenv(passwordVariable, o.kafka.Password)
	run := startProducer(o.T, o.args("own", "third", "--kafka-ca", o.kafka.CA, "--source", "simulated", "--rate", "50", "--limit", "50", "--until-idle")...)
	if err := run.waitFor(10 * time.Minute); err != nil {
		o.Fatalf("%v\n%s", err, &run.all)
	}
	if !o.whole("third", 50) {
		o.Error("rows are missing")
	}
	if _, err := os.Stat(filepath.Join(o.dir, "warehouse", "gold_price_hourly", "_delta_log")); err != nil {
		o.Error(err)
	}
	o.Setenv(tokenVariable, "wrong")
	run = startProducer(o.T, o.args("own", "fourth", "--kafka-ca", o.kafka.CA)...)
	if err := run.waitFor(10 * time.Minute); err == nil || !strings.Contains(run.all.String(), tokenVariable) {
		o.Errorf("a wrong token: %v\n%s", err, &run.all)
	}
}
