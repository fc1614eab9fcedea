package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/producer"
)

func (a *app) produceCommand() *cobra.Command {
	var o feedOptions
	var brokers []string
	var username, stateDir string
	cmd := &cobra.Command{
		Use:   "produce --brokers HOST:PORT",
		Short: "Publish quotes to a Kafka, without the rest",
		Long: `Publishes quotes to the topic crypto-prices of an existing Kafka until Ctrl-C or until the source
ends. Every message that was taken is acknowledged by all replicas before the command ends.

--source auto takes quotes from Binance, and from CoinGecko while Binance is down. An exchange that does
not answer is tried again, for ever, at a pace that it asked for or that grows to a minute.`,
		Example: `  lakectl produce --brokers localhost:9092
  lakectl produce --brokers localhost:9092 --source binance-ws --interval 1s
  lakectl produce --brokers localhost:9092 --source simulated --rate 20
  lakectl produce --brokers localhost:9092 --source replay --file data.csv.gz --speed max`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(brokers) == 0 {
				return usagef("name the Kafka to publish to: --brokers HOST:PORT")
			}
			if err := o.check(cmd); err != nil {
				return err
			}
			kafka := producer.KafkaConfig{Brokers: brokers, Username: username, Password: os.Getenv("LAKECTL_KAFKA_PASSWORD")}
			if username != "" {
				kafka.Mechanism = "PLAIN"
			}
			return a.produce(cmd.Context(), o, kafka, stateDir)
		},
	}
	cmd.Flags().StringSliceVar(&brokers, "brokers", nil, "host:port of one or more brokers")
	cmd.Flags().StringVar(&username, "kafka-username", "", "SASL/PLAIN user; its password is LAKECTL_KAFKA_PASSWORD")
	cmd.Flags().StringVar(&stateDir, "state-dir", ".", "where a replay keeps its journal")
	o.flags(cmd)
	return cmd
}

func (a *app) produce(ctx context.Context, o feedOptions, kafka producer.KafkaConfig, stateDir string) error {
	screen := newScreen(a.stderr)
	info, err := producer.EnsureTopic(ctx, kafka, producer.TopicConfig{Name: topic, RetentionBytes: topicBytes})
	if err != nil {
		return err
	}
	for _, d := range info.Differences {
		screen.note("topic %s: %s", topic, d)
	}
	f, err := startFeed(ctx, o, kafka, stateDir, a.logger())
	if err != nil {
		return err
	}
	screen.note("publishing %s prices to %s", f.name, joinBrokers(kafka.Brokers))
	select {
	case <-ctx.Done():
	case <-f.done:
	}
	flush, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := f.Stop(flush); err != nil {
		return err
	}
	if a.output == "json" {
		return a.json(f.Status())
	}
	_, err = fmt.Fprintln(a.stdout, f.Status())
	return err
}
