package notebook

import (
	"regexp"
	"slices"
	"strings"

	"github.com/cryptostream/lakectl/jobs"
)

// layerNotebook is a notebook with the streaming queries of a layer.
type layerNotebook struct {
	lakehouse  *jobs.Lakehouse
	parameters Parameters
	title      string
	jobs       []jobs.Job
	views      []jobs.View

	registered map[string]string // the cells so far that make a temporary view, by its name
}

func (n *layerNotebook) cells() []cell {
	n.registered = map[string]string{}
	made, read := tables(n.jobs), n.reads()
	cells := append([]cell{n.opening()}, parameterCells(n.widgets())...)
	cells = append(cells, markdown("## Session and names"), python("%s", sessionPython))
	cells = append(cells, tableCells(made)...)
	if len(read) > 0 {
		cells = append(cells,
			markdown("## What this notebook reads", sentences("The tasks of a continuous job start together, so the tables may not be there yet.")),
			python("%s\n\n\nawait_tables(%s)", strings.TrimSpace(awaitTablesPython), pyStrings(read)))
	}
	if len(n.views) > 0 {
		cells = append(cells, viewCells(n.views, n.temporary())...)
	}
	cells = append(cells, markdown("## Checkpoints",
		sentences("A query goes on where its checkpoint ends, whatever ended it, and writes each row once. A checkpoint that is lost while its table is kept would write every row again, so that is refused.")),
		python("%s", checkpointsPython))
	if slices.ContainsFunc(n.jobs, fromKafka) {
		cells = append(cells, kafkaCells()...)
	}
	for _, job := range n.jobs {
		cells = append(cells, n.query(job)...)
	}
	return append(cells, n.ending()...)
}

func fromKafka(job jobs.Job) bool { return job.Source.Kafka != nil }

func (n *layerNotebook) widgets() []widget {
	widgets := n.parameters.streaming()
	if slices.ContainsFunc(n.jobs, fromKafka) {
		widgets = append(widgets, n.parameters.kafka()...)
	}
	return widgets
}

// opening says what the notebook is about.
func (n *layerNotebook) opening() cell {
	var rows [][]string
	var specs []string
	for _, job := range n.jobs {
		from := code(job.Source.Table)
		if k := job.Source.Kafka; k != nil {
			from = "Kafka topic " + code(k.Topic)
		}
		rows = append(rows, []string{code(job.Name), from, code(job.Sink.Table), job.Description})
		specs = append(specs, job.File)
	}
	for _, view := range n.views {
		specs = append(specs, view.File)
	}
	return markdown("# "+n.title, markdownTable([]string{"Query", "Reads", "Writes", "What it does"}, rows), origin(specs))
}

// reads names the tables that the notebook reads and does not make.
func (n *layerNotebook) reads() []string {
	var read []string
	for _, t := range tables(n.lakehouse.Jobs) {
		isRead := slices.ContainsFunc(n.jobs, func(j jobs.Job) bool { return j.Source.Table == t.Name }) ||
			slices.ContainsFunc(n.views, func(v jobs.View) bool { return mentions(v.SQL, t.Name) })
		if isRead && !slices.ContainsFunc(n.jobs, func(j jobs.Job) bool { return j.Sink.Table == t.Name }) {
			read = append(read, t.Name)
		}
	}
	return read
}

func mentions(sql, name string) bool {
	return regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).MatchString(sql)
}

// temporary names the temporary views that the notebook's queries make.
func (n *layerNotebook) temporary() []string {
	var names []string
	for _, job := range n.jobs {
		names = append(names, job.Source.View)
		for _, step := range job.Steps[:len(job.Steps)-1] {
			names = append(names, step.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ending waits for the queries and shows what is there then.
func (n *layerNotebook) ending() []cell {
	var queries []string
	var shown strings.Builder
	for _, job := range n.jobs {
		queries = append(queries, job.Name+"_query")
		shown.WriteString("display(spark.table(table(" + pyString(job.Sink.Table) + ")).limit(20))\n")
	}
	for _, view := range n.views {
		shown.WriteString("display(spark.table(table(" + pyString(view.Name) + ")).limit(20))\n")
	}
	return []cell{
		markdown("## Run", sentences("With `availableNow` the notebook ends when everything that was there is processed. "+
			"With an interval it goes on until it is stopped, or until a query fails: that fails the task, whose retry goes on at the checkpoints.")),
		python("%s\n\n\nawait_end(%s)", strings.TrimSpace(awaitEndPython), strings.Join(queries, ", ")),
		markdown("## What is there now"),
		python("%s", &shown),
	}
}
