package main

import (
	"bufio"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/producer"
)

type tailOptions struct {
	kafkaOptions
	dir        string
	from       string
	noFollow   bool
	limit      int64
	partitions []int32
	key        string
}

func (a *app) tailCommand() *cobra.Command {
	var o tailOptions
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Show messages of the topic as they arrive in Kafka",
		Long: `Shows messages of the topic crypto-prices as they arrive, on the Kafka of the lakehouse that runs
here or on another: partition, offset, timestamp, key, value and headers, one message a line.

It reads beside everybody else: it joins no consumer group and commits nothing. While Kafka is away it
waits, and goes on after the last message it showed. Ctrl-C ends it.

With -o json each line is an object: topic, partition, offset, timestamp (RFC 3339, UTC), key, headers
(a list of key and value), value. Bytes that are not UTF-8 are in key_base64 and value_base64.`,
		Example: `  lakectl tail
  lakectl tail --from beginning --key BTC-USD --no-follow
  lakectl tail --from 2026-11-23T18:50:00Z --limit 100 -o json | jq -r .value
  lakectl tail --brokers localhost:9092`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			tail, err := o.check(cmd)
			if err != nil {
				return err
			}
			kafka, err := o.cluster(o.dir)
			if err != nil {
				return err
			}
			tail.Log = a.logger()
			return a.tail(cmd.Context(), kafka, tail, o)
		},
	}
	f := cmd.Flags()
	dataDirFlag(cmd, &o.dir, "the lakehouse, without --brokers (default: the one that runs here)")
	o.kafkaFlags(cmd)
	f.StringVar(&o.from, "from", "-10", "beginning, end, an offset, -N for the last N of each partition, or an RFC 3339 time")
	f.BoolVar(&o.noFollow, "no-follow", false, "end with the last message that was there at the start")
	f.Int64Var(&o.limit, "limit", 0, "end after so many messages; 0 is endless")
	f.Int32SliceVar(&o.partitions, "partition", nil, "only these partitions")
	f.StringVar(&o.key, "key", "", "only messages with this key, a pair such as BTC-USD")
	return cmd
}

// check refuses what can't be, and says what to read.
func (o *tailOptions) check(cmd *cobra.Command) (producer.TailOptions, error) {
	tail := producer.TailOptions{Topic: topic, Partitions: o.partitions, Follow: !o.noFollow}
	from, err := producer.ParseTailStart(o.from)
	switch {
	case err != nil:
		return tail, usagef("--from %w", err)
	case o.limit < 0:
		return tail, usagef("--limit must not be negative")
	case o.noFollow && o.from == "end":
		return tail, usagef("--no-follow has nothing to show with --from end")
	}
	tail.From = from
	return tail, o.checkKafka(cmd)
}

// tail shows messages until there are no more to show or it is interrupted, which is its usual end.
func (a *app) tail(ctx context.Context, kafka producer.KafkaConfig, tail producer.TailOptions, o tailOptions) error {
	out := bufio.NewWriter(a.stdout)
	write := writeRecord
	if a.output == "json" {
		write = writeRecordJSON
	} else {
		writeRecordHeading(out)
	}
	var shown int64
	for record, err := range producer.Tail(ctx, kafka, tail) {
		switch {
		case errors.Is(err, context.Canceled):
			return nil
		case err != nil:
			return err
		case o.key != "" && string(record.Key) != o.key:
			continue
		}
		if err := write(out, record); err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
		if shown++; shown == o.limit {
			break
		}
	}
	return out.Flush()
}
