// Package dashboard is the live page: prices against their moving average, the latest ticks, and how
// the queries that carry them are. It serves one embedded page and pushes what changes to it as
// server-sent events.
//
// It knows neither Spark nor the pipeline: a Config says how to ask for rows, whether a table has
// changed, and what the run does. One poller reads for all viewers, and only while there are any.
//
// The page's numbers are those of the views v_latest_price, v_price_vs_ma and v_hourly_change. The
// poller does not ask the views, which read whole days: it reads each row of Silver once, keeps an hour
// of ticks, and computes the same exact decimals from them.
//
//	config.go    what a dashboard is joined with
//	tick.go      a tick, its place in the stream, the average before it
//	series.go    the ticks of one pair
//	store.go     all pairs; what changes when rows arrive
//	line.go      the pairs of one base as one line; thinning
//	sql.go       statements, and rows as ticks
//	reader.go    loads, follows and fills up the store
//	poller.go    when to read; what is told to the viewers
//	state.go     what is going on, in a sentence
//	wire.go      what the page receives
//	hub.go       the viewers
//	server.go    the HTTP server; auth.go, static.go: who may see it, and the page's files
package dashboard
