package main

import (
	"net/http/httptest"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cryptostream/lakectl/internal/fakeexchange"
)

// asLakectl makes the test binary behave as lakectl, for tests that need a process of its own.
const asLakectl = "LAKECTL_TEST_AS_LAKECTL"

func TestMain(m *testing.M) {
	if os.Getenv(asLakectl) != "" {
		os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	testscript.Main(m, map[string]func(){
		"lakectl": func() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs the command lines in testdata: what they print, and the code they exit with.
func TestScripts(t *testing.T) {
	fake := httptest.NewServer(fakeexchange.New(fakeexchange.Options{}))
	t.Cleanup(fake.Close)
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("FAKE_EXCHANGE", fake.URL)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits CODE ARG… runs lakectl and expects that exit code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("lakectl", args[1:]...)
	code := "0"
	if err != nil {
		code = err.Error()
	}
	if code != "0" && code != "exit status "+args[0] || code == "0" && args[0] != "0" {
		ts.Fatalf("lakectl %v: %s, want %s", args[1:], code, args[0])
	}
}
