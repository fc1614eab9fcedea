package notebook

import (
	"fmt"
	"strings"
)

// cell is one cell of a notebook.
type cell struct {
	markdown bool
	text     string
}

// markdown makes a cell of paragraphs.
func markdown(paragraphs ...string) cell { return cell{true, strings.Join(paragraphs, "\n\n")} }

func python(format string, args ...any) cell { return cell{false, fmt.Sprintf(format, args...)} }

// render writes cells in the source format: Python whose comments tell the cells apart.
func render(cells []cell) []byte {
	var b strings.Builder
	b.WriteString("# Databricks notebook source\n")
	for i, c := range cells {
		if i > 0 {
			b.WriteString("\n# COMMAND ----------\n\n")
		}
		if !c.markdown {
			b.WriteString(strings.TrimSpace(c.text) + "\n")
			continue
		}
		for _, line := range strings.Split("%md\n"+c.text, "\n") {
			b.WriteString(strings.TrimRight("# MAGIC "+line, " ") + "\n")
		}
	}
	return []byte(b.String())
}

// sentences puts each sentence of a text on a line of its own, which Markdown joins again.
func sentences(text string) string { return strings.ReplaceAll(text, ". ", ".\n") }

// markdownTable renders rows under a heading.
func markdownTable(heading []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + strings.NewReplacer("|", `\|`, "\n", " ").Replace(c) + " ")
		}
		b.WriteString("|\n")
	}
	line(heading)
	b.WriteString(strings.Repeat("|---", len(heading)) + "|\n")
	for _, r := range rows {
		line(r)
	}
	return strings.TrimSpace(b.String())
}

func code(text string) string { return "`" + text + "`" }
