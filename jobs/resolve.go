package jobs

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// order returns the jobs so that each comes after the jobs it depends on, and otherwise by layer
// and name. Jobs that depend on each other are reported.
func (l *loader) order() []*loaded {
	var waiting, sorted []*loaded
	for _, d := range l.docs {
		if d.spec != nil && d.spec.Kind != kindView {
			waiting = append(waiting, d)
		}
	}
	slices.SortFunc(waiting, func(a, b *loaded) int {
		return cmp.Or(cmp.Compare(layerRank(a.spec.Layer), layerRank(b.spec.Layer)), strings.Compare(a.spec.Name, b.spec.Name))
	})
	for len(waiting) > 0 {
		i := slices.IndexFunc(waiting, func(d *loaded) bool { return !dependsOnAny(d, waiting) })
		if i < 0 {
			l.reportCircles(waiting)
			return nil
		}
		sorted = append(sorted, waiting[i])
		waiting = slices.Delete(waiting, i, i+1)
	}
	return sorted
}

func layerRank(layer string) int { return slices.Index([]string{"bronze", "silver", "gold"}, layer) }

func dependsOn(d, other *loaded) bool {
	return other.spec.Sink.Table == d.spec.Source.Table || other.spec.Name == d.spec.Quarantine
}

func dependsOnAny(d *loaded, others []*loaded) bool {
	return slices.ContainsFunc(others, func(other *loaded) bool { return dependsOn(d, other) })
}

// reportCircles reports those jobs of waiting that depend on themselves.
func (l *loader) reportCircles(waiting []*loaded) {
	for _, d := range waiting {
		reached := []*loaded{d}
		for i := 0; i < len(reached); i++ {
			if dependsOn(reached[i], d) {
				l.add(d, "/source", "a circle: %s depends on itself", d.spec.Name)
				break
			}
			for _, other := range waiting {
				if dependsOn(reached[i], other) && !slices.Contains(reached, other) {
					reached = append(reached, other)
				}
			}
		}
	}
}

// resolve turns specs without a mistake into jobs and views.
func (l *loader) resolve(order []*loaded) *Lakehouse {
	lakehouse := &Lakehouse{}
	for _, d := range order {
		lakehouse.Jobs = append(lakehouse.Jobs, l.job(d))
	}
	for _, d := range l.docs {
		if d.spec.Kind == kindView {
			lakehouse.Views = append(lakehouse.Views, View{
				Name: d.spec.Name, Comment: d.spec.Description, SQL: l.sqlOf(d, d.spec.SQL),
				Columns: columns(d.spec.Columns), File: d.File,
			})
		}
	}
	slices.SortFunc(lakehouse.Views, func(a, b View) int { return strings.Compare(a.Name, b.Name) })
	return lakehouse
}

func (l *loader) job(d *loaded) Job {
	s := d.spec
	j := Job{
		Name: s.Name, Layer: s.Layer, Description: s.Description, File: d.File,
		Source:      resolveSource(s.Source),
		Deduplicate: s.Deduplicate,
		Sink:        Sink{Table: s.Sink.Table, PartitionBy: s.Sink.PartitionBy, OutputMode: s.Sink.OutputMode},
		Table: Table{
			Name: s.Sink.Table, Comment: s.Sink.Comment, Columns: columns(s.Columns),
			PartitionBy: slices.Clone(s.Sink.PartitionBy), Properties: s.Sink.Properties,
		},
		Trigger:    duration(s.Trigger.Interval),
		Quarantine: s.Quarantine,
	}
	for _, c := range s.Sink.Constraints {
		j.Table.Constraints = append(j.Table.Constraints, Constraint{c.Name, c.Value})
	}
	if s.Watermark != nil {
		j.Watermark = &Watermark{s.Watermark.Column, duration(s.Watermark.Delay)}
	}
	j.Steps, j.Expectations = l.steps(d)
	return j
}

// steps returns the job's steps, those that split good rows from bad ones included, and the checks
// behind them.
func (l *loader) steps(d *loaded) ([]Step, []Expectation) {
	last := Step{d.spec.Name, d.spec.Description, l.sqlOf(d, d.spec.SQL)}
	checking := d
	if d.spec.Quarantine != "" {
		checking = l.named(d.spec.Quarantine)
	}
	if len(checking.spec.Checks) == 0 {
		return []Step{last}, nil
	}
	var checks []Expectation
	for _, e := range checking.spec.Checks {
		checks = append(checks, Expectation(e))
	}
	rows := strings.TrimSuffix(strings.TrimPrefix(checking.spec.Parse, "parsed_"), ".sql")
	parse := Step{"parsed_" + rows, "One row per row of the source, read as far as it can be; nothing is refused yet.", l.sqlOf(checking, checking.spec.Parse)}
	split := validStep(rows)
	if d.spec.Quarantine != "" {
		split = rejectedStep(rows, checks)
	}
	return []Step{parse, checkStep(rows, checks), split, last}, checks
}

// checkStep says of each row whether it passes every check. A check that is null is failed, so valid
// and rejected rows are complements, whatever the checks are.
//
// rand() <> 1 is always true, and keeps Spark from moving the checks below the step that reads the row:
// an optimiser may not move what is not deterministic. Moved, each check would run the parser again.
func checkStep(rows string, checks []Expectation) Step {
	var sql strings.Builder
	sql.WriteString("select\n  *,\n  ")
	for _, c := range checks {
		fmt.Fprintf(&sql, "coalesce((%s), false) -- %s\n  and ", normaliseSQL(c.Check), c.Name)
	}
	fmt.Fprintf(&sql, "rand() <> 1 as is_valid\nfrom parsed_%s", rows)
	return Step{"checked_" + rows, "Each row, and whether it passes every check; a check that is null is failed.", sql.String()}
}

func validStep(rows string) Step {
	return Step{"valid_" + rows, "The rows that pass every check.", "select * from checked_" + rows + " where is_valid"}
}

func rejectedStep(rows string, checks []Expectation) Step {
	reasons := make([]string, len(checks))
	for i, c := range checks {
		reasons[i] = fmt.Sprintf("    if((%s), null, '%s')", normaliseSQL(c.Check), c.Name)
	}
	return Step{
		"rejected_" + rows, "The rows that are not valid, with the names of the checks that they fail, in the checks' order.",
		"select\n  *,\n  array_compact(array(\n" + strings.Join(reasons, ",\n") + "\n  )) as reasons\nfrom checked_" + rows + "\nwhere not is_valid",
	}
}

func (l *loader) sqlOf(d *loaded, name string) string {
	return l.sql[path.Join(path.Dir(d.File), name)]
}

func resolveSource(s source) Source {
	resolved := Source{Table: s.Table, View: sourceView(s), MaxBytesPerTrigger: s.MaxBytesPerTrigger}
	if s.Kafka != nil {
		resolved.Kafka = &KafkaSource{s.Kafka.Topic, s.Kafka.MaxOffsetsPerTrigger, s.Kafka.MaxRecordsPerPartition}
	}
	return resolved
}

// sourceView is the name under which SQL reads a source.
func sourceView(s source) string {
	if s.Kafka != nil {
		return KafkaView
	}
	return s.Table
}

func columns(from ordered[column]) []Column {
	resolved := make([]Column, len(from))
	for i, c := range from {
		resolved[i] = Column{c.Name, c.Value.Type, c.Value.Required, c.Value.Comment}
	}
	return resolved
}

// duration reads a text that check has accepted.
func duration(text string) time.Duration {
	d, _ := time.ParseDuration(text)
	return d
}
