// Package pipeline runs the lakehouse's jobs on a Spark Connect server: it registers their tables,
// starts their queries, watches them, restarts what failed from its checkpoint, and drains them.
//
// One Pipeline outlives sessions and servers. Each session it is given is a generation: tables are
// registered, queries adopted or started, and watched until the session is lost, the pipeline is
// stopped, or a query fails in a way that a restart cannot heal.
//
//	register.go    tables and views of the lakehouse, made and checked
//	checkpoint.go  what a checkpoint was made by, and the refusal of what it cannot take
//	remotecheckpoint.go  the same where only the server can read it; offsets.go: how far it has read Kafka
//	adopt.go       queries that were running already
//	start.go       Job → streaming query
//	topic.go       whether the topic is still the same
//	anew.go        where a query begins that was reset; damaged.go: files of a table or a state that are gone or cut
//	failure.go     which failures a restart can heal
//	pipeline.go    the life of the queries
//	once.go        a job of no pipeline, over what its source holds
//	status.go      what the outside sees of it
package pipeline
