package jobs

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/internal/specfile"
)

// checkNames reports jobs, views and tables that share a name. It looks at broken specs too.
func (l *loader) checkNames() {
	names, tables := map[string]string{}, map[string]string{}
	once := func(seen map[string]string, d *loaded, pointer, what, name string) {
		if name == "" {
			return
		}
		if first, taken := seen[name]; taken {
			l.errs = append(l.errs, d.At(pointer, "%s %q is already in %s", what, name, first))
			return
		}
		seen[name] = d.File
	}
	for _, d := range l.docs {
		name := d.Text("name")
		once(names, d, "/name", "the name", name)
		if d.Text("kind") == kindView {
			once(tables, d, "/name", "a table or view", name)
		} else {
			once(tables, d, "/sink/table", "a table or view", d.Text("sink", "table"))
		}
	}
}

// check reports what the schema cannot say about one spec.
func (l *loader) check(d *loaded) {
	l.checkPath(d)
	l.checkSQL(d, "/sql", d.spec.SQL)
	if d.spec.Kind == kindView {
		l.checkViewColumns(d)
		return
	}
	if d.spec.Parse != "" {
		l.checkSQL(d, "/parse", d.spec.Parse)
	}
	l.checkDuration(d, "/trigger/interval", d.spec.Trigger.Interval)
	l.checkSource(d)
	l.checkColumns(d)
	l.checkWatermark(d)
	l.checkExpectations(d)
	l.checkQuarantine(d)
}

func (l *loader) add(d *loaded, pointer, format string, args ...any) {
	l.errs = append(l.errs, d.At(pointer, format, args...))
}

func (l *loader) checkPath(d *loaded) {
	folder := d.spec.Layer
	if d.spec.Kind == kindView {
		folder = "views"
	}
	if name := strings.TrimSuffix(path.Base(d.File), ".yaml"); name != d.spec.Name {
		l.add(d, "/name", "the name %q must be the file's, %q", d.spec.Name, name)
	}
	if at := path.Dir(d.File); at != folder {
		pointer := "/layer"
		if d.spec.Kind == kindView {
			pointer = "/kind"
		}
		l.add(d, pointer, "the file must be in the folder %s, not %s", folder, at)
	}
}

func (l *loader) checkSQL(d *loaded, pointer, name string) {
	file := path.Join(path.Dir(d.File), name)
	if _, found := l.sql[file]; !found {
		l.add(d, pointer, "there is no file %s", file)
		return
	}
	if l.used[file] {
		l.add(d, pointer, "the file %s is used twice", file)
	}
	l.used[file] = true
}

// checkDuration reports a duration that is too long for Go or of no length.
func (l *loader) checkDuration(d *loaded, pointer, text string) {
	if v, err := time.ParseDuration(text); err != nil || v <= 0 {
		l.add(d, pointer, "%q must be a duration above zero, such as 24h or 30s", text)
	}
}

// writer returns the document of the job that writes table, or nil.
func (l *loader) writer(table string) *loaded {
	for _, d := range l.docs {
		if d.Text("kind") != kindView && d.Text("sink", "table") == table {
			return d
		}
	}
	return nil
}

// readable tells whether every file could be read as YAML: only then is a name that is not there
// not in one of the others.
func (l *loader) readable() bool {
	return !slices.ContainsFunc(l.docs, func(d *loaded) bool { return d.Tree == nil })
}

func (l *loader) checkSource(d *loaded) {
	if table := d.spec.Source.Table; table != "" && l.writer(table) == nil && l.readable() {
		l.add(d, "/source/table", "no job writes the table %q", table)
	}
}

func (l *loader) checkColumns(d *loaded) {
	own := func(pointer string, names []string) {
		for i, name := range names {
			if !d.spec.Columns.has(name) {
				l.add(d, specfile.Child(pointer, strconv.Itoa(i)), "the column %q is not under columns", name)
			}
		}
	}
	own("/sink/partitionBy", d.spec.Sink.PartitionBy)
	own("/deduplicate", d.spec.Deduplicate)
	if n := len(d.spec.Sink.PartitionBy); n > 0 && n == len(d.spec.Columns) {
		l.add(d, "/sink/partitionBy", "a table needs a column that it is not partitioned by")
	}
	if d.spec.Sink.OutputMode == OutputComplete && len(d.spec.Deduplicate) > 0 {
		l.add(d, "/sink/outputMode", "complete is for jobs that aggregate; this one deduplicates")
	}
}

func (l *loader) checkViewColumns(d *loaded) {
	for _, c := range d.spec.Columns {
		if c.Value.Required {
			l.add(d, specfile.Child("/columns", c.Name)+"/required", "a view's column can't be required; only a table can refuse null")
		}
	}
}

// checkWatermark looks for the event time where the watermark will be declared.
func (l *loader) checkWatermark(d *loaded) {
	w := d.spec.Watermark
	if w == nil {
		return
	}
	l.checkDuration(d, "/watermark/delay", w.Delay)
	if len(d.spec.Deduplicate) > 0 {
		if !d.spec.Columns.has(w.Column) {
			l.add(d, "/watermark/column", "the column %q is not under columns", w.Column)
		}
		return
	}
	if d.spec.Source.Kafka != nil {
		if w.Column != "timestamp" {
			l.add(d, "/watermark/column", "the column %q is not in a topic; its time is timestamp", w.Column)
		}
		return
	}
	if from := l.writer(d.spec.Source.Table); from != nil && from.spec != nil && !from.spec.Columns.has(w.Column) {
		l.add(d, "/watermark/column", "the column %q is not in the table %s", w.Column, d.spec.Source.Table)
	}
}

func (l *loader) checkExpectations(d *loaded) {
	seen := map[string]bool{}
	for i, e := range d.spec.Checks {
		at := specfile.Child("/expectations", strconv.Itoa(i))
		if seen[e.Name] {
			l.add(d, at+"/name", "the check %q is there twice", e.Name)
		}
		seen[e.Name] = true
		if semicolon(e.Check) >= 0 {
			l.add(d, at+"/check", "a semicolon; a check is one predicate")
		}
		if normaliseSQL(e.Check) == "" {
			l.add(d, at+"/check", "no SQL in the check")
		}
	}
}

// checkQuarantine looks for the job whose rejected rows this one takes.
func (l *loader) checkQuarantine(d *loaded) {
	if d.spec.Quarantine == "" {
		return
	}
	if len(d.spec.Checks) > 0 {
		l.add(d, "/quarantine", "a job has expectations or is the quarantine of another, not both")
	}
	of := l.named(d.spec.Quarantine)
	switch {
	case of == nil && !l.readable():
	case of == nil:
		l.add(d, "/quarantine", "there is no job %q", d.spec.Quarantine)
	case of.spec == nil:
	case len(of.spec.Checks) == 0:
		l.add(d, "/quarantine", "the job %q has no expectations", d.spec.Quarantine)
	case sourceView(of.spec.Source) != sourceView(d.spec.Source):
		l.add(d, "/quarantine", "the job %q reads another source, %s", d.spec.Quarantine, sourceView(of.spec.Source))
	}
}

// named returns the document of a job, or nil.
func (l *loader) named(name string) *loaded {
	for _, d := range l.docs {
		if d.Text("kind") != kindView && d.Text("name") == name {
			return d
		}
	}
	return nil
}
