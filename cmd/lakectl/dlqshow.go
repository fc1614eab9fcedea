package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/dlq"
	"github.com/cryptostream/lakectl/internal/spark"
)

// DeadLetter is one record in `dlq show -o json`. Where bytes are not UTF-8, the text is null and the base64 is there.
type DeadLetter struct {
	Record        dlq.Coordinate `json:"record"`
	Reasons       []string       `json:"reasons"`
	KafkaTime     *time.Time     `json:"kafka_timestamp"` // UTC
	QuarantinedAt time.Time      `json:"quarantined_at"`  // UTC
	Key           *string        `json:"key"`             // null: none
	KeyBase64     []byte         `json:"key_base64,omitempty"`
	Value         *string        `json:"value"` // null: a tombstone
	ValueBase64   []byte         `json:"value_base64,omitempty"`

	key, value []byte
}

func (a *app) dlqShowCommand() *cobra.Command {
	var o dlqOptions
	var limit int
	cmd := &cobra.Command{
		Use:   "show [TOPIC/PARTITION/OFFSET…]",
		Short: "Show dead letters: where they were, why they were refused, and their bytes",
		Long: `Shows dead letters, the newest first: topic/partition/offset, the checks that refused them, key and
value. Bytes that are not UTF-8 are shown in hex.`,
		Example: `  lakectl dlq show --reason bad_price --limit 20
  lakectl dlq show crypto-prices/0/8746
  lakectl dlq show -o json | jq -r '.[] | [.record, .value] | @tsv'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.records = args
			f, err := o.filter()
			if err != nil {
				return err
			}
			if limit < 1 {
				return usagef("--limit must be at least 1")
			}
			l, end, err := a.openLetters(cmd.Context(), o.dir)
			if err != nil {
				return err
			}
			defer end()
			found, err := l.show(cmd.Context(), f, limit)
			if err != nil {
				return err
			}
			if a.output == "json" {
				return a.json(found)
			}
			for _, d := range found {
				d.write(a.stdout)
			}
			return nil
		},
	}
	o.flags(cmd)
	cmd.Flags().IntVar(&limit, "limit", 10, "how many to show")
	return cmd
}

func (l letters) show(ctx context.Context, f dlq.Filter, limit int) ([]DeadLetter, error) {
	rows, err := l.query(ctx, "read the dead letters", l.Show(f, limit))
	if err != nil {
		return nil, err
	}
	found := []DeadLetter{}
	for _, row := range rows.Values {
		d := DeadLetter{Record: coordinateOf(row), Reasons: texts(row[6])}
		if at, ok := row[3].(time.Time); ok {
			d.KafkaTime = &at
		}
		d.key, _ = row[4].([]byte)
		d.value, _ = row[5].([]byte)
		d.QuarantinedAt, _ = row[7].(time.Time)
		d.Key, d.KeyBase64 = textOrBytes(d.key)
		d.Value, d.ValueBase64 = textOrBytes(d.value)
		found = append(found, d)
	}
	return found, nil
}

// coordinateOf reads topic, partition and offset from the first columns of a row.
func coordinateOf(row []any) dlq.Coordinate {
	topic, _ := row[0].(string)
	partition, _ := row[1].(int64)
	offset, _ := row[2].(int64)
	return dlq.Coordinate{Topic: topic, Partition: int32(partition), Offset: offset}
}

// texts are the elements of an ARRAY<STRING>; none for null.
func texts(value any) []string {
	list, _ := value.([]any)
	found := make([]string, 0, len(list))
	for _, v := range list {
		text, _ := v.(string)
		found = append(found, text)
	}
	return found
}

func (d DeadLetter) write(out io.Writer) {
	stamped := "without a timestamp"
	if d.KafkaTime != nil {
		stamped = "stamped " + d.KafkaTime.Format(recordTime)
	}
	fmt.Fprintf(out, "%s  %s  (%s, put aside %s)\n", d.Record, strings.Join(d.Reasons, ", "), stamped, d.QuarantinedAt.Format(recordTime))
	fmt.Fprintf(out, "  key    %s\n  value  %s\n", bytesText(d.key, "(none)"), bytesText(d.value, "(tombstone)"))
}

// bytesText is text as a terminal shows it, and hex where it is none.
func bytesText(b []byte, none string) string {
	switch {
	case b == nil:
		return none
	case utf8.Valid(b):
		return printable(b)
	}
	return "hex " + hex.EncodeToString(b)
}

// headersOf reads an ARRAY<STRUCT<key, value>>.
func headersOf(value any) (headers []spark.Struct) {
	list, _ := value.([]any)
	for _, v := range list {
		if s, ok := v.(spark.Struct); ok && len(s) == 2 {
			headers = append(headers, s)
		}
	}
	return headers
}
