// Package verify looks for what must not be in the tables: records of Kafka that Bronze lacks or has twice, events
// that Silver lacks, has twice or has otherwise, windows of Gold that are not what Silver gives.
//
//	snapshot.go    which versions of the tables are compared, and how far each query has come
//	statements.go  a check as SQL, and what its statements share
//	bronze.go      I1, every record that Kafka acknowledged is in Bronze once
//	silver.go      I2, every record of Bronze is in Silver or in the dead letters, once
//	late.go        I4, what is missing only because a watermark refused it
//	gold.go        I3, every closed window is what Silver gives
//	checkpoint.go  I5, a restart finds what it needs
//	invariants.go  what is looked at for each invariant, and Kafka's own offsets
//	runner.go      the checks, several at once
//	report.go      what was found
//
// The statements are pure functions of jobs. Silver and the dead letters are held against the jobs' own parse and
// checks, which are the definition of a good record. Gold is not held against the jobs' SQL: its averages are
// checked in whole units of 1e-18, by an inequality that holds for one number only.
//
// A verify may run beside the queries. Each table is read in one version, the downstream ones pinned first, so
// that no row is without its origin; and what a query has not committed yet is not missed.
package verify
