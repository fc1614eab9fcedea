package fakeworkspace

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// quartzField is one field of a Quartz cron expression.
type quartzField struct {
	name     string
	min, max int
	words    []string // names of the values from min on
	special  string   // letters and signs that this field alone may have
}

// quartzFields are in the order of an expression; the year may be missing.
var quartzFields = []quartzField{
	{"seconds", 0, 59, nil, ""},
	{"minutes", 0, 59, nil, ""},
	{"hours", 0, 23, nil, ""},
	{"day of month", 1, 31, nil, "?LW"},
	{"month", 1, 12, []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}, ""},
	{"day of week", 1, 7, []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}, "?L#"},
	{"year", 1970, 2199, nil, ""},
}

// checkQuartz reads an expression as Quartz's CronExpression does: six or seven fields, and "?" in one of the
// two fields of days.
func checkQuartz(expression string) error {
	words := strings.Fields(strings.ToUpper(expression))
	if len(words) != 6 && len(words) != 7 {
		return fmt.Errorf("it has %d fields; seconds, minutes, hours, day of month, month, day of week and perhaps year are needed", len(words))
	}
	for i, word := range words {
		if err := quartzFields[i].check(word); err != nil {
			return err
		}
	}
	if (words[3] == "?") == (words[5] == "?") {
		return fmt.Errorf("exactly one of day of month and day of week must be '?'")
	}
	return nil
}

func (f quartzField) check(word string) error {
	if word == "*" || word == "?" && strings.Contains(f.special, "?") {
		return nil
	}
	for part := range strings.SplitSeq(word, ",") {
		if !f.takes(part) {
			return fmt.Errorf("%q is no %s", part, f.name)
		}
	}
	return nil
}

// takes reads a value, a range or either with a step.
func (f quartzField) takes(part string) bool {
	if f.takesSpecial(part) {
		return true
	}
	span, step, stepped := strings.Cut(part, "/")
	if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1 || n > f.max) {
		return false
	}
	if span == "*" {
		return stepped
	}
	from, to, ranged := strings.Cut(span, "-")
	low, ok := f.value(from)
	if !ok || !ranged {
		return ok
	}
	high, ok := f.value(to)
	return ok && (low <= high || f.words != nil || f.name == "hours")
}

// takesSpecial reads L, LW, 15W, 6L and 6#3.
func (f quartzField) takesSpecial(part string) bool {
	if strings.Contains(f.special, "#") {
		if day, nth, ok := strings.Cut(part, "#"); ok {
			_, known := f.value(day)
			return known && slices.Contains([]string{"1", "2", "3", "4", "5"}, nth)
		}
	}
	for _, end := range []string{"LW", "L", "W"} {
		if day, ok := strings.CutSuffix(part, end); ok && strings.Contains(f.special, end[len(end)-1:]) {
			_, known := f.value(day)
			return day == "" && end != "W" || known && end != "LW"
		}
	}
	return false
}

func (f quartzField) value(text string) (int, bool) {
	if i := slices.Index(f.words, text); i >= 0 {
		return f.min + i, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= f.min && n <= f.max
}

// checkZone knows Java's ids of zones as far as they are IANA's.
func checkZone(id string) error {
	if id == "" || id == "Local" {
		return fmt.Errorf("no time zone")
	}
	_, err := time.LoadLocation(id)
	return err
}
