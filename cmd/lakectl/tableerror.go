package main

import (
	"errors"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/pipeline"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

// wholeMessage is the hint for an error of which nothing better is known: Spark's go on for pages.
const wholeMessage = "-v shows the whole message"

// tableError says what to do about an error of a command that works on the tables of a data dir, where the error does
// not say so itself: which table is damaged, that a run is still starting, and otherwise the hint that is given.
func tableError(dir string, err error, hint string) error {
	err = pipeline.Damaged(placeOf(dir), jobs.Default(), err)
	if err == nil || exit.Hint(err) != "" {
		return err
	}
	if unknown(err) && starting(dir) {
		hint = "Spark has just been started and does not know all tables and views yet; lakectl status says when every query runs"
	}
	return exit.New(exit.Code(err), err, hint)
}

// unknown reports that Spark knows no table, view or schema of a name.
func unknown(err error) bool {
	var e *spark.Error
	return errors.As(err, &e) && (e.Class == "TABLE_OR_VIEW_NOT_FOUND" || e.Class == "SCHEMA_NOT_FOUND")
}

// starting reports that a run has not registered its tables and views, or not again after its Spark was lost.
func starting(dir string) bool {
	s, err := readStatus(dir)
	return local.Locked(dir) && (err != nil || s.State == "running" && !s.Healthy)
}
