package notebook

import (
	"strconv"
	"strings"
)

// pyString is a text as a Python literal. Python reads every escape that Go writes.
func pyString(text string) string { return strconv.Quote(text) }

func pyStrings(texts []string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = pyString(t)
	}
	return strings.Join(quoted, ", ")
}

// pyBlock is a text of several lines as a Python literal that reads as the text does: raw where it has
// backslashes.
func pyBlock(text string) string { return pyFenced("", text) }

func pyFenced(prefix, text string) string {
	const fence = `"""`
	switch {
	case strings.Contains(text, fence):
		text = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
	case strings.Contains(text, `\`):
		prefix = "r" + prefix
	}
	return prefix + fence + "\n" + text + "\n" + fence
}

// pyFormat is pyBlock for a text in which name stands for the value of a Python expression.
func pyFormat(text, name, expression string) string {
	text = strings.NewReplacer("{", "{{", "}", "}}").Replace(text)
	return pyFenced("f", strings.ReplaceAll(text, name, "{"+expression+"}"))
}
