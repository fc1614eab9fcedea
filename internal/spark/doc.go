// Package spark drives Structured Streaming on a Spark Connect server from Go.
//
// spark-connect-go reads and writes DataFrames but has no streaming API: no ReadStream, no
// WriteStream, no StreamingQuery. This package adds them over the same connection and leaves batch
// reads to spark-connect-go:
//
//   - [Connect] opens a [Session] whose id is the caller's choice, so that another process that
//     uses the same id sees and stops the same queries.
//   - [Session.ReadStream] and [Session.StreamSQL] give a [StreamingDataFrame]; its
//     [StreamingDataFrame.WriteStream] starts a [StreamingQuery].
//   - [StreamingQuery] has status, typed progress, exception, await and stop; [Session.Streams]
//     finds the queries that run.
//   - Every execution is reattachable: a connection that drops and the server's habit of ending
//     a response stream after two minutes are not seen by the caller.
//   - Server errors are [*Error], with Spark's error class and message. A session that the server
//     no longer has is [ErrSessionLost]; [Session.Renew] begins another.
//
// The protobuf types of spark-connect-go are internal to it, and a second generated copy of them
// would panic at start. They are registered, though, so requests here are written as protojson,
// parsed into the registered types, and responses are read back the same way (wire.go).
//
// A Session is safe for concurrent use.
package spark
