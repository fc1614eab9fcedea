package notebook

import (
	"regexp"
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

// placeholder stands in a text for the value of a Python variable. No SQL has it by chance: specs have no NUL.
func placeholder(variable string) string { return "\x00" + variable + "\x00" }

var placeholders = regexp.MustCompile("\x00([a-z_]+)\x00")

// pyFormat is pyBlock for a text with placeholders.
func pyFormat(text string) string {
	return pyFenced("f", braced(text))
}

// braced is a text with placeholders as the inside of a format string.
func braced(text string) string {
	text = strings.NewReplacer("{", "{{", "}", "}}").Replace(text)
	return placeholders.ReplaceAllString(text, "{$1}")
}
