package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/exit"
)

// checkTarget refuses flags that say what a target says.
func (o *runOptions) checkTarget(cmd *cobra.Command) error {
	given := cmd.Flags().Changed
	if o.target.name == "" {
		for _, flag := range []string{"targets", "set", "profile", "spark-ca", "leave-running"} {
			if given(flag) {
				return usagef("--%s is for --target", flag)
			}
		}
		return nil
	}
	for _, flag := range []string{"local", "remote", "brokers", "kafka-mechanism", "kafka-tls", "kafka-port", "spark-port", "spark-heap", "spark-conf", "port", "reconcile-every", "maintain-every"} {
		if given(flag) {
			return usagef("--%s makes no sense with --target", flag)
		}
	}
	return nil
}

// useTarget takes from the target what flags say for a local run. Without --source nothing is published:
// the producer runs somewhere else.
func (o *runOptions) useTarget(cmd *cobra.Command) (err error) {
	t, err := openTarget(cmd.Context(), o.target, o.sparkCA)
	if err != nil {
		return err
	}
	o.onTarget, o.remote = t, t.remote
	// All three look into checkpoints and Delta's log by themselves, which are out of reach; a deploy has a job for
	// what is late and for the tables' files, and a warehouse for dashboards.
	o.page.off, o.reconcile, o.maintain = true, 0, 0
	if o.dir == "" {
		o.dir = defaultDataDir + "-" + t.Name
	}
	if !cmd.Flags().Changed("source") {
		o.feed.source = noSource
	}
	if o.trigger == 0 && t.Databricks != nil {
		o.trigger = time.Duration(t.Databricks.Streaming.Trigger)
	}
	k := &o.delivery.kafka
	k.Brokers, o.delivery.topic.Name = t.Kafka.Brokers, t.Kafka.Topic
	k.TLS = t.Kafka.Security == "SSL" || t.Kafka.Security == "SASL_SSL"
	k.Mechanism = t.Kafka.Mechanism
	switch {
	case !t.Kafka.LogsIn():
		k.Username = ""
	case k.Username == "": // the flag, or its variable
		return exit.New(exit.Usage, fmt.Errorf("the target's Kafka takes a login (%s)", t.Kafka.Security),
			"put it into the environment: LAKECTL_KAFKA_USERNAME and "+passwordVariable)
	}
	if !k.TLS && o.delivery.ca+o.delivery.cert+o.delivery.key != "" {
		return exit.New(exit.Usage, errors.New("--kafka-ca, --kafka-cert and --kafka-key are for a target with kafka.security SSL or SASL_SSL"), "")
	}
	return nil
}
