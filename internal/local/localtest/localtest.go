// Package localtest gives the integration tests of other packages a real Kafka and a real Spark on
// data dirs of their own. They are skipped with -short; else the first one on a machine fetches the
// runtime, as lakectl would. LAKECTL_TEST_RUNTIME names another cache folder than the user's.
package localtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/local"
)

// Running is a Kafka and a Spark on one data dir. A test may stop or kill either and start it again.
type Running struct {
	Runtime local.Runtime
	Java    local.Java
	DataDir string
	Kafka   *local.Kafka
	Spark   *local.Spark
}

// testHeapMB is the heap of a Spark under test: several packages' tests may run at once.
const testHeapMB = 1024

// Runtime returns the jars and the Java, or skips the test with -short.
func Runtime(t testing.TB) (local.Runtime, local.Java) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs a real Kafka or Spark")
	}
	rt, java, err := Fetch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return rt, java
}

// Fetch is Runtime for a TestMain, which has to look at testing.Short itself.
func Fetch(ctx context.Context) (local.Runtime, local.Java, error) {
	java, err := local.FindJava(os.Getenv)
	if err != nil {
		return local.Runtime{}, local.Java{}, err
	}
	rt, err := local.Fetch(ctx, local.FetchOptions{CacheDir: os.Getenv("LAKECTL_TEST_RUNTIME"), Java: java})
	return rt, java, err
}

// Stack starts Kafka and Spark in a folder of the test and stops them when it ends.
func Stack(t testing.TB) *Running {
	t.Helper()
	Runtime(t) // skips
	r, err := Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// Kafka starts a Kafka alone in a folder of the test and stops it when the test ends.
func Kafka(t testing.TB) *local.Kafka {
	t.Helper()
	rt, java := Runtime(t)
	k, err := local.StartKafka(t.Context(), local.KafkaOptions{Runtime: rt, Java: java, DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, k.Process) })
	return k
}

// Spark starts a Spark alone in a folder of the test and stops it when the test ends. conf may be nil.
func Spark(t testing.TB, conf map[string]string) *local.Spark {
	t.Helper()
	rt, java := Runtime(t)
	s, err := local.StartSpark(t.Context(), local.SparkOptions{Runtime: rt, Java: java, DataDir: t.TempDir(), HeapMB: testHeapMB, Conf: conf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s.Process) })
	return s
}

// Start is Stack for a TestMain that starts one for all tests of a package: it ends with Stop.
func Start(ctx context.Context, dataDir string) (*Running, error) {
	rt, java, err := Fetch(ctx)
	if err != nil {
		return nil, err
	}
	r := &Running{Runtime: rt, Java: java, DataDir: dataDir}
	started := make(chan error, 1)
	go func() { // beside Spark: both wait for disks more than they compute
		var err error
		r.Kafka, err = local.StartKafka(ctx, local.KafkaOptions{Runtime: rt, Java: java, DataDir: dataDir})
		started <- err
	}()
	r.Spark, err = local.StartSpark(ctx, local.SparkOptions{Runtime: rt, Java: java, DataDir: dataDir, HeapMB: testHeapMB})
	if kerr := <-started; kerr != nil {
		err = kerr
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the stack: %w", err), r.Stop())
	}
	return r, nil
}

// Stop stops both, Spark first: it reads from Kafka.
func (r *Running) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var err error
	if r.Spark != nil {
		err = r.Spark.Stop(ctx)
	}
	if r.Kafka != nil {
		if kerr := r.Kafka.Stop(ctx); err == nil {
			err = kerr
		}
	}
	return err
}

func stop(t testing.TB, p *local.Process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := p.Stop(ctx); err != nil {
		t.Error(err)
	}
}
