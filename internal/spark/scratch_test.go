package spark

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"
)

func TestScratch(t *testing.T) {
	ctx := context.Background()
	s, err := Connect(ctx, Options{Remote: "sc://127.0.0.1:15002"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Query(ctx, "select 1 a, cast(1.5 as decimal(38,18)) d, timestamp'2022-01-01 00:00:00.123456' ts, date'2022-01-01' dd, array(1,2) l, struct(1 as x, 'y' as y) st, map('k', 1) m, x'00ff' b, null n, current_timestamp() now")
	fmt.Println(r, err)
	j, err := r.MarshalJSON()
	fmt.Println(string(j), err)
	r, err = s.Query(ctx, "select 1 a where false")
	fmt.Println(r, err)
	_, err = s.Query(ctx, "select * from nope")
	fmt.Printf("%#v %v\n", err, err)
	_, err = s.Query(ctx, "select 1/0")
	fmt.Printf("%#v %v\n", err, err)
	_, err = s.Query(ctx, "selec 1")
	fmt.Printf("%#v %v\n", err, err)
	r, err = s.Query(ctx, "select id, repeat('x', 100) x from range(300000)")
	fmt.Println(len(r.Values), err)
	r, err = s.Query(ctx, "select repeat('x', 6000000) x")
	fmt.Println(len(r.Values), err)
	r, err = s.Query(ctx, "show tables")
	fmt.Println(r, err)
	qs, err := s.Streams().Active(ctx)
	fmt.Println(qs, err)
	dir := t.TempDir()
	s.ReadStream("rate", map[string]string{"rowsPerSecond": "10"}).CreateView(ctx, "r")
	q, err := s.StreamSQL("select timestamp, value, cast(value % 7 as string) k from r").WithWatermark("timestamp", 30*time.Second).DropDuplicatesWithinWatermark("k").WriteStream().QueryName("q1").Checkpoint(dir+"/cp").Trigger(ProcessingTime(time.Second)).Start(ctx, dir+"/t")
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile("/dev/null", nil, 0)
	for range 3 {
		time.Sleep(2 * time.Second)
		p, err := q.LastProgress(ctx)
		fmt.Printf("%+v %v\n", p, err)
	}
	st, err := q.Status(ctx)
	fmt.Println(st, err)
	g, err := s.Streams().Get(ctx, q.ID)
	fmt.Println(g, err)
	fmt.Println(q.Stop(ctx))
	fmt.Println(q.AwaitTermination(ctx))
	fmt.Println(q.Stop(ctx))
	q, err = s.StreamSQL("select timestamp, 1/(value-3) x from r").WriteStream().QueryName("q2").Checkpoint(dir+"/cp2").Start(ctx, dir+"/t2")
	err = q.AwaitTermination(ctx)
	fmt.Printf("%#v %v\n", err, err)
	q, err = s.StreamSQL("select nope from r").WriteStream().QueryName("q3").Checkpoint(dir+"/cp3").Start(ctx, dir+"/t3")
	fmt.Printf("%v %v\n", err, q)
	c2, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	t0 := time.Now()
	_, err = s.Query(c2, "select count(*) from range(100000000000) where rand() > 2")
	fmt.Println(err, time.Since(t0))
	fmt.Println(s.Release(ctx))
	_, err = s.Query(ctx, "select 1")
	fmt.Printf("%v %v\n", err, errors.Is(err, ErrSessionLost))
	s.Renew()
	_, err = s.Query(ctx, "select 1")
	fmt.Println(err)
}
