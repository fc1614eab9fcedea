// Package target says where a lakehouse can be put: a Databricks workspace, or any Spark Connect cluster
// with Delta. A target is a YAML file, as a job is; some come with the binary (infra/targets), others are
// the user's own, and a target may extend another one.
//
//	target.go      Target, resolved
//	databricks.go  the part about a workspace
//	load.go        files → Set; names, extension, variables
//	check.go       what a schema can't say
package target

import (
	"time"

	"github.com/cryptostream/lakectl/internal/ddl"
)

// Target is where a lakehouse is to be, with every variable replaced.
type Target struct {
	Name        string `json:"name"`
	Description string `json:"description"`

	Catalog string `json:"catalog"` // Unity Catalog's, which must exist; "" where the cluster has one catalog
	Schema  string `json:"schema"`
	// Warehouse is the URI below which tables have their files; "" for tables that the catalog manages.
	Warehouse string `json:"warehouse"`
	// Checkpoints is the URI or volume below which each job has its checkpoint.
	Checkpoints string `json:"checkpoints"`

	Kafka Kafka `json:"kafka"`
	// Spark is how `lakectl run --target` reaches the cluster.
	Spark Spark `json:"spark"`
	// Databricks is nil for a target that is no workspace: it can be run on, and not deployed to.
	Databricks *Databricks `json:"databricks"`

	File string `json:"-"` // the file it was read from, relative to its folder
}

// Kafka is the topic as the target's cluster reaches it. User and password are never in a target: they are
// in the environment (LAKECTL_KAFKA_USERNAME, LAKECTL_KAFKA_PASSWORD) or in a secret scope.
type Kafka struct {
	Brokers   []string `json:"brokers"` // host:port
	Topic     string   `json:"topic"`
	Security  string   `json:"security"`  // PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL
	Mechanism string   `json:"mechanism"` // PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; "" without SASL
	// Files is the folder or volume of files made by `lakectl tail -o json`, which are read instead of the
	// topic where the cluster can't reach a broker; "" for the topic.
	Files string `json:"files"`
}

// LogsIn reports whether reading the topic takes a user and a password.
func (k Kafka) LogsIn() bool { return k.Security == "SASL_PLAINTEXT" || k.Security == "SASL_SSL" }

// Spark is a Spark Connect server.
type Spark struct {
	// Remote is a connection string, sc://host:port/;key=value, without a token: that is in the environment
	// (SPARK_CONNECT_AUTHENTICATE_TOKEN). "" is the workspace's cluster.
	Remote string `json:"remote"`
	// Cluster is the id of a cluster in the workspace; "" is what the SDK is configured with
	// (DATABRICKS_CLUSTER_ID, cluster_id in ~/.databrickscfg).
	Cluster string `json:"cluster"`
	// Conf are settings of the session.
	Conf map[string]string `json:"conf"`
}

// Place returns where the target's tables and checkpoints are.
func (t Target) Place() ddl.Place {
	return ddl.Place{Catalog: t.Catalog, Schema: t.Schema, Warehouse: t.Warehouse, Checkpoints: t.Checkpoints}
}

// Duration is a time.Duration that is written as text, such as 10s.
type Duration time.Duration

// UnmarshalText reads a duration as time.ParseDuration does.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// MarshalText writes it as time.Duration does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }
