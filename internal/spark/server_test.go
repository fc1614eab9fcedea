package spark_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/internal/spark"
)

// TestServer runs against one real Spark Connect server, which ends each response stream after a
// second where a server by default does after two minutes.
func TestServer(t *testing.T) {
	server := localtest.Spark(t, map[string]string{
		"spark.connect.execute.reattachable.senderMaxStreamDuration": "1s",
	})
	for name, test := range map[string]func(*testing.T, *local.Spark){
		"values":              testValues,
		"errors":              testErrors,
		"wrong token":         testWrongToken,
		"large results":       testLargeResults,
		"cut streams":         testCutStreams,
		"dropped connection":  testDroppedConnection,
		"cancelled call":      testCancelledCall,
		"session of two":      testSessionOfTwo,
		"session lost":        testSessionLost,
		"query life":          testQueryLife,
		"query failure":       testQueryFailure,
		"dedup and watermark": testDeduplication,
		"available now":       testAvailableNow,
		"examples":            testExamples,
		"gateway":             testGateway,
	} {
		t.Run(name, func(t *testing.T) { test(t, server) })
	}
}

func connect(t *testing.T, server *local.Spark, sessionID string) *spark.Session {
	t.Helper()
	return connectTo(t, server.Remote, server.Token, sessionID)
}

func connectTo(t *testing.T, remote, token, sessionID string) *spark.Session {
	t.Helper()
	s, err := spark.Connect(t.Context(), spark.Options{Remote: "sc://" + remote, Token: token, SessionID: sessionID})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func testValues(t *testing.T, server *local.Spark) {
	s := connect(t, server, "")
	rows, err := s.Query(t.Context(), `select 1 as i, cast(1.5 as decimal(38,18)) as d, timestamp'2022-01-01 00:00:00.123456' as ts,
		date'2022-01-02' as day, array(1, null) as list, struct(1 as x, 'y' as y) as st, map('k', 1) as m, x'00ff' as b, null as n, true as t`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"i":1,"d":"1.500000000000000000","ts":"2022-01-01T00:00:00.123456Z","day":"2022-01-02","list":[1,null],` +
		`"st":{"x":1,"y":"y"},"m":[{"key":"k","value":1}],"b":"AP8=","n":null,"t":true}]`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	empty, err := s.Query(t.Context(), "select 1 as a, 2 as b where false")
	if err != nil || len(empty.Values) != 0 || !cmp.Equal(empty.Columns, []string{"a", "b"}) {
		t.Errorf("empty result: %v, %v", empty, err)
	}
}

func testErrors(t *testing.T, server *local.Spark) {
	s := connect(t, server, "")
	for statement, want := range map[string]string{
		"select * from nowhere": "TABLE_OR_VIEW_NOT_FOUND",
		"select 1/0":            "DIVIDE_BY_ZERO",
		"selec 1":               "PARSE_SYNTAX_ERROR",
		"select nothing":        "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION",
	} {
		_, err := s.Query(t.Context(), statement)
		var e *spark.Error
		if !errors.As(err, &e) || e.Class != want || e.Message == "" || e.SQLState == "" {
			t.Errorf("%s: got %#v, want class %s", statement, err, want)
		}
	}
}

func testWrongToken(t *testing.T, server *local.Spark) {
	_, err := spark.Connect(t.Context(), spark.Options{Remote: "sc://" + server.Remote, Token: "wrong"})
	if err == nil {
		t.Fatal("a wrong token was accepted")
	}
}

func testLargeResults(t *testing.T, server *local.Spark) {
	s := connect(t, server, "")
	rows, err := s.Query(t.Context(), "select repeat('x', 6000000) as wide")
	if err != nil || len(rows.Values[0][0].(string)) != 6_000_000 {
		t.Errorf("one cell of 6 MB: %v", err)
	}
	rows, err = s.Query(t.Context(), "select id, repeat('x', 100) from range(200000)")
	if err != nil || len(rows.Values) != 200_000 {
		t.Errorf("20 MB: %d rows, %v", len(rows.Values), err)
	}
}

// testCutStreams waits longer than a response stream lasts, and than retries go on.
func testCutStreams(t *testing.T, server *local.Spark) {
	s, err := spark.Connect(t.Context(), spark.Options{Remote: "sc://" + server.Remote, Token: server.Token, RetryFor: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	rows, err := s.Query(t.Context(), "select java_method('java.lang.Thread', 'sleep', 3500L), 7 as seven")
	if err != nil || rows.Values[0][1] != int64(7) {
		t.Errorf("a slow result: %v, %v", rows, err)
	}

	// This source has more for every micro-batch, however fast, and the server is silent meanwhile.
	dir := t.TempDir()
	query, err := s.ReadStream("rate-micro-batch", map[string]string{"rowsPerBatch": "1"}).WriteStream().Checkpoint(dir+"/checkpoint").Start(t.Context(), dir+"/table")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := query.ProcessAllAvailable(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a long wait: %v", err)
	}
	if err := query.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func testDroppedConnection(t *testing.T, server *local.Spark) {
	p := newProxy(t, server.Remote)
	s := connectTo(t, p.listener.Addr().String(), server.Token, "")
	stop := make(chan struct{})
	cutting := make(chan struct{})
	go func() {
		defer close(cutting)
		for {
			select {
			case <-stop:
				return
			case <-time.After(300 * time.Millisecond):
				p.cut()
			}
		}
	}()
	for range 5 {
		rows, err := s.Query(t.Context(), "select id, java_method('java.lang.Thread', 'sleep', 20L) from range(50)")
		if err != nil || len(rows.Values) != 50 {
			t.Errorf("%d rows, %v", len(rows.Values), err)
		}
	}
	close(stop)
	<-cutting
}

func testCancelledCall(t *testing.T, server *local.Spark) {
	s := connect(t, server, "")
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := s.Query(ctx, "select java_method('java.lang.Thread', 'sleep', 60000L)")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func testSessionOfTwo(t *testing.T, server *local.Spark) {
	id := uuid.NewString()
	one, other := connect(t, server, id), connect(t, server, id)
	query := startRate(t, one, "shared")
	found, err := other.Streams().Get(t.Context(), query.ID)
	if err != nil || found == nil || found.Name != "shared" {
		t.Fatalf("the other did not find the query: %v, %v", found, err)
	}
	if err := found.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	active, err := one.Streams().Active(t.Context())
	if err != nil || len(active) != 0 {
		t.Errorf("still active: %v, %v", active, err)
	}
}

func testSessionLost(t *testing.T, server *local.Spark) {
	s := connect(t, server, "")
	before := s.ID()
	_ = s.Release(t.Context()) // this server ends it and then fails for want of Spark ML
	if _, err := s.Query(t.Context(), "select 1"); !errors.Is(err, spark.ErrSessionLost) {
		t.Fatalf("got %v", err)
	}
	if err := s.KeepAlive(t.Context(), time.Millisecond); !errors.Is(err, spark.ErrSessionLost) {
		t.Errorf("the heartbeat did not notice: %v", err)
	}
	s.Renew()
	if _, err := s.Query(t.Context(), "select 1"); err != nil || s.ID() == before {
		t.Errorf("after renewal: %v", err)
	}
}

func startRate(t *testing.T, s *spark.Session, name string) *spark.StreamingQuery {
	t.Helper()
	dir := t.TempDir()
	query, err := s.ReadStream("rate", map[string]string{"rowsPerSecond": "50"}).WriteStream().QueryName(name).
		Checkpoint(dir+"/checkpoint").Trigger(spark.ProcessingTime(200*time.Millisecond)).Start(t.Context(), dir+"/table")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = query.Stop(context.Background()) })
	return query
}

func testQueryLife(t *testing.T, server *local.Spark) {
	s := connect(t, server, "")
	query := startRate(t, s, "life")
	if err := query.ProcessAllAvailable(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, err := query.LastProgress(t.Context())
	if err != nil || p == nil || p.ID != query.ID || p.Duration() <= 0 || len(p.Sources) != 1 {
		t.Errorf("progress %+v, %v", p, err)
	}
	status, err := query.Status(t.Context())
	if err != nil || !status.Active {
		t.Errorf("status %+v, %v", status, err)
	}
	for range 2 { // the second time it has ended
		if err := query.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := query.AwaitTermination(t.Context()); err != nil {
		t.Errorf("a stopped query has not failed: %v", err)
	}
	if status, err := query.Status(t.Context()); err != nil || status.Active {
		t.Errorf("status after stop %+v, %v", status, err)
	}
}

func testQueryFailure(t *testing.T, server *local.Spark) {
	s := connect(t, server, "")
	dir := t.TempDir()
	if err := s.ReadStream("rate", map[string]string{"rowsPerSecond": "50"}).CreateView(t.Context(), "rate"); err != nil {
		t.Fatal(err)
	}
	query, err := s.StreamSQL("select 1 / (value - value) as x from rate").WriteStream().QueryName("fails").
		Checkpoint(dir+"/checkpoint").Start(t.Context(), dir+"/table")
	if err != nil {
		t.Fatal(err)
	}
	var e *spark.Error
	if err := query.AwaitTermination(t.Context()); !errors.As(err, &e) || e.Class != "DIVIDE_BY_ZERO" {
		t.Errorf("got %v", err)
	}
	if failed, err := query.Exception(t.Context()); err != nil || failed == nil {
		t.Errorf("exception %v, %v", failed, err)
	}
	_, err = s.StreamSQL("select nothing from rate").WriteStream().Checkpoint(dir+"/other").Start(t.Context(), dir+"/other_table")
	if !errors.As(err, &e) || e.Class != "UNRESOLVED_COLUMN.WITH_SUGGESTION" {
		t.Errorf("bad SQL: %v", err)
	}
}

// testDeduplication streams a Delta table with a double and a late row through a watermark.
func testDeduplication(t *testing.T, server *local.Spark) {
	s := connect(t, server, "")
	dir := t.TempDir()
	must := func(statement string) {
		t.Helper()
		if err := s.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	source := "delta.`" + dir + "/source`"
	must("create table " + source + " (id string, at timestamp) using delta")
	must("insert into " + source + " values ('a', timestamp'2022-01-01 10:00:00'), ('a', timestamp'2022-01-01 10:00:00'), ('b', timestamp'2022-01-01 10:30:00')")
	query, err := s.ReadStream("delta", nil, dir+"/source").WithWatermark("at", 10*time.Minute).
		DropDuplicatesWithinWatermark("id").WriteStream().QueryName("dedup").Checkpoint(dir+"/checkpoint").Start(t.Context(), dir+"/sink")
	if err != nil {
		t.Fatal(err)
	}
	if err := query.ProcessAllAvailable(t.Context()); err != nil {
		t.Fatal(err)
	}
	must("insert into " + source + " values ('late', timestamp'2022-01-01 09:00:00'), ('b', timestamp'2022-01-01 10:31:00'), ('c', timestamp'2022-01-01 10:40:00')")
	if err := query.ProcessAllAvailable(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, err := s.Query(t.Context(), "select id from delta.`"+dir+"/sink` order by id")
	if err != nil || !cmp.Equal(rows.Values, [][]any{{"a"}, {"b"}, {"c"}}) {
		t.Errorf("got %v, %v", rows.Values, err)
	}
	var late, doubles int64
	recent, err := query.RecentProgress(t.Context())
	for _, p := range recent {
		late += p.RowsDroppedLate
		doubles += p.RowsDroppedDuplicates
	}
	if err != nil || late != 1 || doubles != 2 {
		t.Errorf("dropped %d late, %d doubles, %v", late, doubles, err)
	}
	if last := recent[len(recent)-1]; !last.Watermark.Equal(time.Date(2022, 1, 1, 10, 30, 0, 0, time.UTC)) {
		t.Errorf("watermark %s", last.Watermark)
	}
	if err := query.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func testAvailableNow(t *testing.T, server *local.Spark) {
	s := connect(t, server, "")
	dir := t.TempDir()
	if err := s.Exec(t.Context(), "create table delta.`"+dir+"/source` using delta as select id, id % 2 as half from range(10)"); err != nil {
		t.Fatal(err)
	}
	query, err := s.ReadStream("delta", nil, dir+"/source").WriteStream().OutputMode(spark.Append).PartitionBy("half").
		Checkpoint(dir+"/checkpoint").Trigger(spark.AvailableNow()).Start(t.Context(), dir+"/sink")
	if err != nil {
		t.Fatal(err)
	}
	if err := query.AwaitTermination(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, err := s.Query(t.Context(), "select count(*) from delta.`"+dir+"/sink`")
	if err != nil || rows.Values[0][0] != int64(10) {
		t.Errorf("%v, %v", rows.Values, err)
	}
}
