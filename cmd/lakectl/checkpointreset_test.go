package main

import (
	"io"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/jobs"
)

func TestAgree(t *testing.T) {
	for answer, want := range map[string]int{"yes\n": exit.OK, "yes": exit.OK, "y\n": exit.Refused, "": exit.Refused, "no\nyes\n": exit.Refused} {
		a := &app{stdin: strings.NewReader(answer), stderr: io.Discard}
		if err := a.agree(false); exit.Code(err) != want {
			t.Errorf("%q: got %v", answer, err)
		}
	}
	if err := (&app{}).agree(true); err != nil {
		t.Error(err)
	}
}

func TestResetRefusedWhileInUse(t *testing.T) {
	dir := t.TempDir()
	lock, err := local.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Unlock() }()
	job, _ := jobs.Default().Job("bronze_prices")
	_, err = (&app{}).reset(t.Context(), dir, job, checkpoint.From{Kind: checkpoint.FromTable}, true)
	if exit.Code(err) != exit.Refused || !strings.Contains(exit.Hint(err), "lakectl stop") {
		t.Errorf("got %v", err)
	}
}
