// Package maintain keeps the tables of a local lakehouse small, beside the queries that fill and read them: small files
// are put together, files that nobody needs any more are deleted, and so is the old part of each table's log.
//
//	properties.go  how long files and log are kept: properties of the tables
//	statements.go  what Spark is asked for, as SQL
//	readers.go     what has to stay because a query has still to read it
//	maintain.go    a table after the other
//	table.go       one table
//	report.go      what was done
//
// At a trigger of a second a query commits up to 86,400 times a day: as many data files, and four times as many files
// of the log. Delta's own cleaning of the log is off, since it goes by whole days and knows no readers. Nothing is
// removed that
//
//   - a checkpoint of a streaming query has still to read: its files, and the log from the batch before its newest one;
//   - is younger than the table's properties say: a statement that runs may read it.
package maintain
