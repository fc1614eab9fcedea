package fakeworkspace_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/databricks/databricks-sdk-go/service/workspace"

	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

func TestRetriedFaults(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fakeworkspace.Fault{
		"429": {Status: 429, RetryAfter: time.Second, Times: 1},
		"503": {Status: 503, Times: 1},
		"cut": {Cut: fakeworkspace.CutBefore, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, c := open(t, fakeworkspace.Options{})
			w.Forget()
			f.Method, f.Path = "POST", "/api/2.0/workspace/*"
			w.Fail(f)
			ok(t, c.Workspace.MkdirsByPath(t.Context(), "/Shared/a"))
			if all := w.Writes(); len(all) != 2 || all[1].Status != 200 {
				t.Errorf("recorded %v", all)
			}
		})
	}
}

func TestFaultsThatStay(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	w.Fail(fakeworkspace.Fault{Path: "/api/2.0/workspace/mkdirs", Status: 500, Nth: 2, Times: 1})
	ok(t, c.Workspace.MkdirsByPath(t.Context(), "/Shared/a"))
	refused(t, c.Workspace.MkdirsByPath(t.Context(), "/Shared/b"), 500, "INTERNAL_ERROR", "internal")
	ok(t, c.Workspace.MkdirsByPath(t.Context(), "/Shared/c"))
	w.Fail(fakeworkspace.Fault{Path: "/api/2.0/workspace/mkdirs", Status: 403})
	refused(t, c.Workspace.MkdirsByPath(t.Context(), "/Shared/d"), 403, "PERMISSION_DENIED", "permission")
	w.Heal()
	ok(t, c.Workspace.MkdirsByPath(t.Context(), "/Shared/d"))
}

// The answer is lost, the folder is there; the SDK sends the request again by itself.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	w, c := open(t, fakeworkspace.Options{})
	w.Forget()
	w.Fail(fakeworkspace.Fault{Path: "/api/2.0/secrets/scopes/create", Cut: fakeworkspace.CutAfter, Times: 1})
	err := c.Secrets.CreateScope(t.Context(), workspace.CreateScope{Scope: "lake"})
	refused(t, err, 400, "RESOURCE_ALREADY_EXISTS", "already exists")
	if all := w.Requests(); len(all) != 2 || all[0].Status != 200 {
		t.Errorf("recorded %v", all)
	}
}

func TestKillAt(t *testing.T) {
	for when, left := range map[string]bool{fakeworkspace.CutBefore: false, fakeworkspace.CutAfter: true} {
		w, c := open(t, fakeworkspace.Options{})
		w.Forget()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w.KillAt(2, when, cancel)
		ok(t, c.Secrets.CreateScope(ctx, workspace.CreateScope{Scope: "first"}))
		if err := c.Secrets.CreateScope(ctx, workspace.CreateScope{Scope: "second"}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error is %v", when, err)
		}
		if there := w.Secrets("second") != nil; there != left || len(w.Requests()) != 2 {
			t.Errorf("%s: made is %t, after %v", when, there, w.Requests())
		}
	}
}

// Names of jobs are not unique, and the SDK sends a job again whose answer was lost: two are there.
func TestLostAnswerOfAJob(t *testing.T) {
	t.Parallel()
	w, c := open(t, fakeworkspace.Options{})
	w.Fail(fakeworkspace.Fault{Path: "/api/2.2/jobs/create", Cut: fakeworkspace.CutAfter, Times: 1})
	create(t, c, scheduled())
	if n := len(w.Jobs()); n != 2 {
		t.Errorf("%d jobs", n)
	}
}

func TestSlowAnswer(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	w.Fail(fakeworkspace.Fault{Delay: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	w.OnRequest(func(int, fakeworkspace.Request) { cancel() }, nil)
	if err := c.Workspace.MkdirsByPath(ctx, "/Shared/a"); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestLatency(t *testing.T) {
	_, c := open(t, fakeworkspace.Options{Latency: 20 * time.Millisecond})
	began := time.Now()
	ok(t, c.Workspace.MkdirsByPath(t.Context(), "/Shared/a"))
	if d := time.Since(began); d < 20*time.Millisecond {
		t.Errorf("answered in %s", d)
	}
}

func TestParseFault(t *testing.T) {
	got, err := fakeworkspace.ParseFault("POST /api/2.2/jobs/create status=429 retry-after=1s nth=2 times=3 delay=1ms cut=after")
	want := fakeworkspace.Fault{Method: "POST", Path: "/api/2.2/jobs/create", Status: 429, RetryAfter: time.Second, Nth: 2, Times: 3, Delay: time.Millisecond, Cut: "after"}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"", "POST /x", "GET [ status=500", "* /x status=200", "* /x cut=now", "* /x what=1"} {
		if _, err := fakeworkspace.ParseFault(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
