package backfill

import (
	"time"

	"github.com/cryptostream/lakectl/internal/reconcile"
)

// Report is what a backfill has done, or with DryRun what it would do. Times are UTC.
type Report struct {
	DryRun bool   `json:"dry_run"`
	Source string `json:"source"` // coingecko or file
	File   string `json:"file,omitempty"`
	// From and To are the range of event times, To excluded, that may be brought in: what was asked for, before Newest.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Newest is the newest event of Silver when it began.
	Newest time.Time `json:"newest_event"`
	// Calls of an API, and the credits that were left before; nil where nobody counts.
	Calls   int       `json:"calls,omitempty"`
	Credits *int      `json:"credits_left,omitempty"`
	Overlap []Overlap `json:"overlap"`

	Read     int64 `json:"read"`        // quotes within the range that was asked for
	NoTime   int64 `json:"no_time"`     // lines of a file without a time, which are in no range
	BadPoint int64 `json:"bad_points"`  // of an API's answers: no number
	TooNew   int64 `json:"too_new"`     // not older than Newest, and not published
	Before   int64 `json:"sent_before"` // in Bronze by an earlier backfill, and not published again

	Published    int64 `json:"published"`
	Acknowledged int64 `json:"acknowledged"`
	// Of the records that this backfill, or what was left of one that was cut off, has brought into Bronze:
	BronzeRows   int64 `json:"bronze_rows"`
	SilverRows   int64 `json:"silver_rows"`   // Silver has from them
	AlreadyThere int64 `json:"already_there"` // events that Silver has from another record
	DeadLetters  int64 `json:"dead_letters"`  // refused by a check
	Held         int64 `json:"held"`          // not in Silver yet: reconcile brings them in when the watermark is further

	Windows    int64              `json:"windows_merged"` // of Gold, that were closed
	Reconciled []reconcile.Report `json:"reconciled"`     // each time
}
