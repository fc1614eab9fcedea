package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/local"
)

type produceOptions struct {
	feed        feedOptions
	delivery    deliveryOptions
	dir         string
	metricsAddr string
}

func (a *app) produceCommand() *cobra.Command {
	var o produceOptions
	cmd := &cobra.Command{
		Use:   "produce --brokers HOST:PORT",
		Short: "Publish quotes to a Kafka, without the rest",
		Long: `Publishes quotes to the topic crypto-prices of an existing Kafka until Ctrl-C or until the source
ends. The topic is made where it is not there.

--source auto takes quotes from Binance, and from CoinGecko while Binance is down. An exchange that does
not answer is tried again, for ever, at a pace that it asked for or that grows to a minute.

Quotes of an exchange go to a spool on disk first, in <data-dir>/spool, and leave it when all replicas
have them: while Kafka is away they wait there, through restarts and crashes, and are then sent in
order. When the spool is full (--spool-max) no quotes are taken until Kafka is back. Other sources wait
for Kafka instead; --spool gives simulated ones a spool too.

Metrics for Prometheus are on --metrics-addr, with /healthz (is the process alive) and /readyz (do
quotes reach Kafka).`,
		Example: `  lakectl produce --brokers localhost:9092
  lakectl produce --brokers localhost:9092 --source binance-ws --interval 1s
  lakectl produce --brokers localhost:9092 --source simulated --rate 20
  lakectl produce --brokers localhost:9092 --source replay --file data.csv.gz --speed max
  LAKECTL_KAFKA_PASSWORD=… lakectl produce --brokers k1:9093,k2:9093 --kafka-username writer \
    --kafka-mechanism SCRAM-SHA-512 --kafka-ca ca.pem --topic-partitions 3 --topic-replication 3`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(cmd); err != nil {
				return err
			}
			return a.produce(cmd.Context(), o)
		},
	}
	dataDirFlag(cmd, &o.dir, `where the spool and a replay's journal are kept (default ".lakectl")`)
	metricsFlag(cmd, &o.metricsAddr, defaultMetricsAddr)
	o.delivery.flags(cmd)
	o.feed.flags(cmd)
	return cmd
}

func (o *produceOptions) check(cmd *cobra.Command) error {
	if o.dir == "" {
		o.dir = defaultDataDir
	}
	if len(o.delivery.kafka.Brokers) == 0 {
		return usagef("name the Kafka to publish to: --brokers HOST:PORT")
	}
	if o.feed.source == noSource {
		return usagef("--source none publishes nothing")
	}
	if err := o.feed.check(cmd); err != nil {
		return err
	}
	return o.delivery.check(cmd, o.feed)
}

// produceFlush is how long the end waits for Kafka.
const produceFlush = time.Minute

func (a *app) produce(ctx context.Context, o produceOptions) error {
	t, err := startTelemetry(o.metricsAddr, o.feed)
	if err != nil {
		return err
	}
	defer t.Stop(context.Background())
	if err := o.claimDir(); err != nil {
		return err
	}
	o.delivery.metrics = t.metrics()
	f, err := startFeed(ctx, o.feed, o.delivery, o.dir, a.logger())
	if err != nil {
		return err
	}
	t.watch(f)
	screen := newScreen(a.stderr)
	screen.note("publishing %s prices to %s", f.name, joinBrokers(o.delivery.kafka.Brokers))
	if t != nil {
		screen.note("metrics on %s/metrics", t.url())
	}
	showFeed(ctx, f, screen)

	flush, cancel := context.WithTimeout(context.Background(), produceFlush)
	defer cancel()
	if err := f.Stop(flush); err != nil {
		return err
	}
	status := f.Status()
	screen.note("%s", status.closing())
	if a.output == "json" {
		return a.json(status)
	}
	_, err = fmt.Fprintln(a.stdout, status)
	return err
}

// claimDir makes the data dir, where something is kept in it, and notes what for.
func (o *produceOptions) claimDir() error {
	if o.feed.source != "replay" && !o.delivery.spools(o.feed) {
		return nil
	}
	if err := local.MakeDataDir(o.dir); err != nil {
		return err
	}
	return claimContents(o.dir, o.feed.contents())
}

// showFeed shows the producer's state on a terminal until ctx ends or the source does.
func showFeed(ctx context.Context, f *feed, screen *screen) {
	ticker := time.NewTicker(refresh)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.done:
			return
		case <-ticker.C:
			screen.drawText(f.Status().String() + "\n")
		}
	}
}
