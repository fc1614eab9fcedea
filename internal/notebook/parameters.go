package notebook

import (
	"fmt"
	"strings"

	"github.com/cryptostream/lakectl/jobs"
)

// LookbackDays is how old a record may be, in days, for maintenance to look at it as late.
const LookbackDays = "7"

// Parameters are the values of the notebooks' widgets, as text: what base_parameters of a job are.
type Parameters struct {
	Catalog, Schema string
	CheckpointRoot  string // a folder of a volume, or a URI; each query has a folder of its own in it
	Trigger         string // AvailableNow, or an interval such as "10 seconds"

	Brokers        string // host:port, with commas between several
	Topic          string
	KafkaProtocol  string // kafka_security_protocol: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL
	KafkaMechanism string // kafka_mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
	SecretScope    string // has kafka-username and kafka-password; asked only where the protocol is SASL
	SourcePath     string // folder with files of "lakectl tail -o json"; "" for Kafka
}

// AvailableNow is the trigger of a run that processes what is there and ends.
const AvailableNow = "availableNow"

// Defaults are the parameters of the notebooks that are checked in.
func Defaults(lakehouse *jobs.Lakehouse) Parameters {
	p := Parameters{
		Catalog: "main", Schema: "cryptostream", CheckpointRoot: "/Volumes/main/cryptostream/lakectl/checkpoints",
		Trigger: AvailableNow, KafkaProtocol: "SASL_SSL", KafkaMechanism: "SCRAM-SHA-512", SecretScope: "lakectl",
	}
	for _, job := range lakehouse.Jobs {
		if job.Source.Kafka != nil {
			p.Topic = job.Source.Kafka.Topic
		}
	}
	return p
}

// widget is one parameter as a notebook shows it.
type widget struct {
	name, label, value string
	choices            []string // nil: any text
	meaning            string   // Markdown
}

func (p Parameters) places() []widget {
	return []widget{
		{"catalog", "Catalog", p.Catalog, nil, "Unity Catalog's catalog"},
		{"schema", "Schema", p.Schema, nil, "the schema with the tables and views; it is made where it is not there"},
		{"checkpoint_root", "Checkpoint root", p.CheckpointRoot, nil, "the folder that has a checkpoint for each query"},
	}
}

func (p Parameters) streaming() []widget {
	return append(p.places(),
		widget{"trigger", "Trigger", p.Trigger, nil, "`availableNow`: process what is there and end. An interval such as `10 seconds`: go on for ever"})
}

func (p Parameters) maintenance() []widget {
	return append(p.places(),
		widget{"lookback_days", "Days to look back", LookbackDays, nil, "how old a record may be, by when Bronze took it in, to be looked at as late"})
}

func (p Parameters) kafka() []widget {
	return []widget{
		{"brokers", "Kafka brokers", p.Brokers, nil, "`host:port`, with commas between several"},
		{"topic", "Kafka topic", p.Topic, nil, "the topic that the producer writes"},
		{"kafka_security_protocol", "Kafka security protocol", p.KafkaProtocol, []string{"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"}, "how the brokers are spoken to"},
		{"kafka_mechanism", "Kafka SASL mechanism", p.KafkaMechanism, []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}, "how to log in, where the protocol is SASL"},
		{"secret_scope", "Secret scope", p.SecretScope, nil, "has `kafka-username` and `kafka-password`, where the protocol is SASL"},
		{"source_path", "Source path", p.SourcePath, nil, "where no broker is in reach: a folder with files of `lakectl tail -o json`; empty for Kafka"},
	}
}

// parameterCells explain the widgets, make them, and read them into variables of their names.
func parameterCells(widgets []widget) []cell {
	var rows [][]string
	var made, read strings.Builder
	for _, w := range widgets {
		rows = append(rows, []string{code(w.name), w.meaning})
		if w.choices == nil {
			fmt.Fprintf(&made, "dbutils.widgets.text(%s, %s, %s)\n", pyString(w.name), pyString(w.value), pyString(w.label))
		} else {
			fmt.Fprintf(&made, "dbutils.widgets.dropdown(%s, %s, [%s], %s)\n", pyString(w.name), pyString(w.value), pyStrings(w.choices), pyString(w.label))
		}
		fmt.Fprintf(&read, "%s = dbutils.widgets.get(%s).strip()\n", w.name, pyString(w.name))
	}
	return []cell{
		markdown("## Parameters", "A job passes them as `base_parameters`.", markdownTable([]string{"Widget", "Meaning"}, rows)),
		python("%s\n%s", &made, &read),
	}
}
