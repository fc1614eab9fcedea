package spark_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/spark"
)

// The examples need a server, which go test has none of: testExamples runs them against its own.

func ExampleSession_Query() {
	ctx := context.Background()
	session, err := spark.Connect(ctx, spark.Options{Remote: os.Getenv("SPARK_REMOTE")})
	if err != nil {
		fail(err)
	}
	defer session.Close()

	rows, err := session.Query(ctx, "select 'BTC-USD' as pair, cast(64231.12 as decimal(38,18)) as price")
	if err != nil {
		fail(err)
	}
	fmt.Println(rows.Columns, rows.Values[0])
	// [pair price] [BTC-USD 64231.120000000000000000]
}

// A query that deduplicates what is in one Delta table into another, and ends.
func ExampleStreamWriter() {
	ctx := context.Background()
	session, err := spark.Connect(ctx, spark.Options{Remote: os.Getenv("SPARK_REMOTE")})
	if err != nil {
		fail(err)
	}
	defer session.Close()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fail(err)
	}
	defer os.RemoveAll(dir)
	err = session.Exec(ctx, "create table delta.`"+dir+"/ticks` using delta as select * from values "+
		"('a', timestamp'2026-01-01 00:00:00'), ('b', timestamp'2026-01-01 00:00:01'), ('a', timestamp'2026-01-01 00:00:02') as (id, at)")
	if err != nil {
		fail(err)
	}

	query, err := session.ReadStream("delta", nil, dir+"/ticks").
		WithWatermark("at", time.Hour).
		DropDuplicatesWithinWatermark("id").
		WriteStream().
		QueryName("deduplicate").
		Checkpoint(dir+"/checkpoint").
		Trigger(spark.AvailableNow()).
		Start(ctx, dir+"/distinct")
	if err != nil {
		fail(err)
	}
	if err := query.AwaitTermination(ctx); err != nil {
		fail(err)
	}
	rows, err := session.Query(ctx, "select count(*) from delta.`"+dir+"/distinct`")
	if err != nil {
		fail(err)
	}
	fmt.Println(rows.Values[0][0])
	// 2
}

// A query that goes on after its session's connection is closed is found and stopped by another
// process that knows the session's id.
func ExampleStreamingQueryManager() {
	ctx := context.Background()
	starter, err := spark.Connect(ctx, spark.Options{Remote: os.Getenv("SPARK_REMOTE")})
	if err != nil {
		fail(err)
	}
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fail(err)
	}
	defer os.RemoveAll(dir)
	started, err := starter.ReadStream("rate", map[string]string{"rowsPerSecond": "10"}).
		WriteStream().
		QueryName("ticker").
		Checkpoint(dir+"/checkpoint").
		Trigger(spark.ProcessingTime(time.Second)).
		Start(ctx, dir+"/ticks")
	if err != nil {
		fail(err)
	}
	_ = starter.Close() // the query goes on

	session, err := spark.Connect(ctx, spark.Options{Remote: os.Getenv("SPARK_REMOTE"), SessionID: starter.ID()})
	if err != nil {
		fail(err)
	}
	defer session.Close()
	query, err := session.Streams().Get(ctx, started.ID)
	if err != nil || query == nil {
		fail("no such query: ", err)
	}
	status, err := query.Status(ctx)
	if err != nil {
		fail(err)
	}
	fmt.Println(query.Name, status.Active, query.Stop(ctx))
	// ticker true <nil>
}

// testExamples runs the examples and compares what they print with their last lines.
func testExamples(t *testing.T, server *local.Spark) {
	t.Setenv("SPARK_REMOTE", "sc://"+server.Remote+"/;token="+server.Token)
	for want, example := range map[string]func(){
		"[pair price] [BTC-USD 64231.120000000000000000]\n": ExampleSession_Query,
		"2\n":                 ExampleStreamWriter,
		"ticker true <nil>\n": ExampleStreamingQueryManager,
	} {
		if got := printed(t, example); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// fail ends an example.
func fail(why ...any) { panic(fmt.Sprint(why...)) }

// printed returns what f writes to standard output.
func printed(t *testing.T, f func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = w
	defer func() { os.Stdout = stdout }()
	f()
	_ = w.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
