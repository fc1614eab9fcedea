package main

import (
	"fmt"
	"io"
	"time"

	"github.com/cryptostream/lakectl/internal/backfill"
)

// planText is the line that comes before everything else.
func planText(r backfill.Report, plan pastPlan) string {
	text := fmt.Sprintf("from %s: %s to %s", r.Source, r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
	if plan.found != nil {
		text += fmt.Sprintf(", %d records of %s in the range", plan.found.Records, r.File)
	} else {
		text += fmt.Sprintf(", %d calls", len(plan.calls))
	}
	if plan.credits != nil {
		text += fmt.Sprintf(" of %d credits that are left this month", *plan.credits)
	}
	return text
}

func writeBackfill(out io.Writer, r backfill.Report) {
	for _, o := range r.Overlap {
		fmt.Fprintf(out, "silver_prices has %d ticks of %s from %q in the range\n", o.Ticks, o.Pair, o.Source)
	}
	if r.NoTime > 0 {
		fmt.Fprintf(out, "%d lines without a time were left out\n", r.NoTime)
	}
	if r.DryRun {
		fmt.Fprintln(out, "nothing was asked for, and nothing published")
		return
	}
	fmt.Fprintf(out, "%d quotes: %d published, %d were sent before, %d are not older than the newest event (%s)\n",
		r.Read, r.Published, r.Before, r.TooNew, r.Newest.Format(time.RFC3339))
	if r.BadPoint > 0 {
		fmt.Fprintf(out, "%d points of the answers were no numbers\n", r.BadPoint)
	}
	fmt.Fprintf(out, "%d records in Bronze: %d events in Silver, %d it had already, %d dead letters, %d wait for the watermark\n",
		r.BronzeRows, r.SilverRows, r.AlreadyThere, r.DeadLetters, r.Held)
	fmt.Fprintf(out, "%d closed windows of Gold written again\n", r.Windows)
	if r.Held > 0 {
		fmt.Fprintln(out, "lakectl reconcile, or the run's schedule, brings in those that wait when the watermark has moved on")
	}
}
