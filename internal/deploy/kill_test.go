package deploy_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

// held is the id of the lock that is there, "" for none.
func (w *world) held() string {
	w.Helper()
	text, ok := w.Files()[w.lockFile()]
	if !ok {
		return ""
	}
	var lock struct{ ID string }
	if err := json.Unmarshal(text, &lock); err != nil {
		w.Fatal(err)
	}
	return lock.ID
}

func (w *world) lockFile() string { return w.folder[len("/Workspace"):] + "/deploy.lock" }

// dying makes call n the last one of a process, of those that are counted.
func (w *world) dying(n int, after bool, counted func(r *http.Request) bool) *doomed {
	calls := 0
	return &doomed{next: w.server.Client().Transport, after: after, left: func(r *http.Request) bool {
		if counted(r) {
			calls++
		}
		return calls == n
	}}
}

// signedIn are all calls but those before it is known who calls.
func signedIn(r *http.Request) bool {
	return !strings.Contains(r.URL.Path, "/.well-known/") && !strings.HasSuffix(r.URL.Path, "/Me")
}

func writing(r *http.Request) bool { return r.Method != http.MethodGet }

// killing runs something again and again, killed at its first call, its second and so on, before it is sent and
// after it was carried out, each time in a new world; then what goes on from there, and checks. It ends when
// nothing is killed any more. -short leaves most of the calls out.
func killing(t *testing.T, counted func(r *http.Request) bool, start func(w *world), run func(w *world, d *doomed) error, goOn func(w *world, force string) error, check func(w *world)) {
	t.Helper()
	stride := 3
	switch {
	case os.Getenv("LAKECTL_TEST_LONG") != "": // make test-long
		stride = 1
	case testing.Short():
		stride = 7
	}
	for _, after := range []bool{false, true} {
		for n := 1; ; n += stride {
			done := false
			t.Run(fmt.Sprintf("call %d, carried out %t", n, after), func(t *testing.T) {
				w := newWorld(t, fakeworkspace.Options{})
				start(w)
				d := w.dying(n, after, counted)
				err := run(w, d)
				if !d.dead {
					done = true
				} else if err == nil && w.held() != "" {
					t.Error("killed, and no error")
				}
				if force := w.held(); force != "" {
					if err := goOn(w, ""); exit.Code(err) != exit.Refused {
						t.Errorf("the lock of the dead is not respected: %v", err)
					}
					if err := goOn(w, force); err != nil {
						t.Fatalf("%v (%s)", err, exit.Hint(err))
					}
				} else if err := goOn(w, ""); err != nil {
					t.Fatalf("%v (%s)", err, exit.Hint(err))
				}
				check(w)
			})
			if done {
				t.Logf("killed at %d calls, carried out %t", n-1, after)
				break
			}
			if n > 300 {
				t.Fatal("it does not end")
			}
		}
	}
}

// TestKilledDeploy kills a deploy at each of its calls. The next one goes on, and makes nothing twice.
func TestKilledDeploy(t *testing.T) {
	whole := newWorld(t, fakeworkspace.Options{})
	whole.few()
	whole.mustDeploy()
	want := whole.contents()
	killing(t, signedIn, (*world).few, func(w *world, d *doomed) error {
		_, err := w.deploy(w.Context(), d, "")
		return err
	}, func(w *world, force string) error {
		_, err := w.deploy(w.Context(), nil, force)
		return err
	}, func(w *world) {
		if diff := cmp.Diff(want, w.contents()); diff != "" {
			t.Error(diff)
		}
		w.quiet()
		if _, err := w.destroy(nil, true, ""); err != nil {
			t.Error(err)
		}
		if left := w.contents(); left["jobs"] != 0 || len(w.Schemas()) > 0 || len(w.Files()) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// TestKilledChange kills a deploy that changes, replaces, deletes and restarts.
func TestKilledChange(t *testing.T) {
	change := func(w *world) {
		w.target("full", full, "kafka.topic=other", "databricks.maintenance=null", "databricks.volume=other",
			"checkpoints=/Volumes/main/prices/other/checkpoints", "databricks.warehouse.size=Small")
	}
	whole := newWorld(t, fakeworkspace.Options{})
	whole.mustDeploy()
	change(whole)
	whole.mustDeploy()
	want := whole.contents()
	killing(t, writing, func(w *world) {
		w.mustDeploy()
		change(w)
	}, func(w *world, d *doomed) error {
		_, err := w.deploy(w.Context(), d, "")
		return err
	}, func(w *world, force string) error {
		_, err := w.deploy(w.Context(), nil, force)
		return err
	}, func(w *world) {
		if diff := cmp.Diff(want, w.contents()); diff != "" {
			t.Error(diff)
		}
		w.runsWhatItIs()
		w.quiet()
	})
}

// runsWhatItIs fails if a continuous job's run is not with the settings that the job has.
func (w *world) runsWhatItIs() {
	w.Helper()
	for id, job := range w.Jobs() {
		if job["continuous"] == nil {
			continue
		}
		runs := w.Runs(id)
		if len(runs) == 0 {
			w.Fatal("the streaming job does not run")
		}
		last := runs[len(runs)-1]
		if last.State.LifeCycleState == "TERMINATING" {
			continue // the next one begins with what the job is
		}
		if diff := cmp.Diff(encode(w.T, job["tasks"]), encode(w.T, last.Settings["tasks"])); diff != "" {
			w.Errorf("it runs what it was before:\n%s", diff)
		}
	}
}

// TestKilledDestroy kills a destroy at each of its calls.
func TestKilledDestroy(t *testing.T) {
	empty := newWorld(t, fakeworkspace.Options{}).contents()
	killing(t, signedIn, func(w *world) {
		w.few()
		w.mustDeploy()
	}, func(w *world, d *doomed) error {
		_, err := w.destroy(d, true, "")
		return err
	}, func(w *world, force string) error {
		_, err := w.destroy(nil, true, force)
		return err
	}, func(w *world) {
		if diff := cmp.Diff(empty, w.contents()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestKilledThenDestroyed leaves nothing of a deploy that died, though it could not note what it made.
func TestKilledThenDestroyed(t *testing.T) {
	empty := newWorld(t, fakeworkspace.Options{}).contents()
	killing(t, writing, (*world).few, func(w *world, d *doomed) error {
		_, err := w.deploy(w.Context(), d, "")
		return err
	}, func(w *world, force string) error {
		_, err := w.destroy(nil, true, force)
		return err
	}, func(w *world) {
		if diff := cmp.Diff(empty, w.contents()); diff != "" {
			t.Error(diff)
		}
	})
}
