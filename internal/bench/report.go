package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
)

// result is what result.json holds.
type result struct {
	Machine      machine           `json:"machine"`
	Settings     map[string]string `json:"settings"`      // of the bench
	DefaultsArgs []string          `json:"defaults_args"` // what lakectl run got to have Spark's defaults
	Figures      []figure          `json:"figures"`
	Failures     []string          `json:"failures"` // scenarios that could not be run
}

// figure is one measured thing.
type figure struct {
	Scenario string   `json:"scenario"`
	Name     string   `json:"name"`
	Unit     string   `json:"unit"`
	Ours     *float64 `json:"ours"`
	Defaults *float64 `json:"defaults,omitempty"` // with Spark's defaults, where that was measured
	Peer     string   `json:"peer,omitempty"`     // another program that ours was compared with
	Theirs   *float64 `json:"theirs,omitempty"`   // what the peer reached
	Ratio    *float64 `json:"ratio,omitempty"`    // ours / defaults, or ours / theirs
	Checks   []check  `json:"checks,omitempty"`
}

// check is a target and what became of it.
type check struct {
	Target  string  `json:"target"`
	Verdict verdict `json:"verdict"`
}

type verdict string

const (
	pass        verdict = "pass"
	fail        verdict = "FAIL"
	notMeasured verdict = "not measured"
)

// target is what a figure has to keep.
type target struct {
	text  string
	of    func(figure) *float64
	holds func(float64) bool
}

func ourValue(f figure) *float64 { return f.Ours }
func ratio(f figure) *float64    { return f.Ratio }

func atMost(limit float64) target {
	return target{"≤ " + number(limit), ourValue, func(v float64) bool { return v <= limit }}
}

func atLeast(limit float64) target {
	return target{"≥ " + number(limit), ourValue, func(v float64) bool { return v >= limit }}
}

func ratioAtMost(limit float64) target {
	return target{"ratio ≤ " + number(limit), ratio, func(v float64) bool { return v <= limit }}
}

func ratioAtLeast(limit float64) target {
	return target{"ratio ≥ " + number(limit), ratio, func(v float64) bool { return v >= limit }}
}

func (f *figure) check(targets ...target) {
	for _, t := range targets {
		c := check{t.text, notMeasured}
		if v := t.of(*f); v != nil {
			c.Verdict = fail
			if t.holds(*v) {
				c.Verdict = pass
			}
		}
		f.Checks = append(f.Checks, c)
	}
}

func (r *result) add(f figure) { r.Figures = append(r.Figures, f) }

// addBoth adds a figure of both configurations, or of ours alone.
func (r *result) addBoth(both bool, f figure, mine, theirs float64, targets ...target) {
	f.Ours = value(mine)
	if both {
		f.Defaults = value(theirs)
		if theirs != 0 {
			f.Ratio = value(mine / theirs)
		}
	}
	f.check(targets...)
	r.add(f)
}

// addPeer adds a figure of ours beside another program's.
func (r *result) addPeer(f figure, mine, theirs float64, targets ...target) {
	f.Ours, f.Theirs, f.Ratio = value(mine), value(theirs), value(mine/theirs)
	f.check(targets...)
	r.add(f)
}

func value(v float64) *float64 { return &v }

// number is a value with as many digits as it is worth.
func number(v float64) string {
	switch {
	case v == float64(int64(v)):
		return strconv.FormatInt(int64(v), 10)
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

func cell(v *float64) string {
	if v == nil {
		return "-"
	}
	return number(*v)
}

// other is what ours is compared with.
func (f figure) other() string {
	if f.Theirs != nil {
		return number(*f.Theirs) + " (" + f.Peer + ")"
	}
	return cell(f.Defaults)
}

var columns = []string{"scenario", "figure", "unit", "ours", "Spark's defaults, or a peer", "ratio", "target", "result"}

func (f figure) cells() []string {
	var targets, verdicts []string
	for _, c := range f.Checks {
		targets, verdicts = append(targets, c.Target), append(verdicts, string(c.Verdict))
	}
	return []string{f.Scenario, f.Name, f.Unit, cell(f.Ours), f.other(), cell(f.Ratio), strings.Join(targets, "; "), strings.Join(verdicts, "; ")}
}

// table writes the figures for a terminal.
func (r *result) table(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.ToUpper(strings.Join(columns, "\t")))
	for _, f := range r.Figures {
		fmt.Fprintln(w, strings.Join(f.cells(), "\t"))
	}
	for _, text := range r.Failures {
		fmt.Fprintln(w, "could not be run: "+text)
	}
	return w.Flush()
}

// markdown writes everything for people.
func (r *result) markdown(out io.Writer) {
	m := r.Machine
	fmt.Fprintf(out, "# lakectl bench, %s\n\n", m.Date.Format("2006-01-02 15:04 UTC"))
	fmt.Fprintf(out, "%d cores (%s), %s GB of memory, %s, Java %s, Spark %s, Delta %s, Kafka %s.\n\n",
		m.Cores, m.CPU, number(m.MemoryGB), m.Platform, m.Java, m.Spark, m.Delta, m.Kafka)
	fmt.Fprintf(out, "| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for _, f := range r.Figures {
		fmt.Fprintf(out, "| %s |\n", strings.Join(f.cells(), " | "))
	}
	for _, text := range r.Failures {
		fmt.Fprintf(out, "\nCould not be run: %s\n", text)
	}
	fmt.Fprintf(out, "\nMeasured with -warmup %s -measure %s -idle %s -rounds %s -backlog %s -backlog-heap %s -publish %s -publish-live %s -viewers %s.\n\nSpark's defaults are\n\n```\nlakectl run %s\n```\n",
		r.Settings["warmup"], r.Settings["measure"], r.Settings["idle"], r.Settings["rounds"], r.Settings["backlog"], r.Settings["backlog_heap_mb"],
		r.Settings["publish"], r.Settings["publish_live"], r.Settings["viewers"],
		strings.ReplaceAll(strings.Join(r.DefaultsArgs, " "), " --", " \\\n  --"))
}

// write writes result.json and result.md.
func (r *result) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	var page strings.Builder
	r.markdown(&page)
	for name, data := range map[string]string{"result.json": string(text) + "\n", "result.md": page.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			return fmt.Errorf("write the result: %w", err)
		}
	}
	return nil
}
