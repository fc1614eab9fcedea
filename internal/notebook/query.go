package notebook

import (
	"fmt"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/jobs"
)

// query returns the cells of a job: its source and steps as temporary views, then the query itself.
func (n *layerNotebook) query(job jobs.Job) []cell {
	cells := []cell{markdown(append([]string{"## Query " + code(job.Name), sentences(job.Description)}, n.facts(job)...)...)}
	views := []namedView{{job.Source.View, "The source as a stream, under the name that the SQL reads.", source(job)}}
	for _, step := range job.Steps[:len(job.Steps)-1] {
		views = append(views, namedView{step.Name, step.Comment, fmt.Sprintf("spark.sql(%s).createOrReplaceTempView(%s)", pyBlock(step.SQL), pyString(step.Name))})
	}
	made := ""
	for _, v := range views {
		made += v.python
		if n.registered[v.name] != made {
			n.registered[v.name] = made
			cells = append(cells, markdown("### "+code(v.name), sentences(v.comment)), python("%s", v.python))
		}
	}
	return append(cells, markdown("### "+code(job.Name), "What is written, and the start of the query."), python("%s", start(job)))
}

// namedView is a temporary view, and the Python that makes it.
type namedView struct{ name, comment, python string }

// facts are paragraphs about what the SQL does not show.
func (n *layerNotebook) facts(job jobs.Job) []string {
	paragraphs := n.checks(job)
	switch job.WatermarkOn() {
	case jobs.WatermarkResult:
		return append(paragraphs, sentences(fmt.Sprintf("Rows with the same %s within %s of `%s` are one row: a resend, or an answer from a cache, is dropped. "+
			"The watermark is declared behind the checks, so that a row which they refuse can't move it.", codes(job.Deduplicate), span(job.Watermark.Delay), job.Watermark.Column)))
	case jobs.WatermarkSource:
		return append(paragraphs, fmt.Sprintf("A row may come %s of `%s` behind the newest one; a later one is missing from its window until `04_Maintenance` brings it in.", span(job.Watermark.Delay), job.Watermark.Column))
	}
	return paragraphs
}

// checks are paragraphs about the checks that split good rows from bad ones.
func (n *layerNotebook) checks(job jobs.Job) []string {
	if len(job.Expectations) == 0 {
		return nil
	}
	if job.Quarantine != "" {
		return []string{"It reads the same rows and takes those that fail one of the checks of " + code(job.Quarantine) + ": each row is in one of the two tables."}
	}
	var rows [][]string
	for _, e := range job.Expectations {
		rows = append(rows, []string{code(e.Name), e.Comment})
	}
	about := "A row has to pass every check; one that is null is failed."
	for _, other := range n.lakehouse.Jobs {
		if other.Quarantine == job.Name {
			about += "\nWhat fails one goes to " + code(other.Sink.Table) + ", with the names of all that it fails."
		}
	}
	return []string{about, markdownTable([]string{"Check", "What holds for a good row"}, rows)}
}

func codes(names []string) string { return "`" + strings.Join(names, "`, `") + "`" }

// start is the Python that starts a job's query.
func start(job jobs.Job) string {
	var b strings.Builder
	rows := job.Name + "_rows"
	fmt.Fprintf(&b, "check_restart(%s, %s)\n\n", pyString(job.Name), pyString(job.Sink.Table))
	fmt.Fprintf(&b, "%s = spark.sql(%s)", rows, pyBlock(job.Steps[len(job.Steps)-1].SQL))
	if job.WatermarkOn() == jobs.WatermarkResult {
		b.WriteString(watermark(job))
	}
	if len(job.Deduplicate) > 0 {
		fmt.Fprintf(&b, ".dropDuplicatesWithinWatermark([%s])", pyStrings(job.Deduplicate))
	}
	fmt.Fprintf(&b, "\n\n%s_query = (\n    %s.writeStream.format(\"delta\")\n    .queryName(%s)\n    .outputMode(%s)\n",
		job.Name, rows, pyString(job.Name), pyString(job.Sink.OutputMode))
	if len(job.Sink.PartitionBy) > 0 {
		fmt.Fprintf(&b, "    .partitionBy(%s)\n", pyStrings(job.Sink.PartitionBy))
	}
	fmt.Fprintf(&b, "    .option(\"checkpointLocation\", checkpoint(%s))\n    .trigger(**trigger_options)\n    .toTable(table(%s))\n)",
		pyString(job.Name), pyString(job.Sink.Table))
	return b.String()
}

func watermark(job jobs.Job) string {
	return fmt.Sprintf(".withWatermark(%s, %s)", pyString(job.Watermark.Column), pyString(span(job.Watermark.Delay)))
}

// span is a duration as people, and Spark, say it.
func span(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}, {time.Millisecond, "millisecond"}} {
		if d%unit.size == 0 && d >= unit.size {
			if d == unit.size {
				return "1 " + unit.name
			}
			return fmt.Sprintf("%d %ss", d/unit.size, unit.name)
		}
	}
	return "0 seconds"
}
