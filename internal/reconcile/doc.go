// Package reconcile brings in what a watermark refused: events that are in Bronze and not in Silver because
// they came later than Silver's watermark allows, and ticks that are in Silver and not in the Gold windows
// that were closed before they came.
//
//	statements.go  what is done, as SQL: pure functions of jobs, for every road on which it is run
//	silver.go      late events: counted and inserted
//	gold.go        stale windows: counted and merged
//	runner.go      the statements in order, against tables that change meanwhile
//	report.go      what was done
//
// Both tables stay those of their streams:
//
//   - Silver is only inserted into: an update would end the queries that read it.
//   - Only records that Silver's query has committed are looked at, and only events below its watermark are
//     inserted: a record that the query has still to read it would write a second time.
//   - Only windows that end at or below the watermark of Gold's last committed batch are written: Gold's query
//     emits a window once, when its watermark passes the window's end, and refuses every later tick of it. One
//     that it has still to emit would be there twice.
//
// So it does not matter whether the query of Gold reads an inserted row before or after the merge: in a window
// that is merged it refuses the row, and in a window that it has still to emit it counts it.
package reconcile
