package exchange

import "time"

// doubt finds the symbols that an exchange does not have, where it says only that one of a group is not
// there: the group is halved until the culprit is alone. Halves that are all there give their quotes in
// passing, so the others go on meanwhile.
type doubt struct {
	known   []listing   // there, when last asked
	groups  [][]listing // of each, one at least may be not there
	missing []listing
	since   time.Time // when the first of missing was found
	turn    bool      // known is still to be asked in this poll
}

// askAgain is when a missing symbol is asked for again: it may have been listed meanwhile.
const askAgain = time.Hour

func newDoubt(all []listing) doubt { return doubt{known: all} }

// begin starts a poll.
func (d *doubt) begin(now time.Time) {
	d.turn = len(d.known) > 0
	if len(d.missing) > 0 && now.Sub(d.since) >= askAgain {
		d.groups = append(d.groups, d.missing)
		d.missing = nil
	}
}

// next is the group to ask for; nil when all is known. There or notAll then takes note of the answer.
func (d *doubt) next() []listing {
	switch {
	case d.turn:
		return d.known
	case len(d.groups) > 0:
		return d.groups[0]
	}
	return nil
}

// there notes that all of the group that next gave are.
func (d *doubt) there() {
	if d.turn {
		d.turn = false
		return
	}
	d.known = append(d.known, d.groups[0]...)
	d.groups = d.groups[1:]
}

// notAll notes that one of the group that next gave is not.
func (d *doubt) notAll() {
	group := d.next()
	if d.turn {
		d.turn, d.known = false, nil
	} else {
		d.groups = d.groups[1:]
	}
	if len(group) > 1 {
		half := len(group) / 2
		d.groups = append([][]listing{clone(group[:half]), clone(group[half:])}, d.groups...)
		return
	}
	if len(d.missing) == 0 {
		d.since = time.Now()
	}
	d.missing = append(d.missing, group...)
}

// open tells whether there is something left to find out.
func (d *doubt) open() bool { return d.turn || len(d.groups) > 0 }

// clone is a copy that can be appended to.
func clone(group []listing) []listing { return append([]listing(nil), group...) }
