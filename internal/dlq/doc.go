// Package dlq looks into the dead letters, and decides which of them may be sent again and which were already.
//
//	statements.go  what is asked of the tables, as SQL: pure functions of jobs
//	coordinate.go  a record of a topic, as the header of a replay names it
//	journal.go     what was sent again, so that nothing is sent twice
//
// A replay is a new record of the topic. Its header lakectl-replay-of names the record it was made of, and so does the
// row in Bronze: that is how a replay is known. Until Bronze has it, the journal knows: what is about to be sent is
// written there first, with the ends of the topic; after a kill, what was sent is found in the topic behind them.
package dlq
