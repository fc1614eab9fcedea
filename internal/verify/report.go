package verify

import (
	"slices"
	"time"
)

// Report is what a verify has found. Times are UTC.
type Report struct {
	Held       bool        `json:"held"`
	At         time.Time   `json:"at"`
	From       *time.Time  `json:"from,omitempty"`
	To         *time.Time  `json:"to,omitempty"`
	Snapshot   Snapshot    `json:"snapshot"`
	Invariants []Invariant `json:"invariants"`
}

// Invariant is one of I1, I2, I3 and I5. I4 is about those: what breaks one only because a watermark refused it is
// counted as late.
type Invariant struct {
	ID       string    `json:"id"`
	Says     string    `json:"says"`
	Held     bool      `json:"held"`
	LookedAt []Count   `json:"looked_at"`
	NotYet   []Count   `json:"not_looked_at"` // what the queries have still to do
	Notes    []string  `json:"notes,omitempty"`
	Offences []Offence `json:"offences"`
}

// note says something once.
func (i *Invariant) note(text string) {
	if !slices.Contains(i.Notes, text) {
		i.Notes = append(i.Notes, text)
	}
}

// Count is how many there are of something.
type Count struct {
	What string `json:"what"`
	N    int64  `json:"n"`
}

// Offence is what one check has found.
type Offence struct {
	Check string `json:"check"`
	Count int64  `json:"count"`
	// Late of them are missing only because a watermark refused them: lakectl reconcile brings them in.
	Late    int64            `json:"late"`
	Why     string           `json:"why"`
	Remedy  string           `json:"remedy"`
	Samples []map[string]any `json:"samples"` // coordinates of the first ones
}

// LateLabel marks what reconcile brings in.
const LateLabel = "late: run reconcile"

// OnlyLate reports that all that was found is late.
func (r Report) OnlyLate() bool {
	for _, i := range r.Invariants {
		for _, o := range i.Offences {
			if o.Late < o.Count {
				return false
			}
		}
	}
	return !r.Held
}
