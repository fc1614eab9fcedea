package main

import (
	"errors"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/pipeline"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

// wholeMessage is the hint for an error of Spark of which nothing better is known.
const wholeMessage = "-v shows the whole message"

// tableError says what to do about an error of a command that works on the tables of a data dir, where the error does
// not say so itself: which table is damaged, that a run is still starting, and otherwise the hint that is given.
func tableError(dir string, err error, hint string) error {
	err = pipeline.Damaged(placeOf(dir), jobs.Default(), err)
	var e *spark.Error
	switch {
	case !errors.As(err, &e) || exit.Hint(err) != "":
		return err
	case unknown(e) && starting(dir):
		hint = "Spark has just been started and does not know all tables and views yet; lakectl status says when every query runs"
	}
	return exit.New(exit.Failed, err, hint)
}

// unknown reports that Spark knows no table, view or schema of a name.
func unknown(e *spark.Error) bool {
	return e.Class == "TABLE_OR_VIEW_NOT_FOUND" || e.Class == "SCHEMA_NOT_FOUND"
}

// starting reports that a run has not registered its tables and views, or not again after its Spark was lost.
func starting(dir string) bool {
	s, err := readStatus(dir)
	return local.Locked(dir) && (err != nil || s.State == "running" && !s.Healthy)
}
