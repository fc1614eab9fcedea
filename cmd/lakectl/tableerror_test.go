package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/spark"
)

func TestTableError(t *testing.T) {
	idle, run := t.TempDir(), t.TempDir() // a run that has not written its status yet
	lock, err := local.Lock(run)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lock.Unlock() })
	missing := fmt.Errorf("look: %w", &spark.Error{Class: "TABLE_OR_VIEW_NOT_FOUND", Message: "no v_latest_price"})
	for name, c := range map[string]struct {
		dir  string
		err  error
		hint string // how it begins
	}{
		"none":          {run, nil, ""},
		"starting":      {run, missing, "Spark has just been started"},
		"nothing runs":  {idle, missing, "otherwise"},
		"another error": {run, &spark.Error{Class: "DIVIDE_BY_ZERO", Message: "by zero"}, "otherwise"},
		"not Spark's":   {run, errors.New("no such file"), "otherwise"},
		"with a code":   {run, exit.New(exit.Refused, missing, ""), "Spark has just been started"},
		"explained":     {run, exit.New(exit.Refused, missing, "stop it"), "stop it"},
	} {
		got := tableError(c.dir, c.err, "otherwise")
		if !errors.Is(got, c.err) || exit.Code(got) != exit.Code(c.err) || !strings.HasPrefix(exit.Hint(got), c.hint) || (exit.Hint(got) == "") != (c.hint == "") {
			t.Errorf("%s: got %v, code %d, hint %q", name, got, exit.Code(got), exit.Hint(got))
		}
	}
}
