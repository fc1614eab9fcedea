package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/cryptostream/lakectl/internal/verify"
)

// writeVerified writes a report for people.
func writeVerified(out io.Writer, r verify.Report) {
	for _, i := range r.Invariants {
		state := "holds"
		if !i.Held {
			state = "DOES NOT HOLD"
		}
		fmt.Fprintf(out, "%s %s: %s\n", i.ID, state, i.Says)
		writeCounts(out, "looked at", i.LookedAt)
		writeCounts(out, "not yet", i.NotYet)
		for _, n := range i.Notes {
			fmt.Fprintf(out, "   %s\n", n)
		}
		for _, o := range i.Offences {
			writeOffence(out, o)
		}
	}
}

func writeCounts(out io.Writer, label string, counts []verify.Count) {
	for _, c := range counts {
		if c.N > 0 || label == "looked at" {
			fmt.Fprintf(out, "   %s: %d %s\n", label, c.N, c.What)
		}
	}
}

func writeOffence(out io.Writer, o verify.Offence) {
	label := ""
	if o.Late > 0 {
		label = fmt.Sprintf(" (%d %s)", o.Late, verify.LateLabel)
	}
	fmt.Fprintf(out, "   %d %s%s\n      why: %s\n      what to do: %s\n", o.Count, o.Check, label, o.Why, o.Remedy)
	for _, s := range o.Samples {
		var cells []string
		for _, name := range slices.Sorted(maps.Keys(s)) {
			cells = append(cells, name+"="+cell(s[name]))
		}
		fmt.Fprintf(out, "      %s\n", strings.Join(cells, "  "))
	}
	if left := o.Count - int64(len(o.Samples)); left > 0 {
		fmt.Fprintf(out, "      and %d more\n", left)
	}
}
