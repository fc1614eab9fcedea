// Package backfill knows which quotes of the past are to be brought in, and what has become of them. They are
// published to a topic of their own, from where a query of its own brings them into Bronze; the lakehouse's queries
// read them there like any other record, and reconcile inserts what is too old for a watermark.
//
//	file.go        the quotes of a file within a range
//	plan.go        what is to be done, and what speaks against it
//	statements.go  what is asked of the tables
//	pending.go     what is left of a backfill that was cut off
//	report.go      what was done
//
// No event that is brought in is as new as the newest one in Silver. So it moves no watermark, and no live quote that
// still waits in Kafka or in the spool is late because of it.
package backfill
