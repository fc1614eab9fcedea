// Command lakectl runs a streaming lakehouse of crypto prices: a producer publishes quotes to Kafka,
// Spark Structured Streaming turns them into Bronze, Silver and Gold Delta tables.
//
// Each command has a file of its own: its flags, one call, and how the result is shown. What they
// share: app.go (the root command, errors, output), settings.go (flags, environment, lakectl.yaml),
// place.go (which data dir), lakehouse.go (all parts of a run), feed.go (source and outbox),
// kafkaflags.go (which Kafka, and the spool), telemetry.go (metrics and probes), screen.go (what a run
// shows), target.go (which target), workspace.go (its Databricks workspace), terminal.go (what is typed).
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
