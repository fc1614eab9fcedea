package deploy_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

// TestTwice deploys everything there is, changes nothing, and removes it.
func TestTwice(t *testing.T) {
	w := newWorld(t, fakeworkspace.Options{})
	before := w.contents()
	result := w.mustDeploy()
	if len(result.Steps) != len(w.wanted) {
		t.Errorf("%d of %d: %v", len(result.Steps), len(w.wanted), names(result))
	}
	w.quiet()
	if diff := cmp.Diff(map[string]string{"kafka-username": "user-of-kafka", "kafka-password": "s3cr3t-of-kafka"}, w.Secrets("lakectl-full")); diff != "" {
		t.Error(diff)
	}
	if _, err := w.destroy(nil, true, ""); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, w.contents()); diff != "" {
		t.Errorf("left after destroy:\n%s", diff)
	}
	w.Forget()
	if _, err := w.destroy(nil, true, ""); err != nil {
		t.Fatal(err)
	}
	if writes := w.Writes(); len(writes) > 0 {
		t.Errorf("a second destroy writes: %v", writes)
	}
}

// TestCalls counts what a deploy of about 20 resources asks of the workspace.
func TestCalls(t *testing.T) {
	w := newWorld(t, fakeworkspace.Options{Latency: 20 * time.Millisecond})
	began := time.Now()
	w.mustDeploy()
	took, calls := time.Since(began), len(w.Requests())
	t.Logf("%d resources, %d calls, %s with 20 ms each", len(w.wanted), calls, took)
	if most := 4 * len(w.wanted); calls >= most {
		t.Errorf("%d calls for %d resources, want fewer than %d", calls, len(w.wanted), most)
	}
}
