package reconcile

import "time"

// Report is what a reconcile has done, or with DryRun what there is to do.
type Report struct {
	DryRun bool `json:"dry_run"`
	// Since, where it is not nil, is when Bronze took in the first record that was looked at.
	Since   *time.Time `json:"since,omitempty"`
	Events  []Change   `json:"events"`  // late ones, inserted
	Windows []Change   `json:"windows"` // stale ones, written
	// Conflicts with the running queries, after each of which a statement was tried again.
	Conflicts int `json:"conflicts"`
}

// Change is what was done to one table.
type Change struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
	// Held are late events that have to wait until they are further below the watermark; see Hold.
	Held  int64    `json:"held,omitempty"`
	Dates []string `json:"dates"` // that have changed
	// Skipped says why nothing could be done, or is "".
	Skipped string `json:"skipped,omitempty"`
}

// Nothing reports that all was as it should be.
func (r Report) Nothing() bool { return r.total(r.Events) == 0 && r.total(r.Windows) == 0 }

// Rows returns how many events and windows were written.
func (r Report) Rows() (events, windows int64) { return r.total(r.Events), r.total(r.Windows) }

func (Report) total(changes []Change) (rows int64) {
	for _, c := range changes {
		rows += c.Rows
	}
	return rows
}
