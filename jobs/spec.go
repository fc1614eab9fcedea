package jobs

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// spec is a YAML file as written: a streaming job, or a view, which has the first keys only. The
// keys are documented in spec.schema.json.
type spec struct {
	Kind        string                    `yaml:"kind"`
	Name        string                    `yaml:"name"`
	Description string                    `yaml:"description"`
	SQL         string                    `yaml:"sql"`
	Columns     ordered[column]           `yaml:"columns"`
	Layer       string                    `yaml:"layer"`
	Source      source                    `yaml:"source"`
	Parse       string                    `yaml:"parse"`
	Checks      []expectation             `yaml:"expectations"`
	Quarantine  string                    `yaml:"quarantine"`
	Watermark   *watermark                `yaml:"watermark"`
	Deduplicate []string                  `yaml:"deduplicate"`
	Sink        sink                      `yaml:"sink"`
	Trigger     struct{ Interval string } `yaml:"trigger"`
}

type source struct {
	Kafka *struct {
		Topic                  string `yaml:"topic"`
		MaxOffsetsPerTrigger   int64  `yaml:"maxOffsetsPerTrigger"`
		MaxRecordsPerPartition int64  `yaml:"maxRecordsPerPartition"`
	} `yaml:"kafka"`
	Table              string `yaml:"table"`
	MaxBytesPerTrigger string `yaml:"maxBytesPerTrigger"`
}

type expectation struct {
	Name    string `yaml:"name"`
	Check   string `yaml:"check"`
	Comment string `yaml:"comment"`
}

type watermark struct {
	Column string `yaml:"column"`
	Delay  string `yaml:"delay"`
}

type sink struct {
	Table       string            `yaml:"table"`
	Comment     string            `yaml:"comment"`
	PartitionBy []string          `yaml:"partitionBy"`
	OutputMode  string            `yaml:"outputMode"`
	Constraints ordered[string]   `yaml:"constraints"`
	Properties  map[string]string `yaml:"properties"`
}

type column struct {
	Type     string `yaml:"type"`
	Required bool   `yaml:"required"`
	Comment  string `yaml:"comment"`
}

const kindView = "View"

// ordered is a mapping that keeps the order of the file.
type ordered[T any] []entry[T]

type entry[T any] struct {
	Name  string
	Value T
}

// UnmarshalYAML reads the mapping's pairs in order.
func (o *ordered[T]) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: not a mapping", n.Line)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		e := entry[T]{Name: n.Content[i].Value}
		if err := n.Content[i+1].Decode(&e.Value); err != nil {
			return err
		}
		*o = append(*o, e)
	}
	return nil
}

func (o ordered[T]) has(name string) bool {
	for _, e := range o {
		if e.Name == name {
			return true
		}
	}
	return false
}
