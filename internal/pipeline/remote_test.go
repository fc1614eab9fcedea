package pipeline_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/internal/pipeline"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/producer"
)

// remote is a lakehouse that is reached as one on a cluster is: through a gateway, its places by URIs.
type remote struct {
	*lakehouse
	gateway *localtest.Gateway

	mu    sync.Mutex
	token string
	fetch func() string
}

// TestRemote goes through the life of one, in this order: each part finds what the parts before have left.
func TestRemote(t *testing.T) {
	localtest.Long(t)
	l := newLakehouse(t)
	r := &remote{lakehouse: l, gateway: localtest.NewGateway(t, l.Spark)}
	r.fetch = r.gateway.Token
	r.place.Warehouse, r.place.Checkpoints = "file://"+filepath.Join(l.DataDir, "warehouse"), "file://"+filepath.Join(l.DataDir, "checkpoints")
	for _, part := range []struct {
		name string
		test func(*testing.T, *remote)
	}{
		{"offsets", testRemoteOffsets}, {"adoption", testAdoption}, {"session lost", testLostSession}, {"login expires", testExpiredLogin},
		{"another checkpoint", testRemoteOtherCheckpoint}, {"a lost checkpoint", testRemoteLostCheckpoint}, {"managed tables", testManagedTables},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.test(t, r) }) {
			return
		}
	}
}

func (r *remote) give(_ context.Context, refused string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.token == "" || r.token == refused {
		r.token = r.fetch()
	}
	return r.token, nil
}

func (r *remote) connect(ctx context.Context, id string) (*spark.Session, error) {
	return spark.Connect(ctx, spark.Options{
		Remote: "sc://" + r.gateway.Host + "/;use_ssl=true;x-databricks-cluster-id=" + r.gateway.Cluster, CA: r.gateway.CA,
		TokenSource: r.give, SessionID: id,
	})
}

// begin starts a pipeline that reports to the returned channel.
func (r *remote) begin(t *testing.T, change func(*pipeline.Config)) (*pipeline.Pipeline, chan pipeline.Event, error) {
	t.Helper()
	events := make(chan pipeline.Event, 1000)
	p, err := r.start(t, func(c *pipeline.Config) {
		c.Connect, c.Report = r.connect, func(e pipeline.Event) { events <- e }
		if change != nil {
			change(c)
		}
	})
	return p, events, err
}

func (r *remote) mustBegin(t *testing.T, change func(*pipeline.Config)) (*pipeline.Pipeline, chan pipeline.Event) {
	t.Helper()
	p, events, err := r.begin(t, change)
	if err != nil {
		t.Fatal(err)
	}
	return p, events
}

// kinds counts the events that have been reported.
func kinds(events chan pipeline.Event) map[pipeline.EventKind]int {
	count := map[pipeline.EventKind]int{}
	for len(events) > 0 {
		count[(<-events).Kind]++
	}
	return count
}

func (r *remote) publishOne(t *testing.T, pair string) {
	t.Helper()
	m, err := producer.Quote{Pair: pair, Source: "test", Price: "1.5", QuotedAt: time.Now(), CollectedAt: time.Now()}.Message()
	if err != nil {
		t.Fatal(err)
	}
	r.publish(t, m)
}

// silver returns the pairs in Silver, sorted.
func (r *remote) silver(t *testing.T) []string {
	t.Helper()
	var pairs []string
	for _, row := range r.query(t, "select pair from silver_prices order by pair") {
		pairs = append(pairs, row[0].(string))
	}
	return pairs
}

func testRemoteOffsets(t *testing.T, r *remote) {
	r.publishOne(t, "AA-USD")
	p, _ := r.mustBegin(t, nil)
	if err := p.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := r.connect(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, err := pipeline.RemoteOffsets(t.Context(), s, r.place.Checkpoint("bronze_prices"), topic)
	if diff := gocmp.Diff(map[int32]int64{0: 1}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, err := pipeline.RemoteOffsets(t.Context(), s, r.place.Checkpoint("none"), topic); got != nil || err != nil {
		t.Errorf("no checkpoint: %v, %v", got, err)
	}
}

// testAdoption leaves the queries running and comes back: with the same jobs, then with another trigger.
func testAdoption(t *testing.T, r *remote) {
	p, _ := r.mustBegin(t, nil)
	if err := p.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.publishOne(t, "BB-USD") // nobody watches
	p, events := r.mustBegin(t, func(c *pipeline.Config) { c.SessionID = p.SessionID() })
	if got := kinds(events); got[pipeline.Adopted] != 5 || got[pipeline.Started] != 0 {
		t.Errorf("the same jobs: %v", got)
	}
	if err := p.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, events = r.mustBegin(t, func(c *pipeline.Config) { c.SessionID, c.Trigger = p.SessionID(), 400*time.Millisecond })
	if got := kinds(events); got[pipeline.Adopted] != 0 || got[pipeline.Started] != 5 {
		t.Errorf("with another trigger: %v", got)
	}
	if err := p.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff([]string{"AA-USD", "BB-USD"}, r.silver(t)); diff != "" {
		t.Error(diff)
	}
}

// testLostSession has connections cut, then the session closed by somebody else.
func testLostSession(t *testing.T, r *remote) {
	p, events := r.mustBegin(t, nil)
	kinds(events)
	r.gateway.Cut()
	r.publishOne(t, "CC-USD")
	other, err := r.connect(t.Context(), p.SessionID())
	if err != nil {
		t.Fatal(err)
	}
	_ = other.Release(t.Context())
	_ = other.Close()
	for restarted := 0; restarted < 5; {
		if e := <-events; e.Kind == pipeline.Started {
			restarted++
		}
	}
	if err := p.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff([]string{"AA-USD", "BB-USD", "CC-USD"}, r.silver(t)); diff != "" {
		t.Error(diff)
	}
}

// testExpiredLogin has the server refuse every token: the pipeline ends, the queries go on, and a later
// login finds them.
func testExpiredLogin(t *testing.T, r *remote) {
	p, _ := r.mustBegin(t, nil)
	r.mu.Lock()
	r.fetch = func() string { return "expired" }
	r.mu.Unlock()
	r.gateway.Rotate()
	<-p.Done()
	if err := p.Err(); !spark.Refused(err) || exit.Code(err) != exit.Failed || !strings.Contains(exit.Hint(err), "log in") {
		t.Errorf("got %v, hint %q", err, exit.Hint(err))
	}
	r.publishOne(t, "DD-USD")
	r.mu.Lock()
	r.fetch = r.gateway.Token
	r.mu.Unlock()
	p, events := r.mustBegin(t, func(c *pipeline.Config) { c.SessionID = p.SessionID() })
	if got := kinds(events); got[pipeline.Adopted] != 5 {
		t.Errorf("after the login: %v", got)
	}
	if err := p.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.silver(t); !slices.Contains(got, "DD-USD") || len(got) != 4 {
		t.Error(got)
	}
}

func testRemoteOtherCheckpoint(t *testing.T, r *remote) {
	for name, change := range map[string]func(*pipeline.Config){
		"deduplicate": func(c *pipeline.Config) { c.Lakehouse.Jobs[1].Deduplicate = []string{"pair"} },
		"topic":       func(c *pipeline.Config) { c.Kafka = r.source("", "another") },
	} {
		_, _, err := r.begin(t, change)
		if exit.Code(err) != exit.Refused || !strings.Contains(err.Error(), name) || !strings.Contains(exit.Hint(err), "in the target") {
			t.Errorf("%s: got %v, hint %q", name, err, exit.Hint(err))
		}
	}
	p, _ := r.mustBegin(t, func(c *pipeline.Config) { // out of reach, so its ids are not known
		known := c.Kafka
		c.Kafka = func(ctx context.Context) (pipeline.Kafka, error) {
			k, err := known(ctx)
			k.ClusterID, k.TopicID = "", ""
			return k, err
		}
	})
	if err := p.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func testRemoteLostCheckpoint(t *testing.T, r *remote) {
	for what, folder := range map[string]string{"is gone, but its table": "checkpoints", "is gone, but the checkpoint": "warehouse"} {
		path := filepath.Join(r.DataDir, folder, "silver_prices")
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
		_, _, err := r.begin(t, nil)
		if exit.Code(err) != exit.Refused || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %v", folder, err)
		}
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".away", path); err != nil {
			t.Fatal(err)
		}
	}
}

// testManagedTables leaves it to the catalog where tables are, as Unity Catalog wants it.
func testManagedTables(t *testing.T, r *remote) {
	r.place.Catalog, r.place.Schema, r.place.Warehouse = "spark_catalog", "managed", ""
	r.place.Checkpoints += "-managed"
	for range 2 {
		p, _ := r.mustBegin(t, nil)
		if err := p.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.silver(t); len(got) != 4 {
		t.Error(got)
	}
}
