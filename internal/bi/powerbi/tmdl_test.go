package powerbi

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/jobs"
)

// node is a line of TMDL with the lines that are deeper.
type node struct {
	text     string
	below    []*node
	describe string
}

// parse reads TMDL by its indentation. A description belongs to the next line; an expression is the lines
// deeper than a line that ends in "=".
func parse(t *testing.T, file, tmdl string) *node {
	t.Helper()
	root := &node{}
	open := []*node{root}
	var described string
	expressionBelow := -1
	for i, line := range strings.Split(tmdl, "\n") {
		body := strings.TrimLeft(line, "\t")
		depth := len(line) - len(body)
		switch {
		case body == "":
			continue
		case strings.TrimRight(body, " \r") != body:
			t.Errorf("%s:%d: blanks at the end", file, i+1)
		}
		if expressionBelow >= 0 && depth > expressionBelow {
			continue
		}
		expressionBelow = -1
		if strings.HasPrefix(body, " ") || depth >= len(open) {
			t.Fatalf("%s:%d: indented by anything but a tab: %q", file, i+1, line)
		}
		if about, is := strings.CutPrefix(body, "/// "); is {
			described = about
			continue
		}
		n := &node{text: body, describe: described}
		described = ""
		open = append(open[:depth+1], n)
		open[depth].below = append(open[depth].below, n)
		if strings.HasSuffix(body, "=") {
			expressionBelow = depth
		}
	}
	return root
}

// tmdlForms are what may stand in what, of what this package writes; TMDL knows more. The key is the parent's
// first word.
var tmdlForms = map[string][]string{
	"":             {"database", "model", "annotation", "ref", "expression", "relationship", "table"},
	"database":     {"compatibilityLevel:"},
	"model":        {"culture:", "defaultPowerBIDataSourceVersion:", "discourageImplicitMeasures", "sourceQueryCulture:", "dataAccessOptions"},
	"expression":   {"lineageTag:", "annotation"},
	"relationship": {"fromColumn:", "toColumn:"},
	"table":        {"lineageTag:", "dataCategory:", "measure", "column", "partition", "annotation"},
	"measure":      {"formatString:", "isHidden", "displayFolder:", "lineageTag:"},
	"column":       {"dataType:", "isHidden", "isKey", "formatString:", "lineageTag:", "summarizeBy:", "sourceColumn:", "sortByColumn:", "annotation"},
	"partition":    {"mode:", "source"},

	"dataAccessOptions": {"legacyRedirects", "returnErrorValuesAsNull"},
}

var (
	declaration = regexp.MustCompile(`^(database|model|annotation|ref table|expression|relationship|table|measure|column|partition)( ('([^']|'')+'|[A-Za-z0-9_-]+))?( =.*| = m)?$`)
	uuidV5      = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
)

func files(t *testing.T) map[string][]byte {
	t.Helper()
	made, err := Files(jobs.Default(), Place{Host: "host", HTTPPath: "/sql/1", Catalog: `a "b"`, Schema: "c"}, "Made by a test")
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestTMDL(t *testing.T) {
	ids := map[string]bool{}
	n := 0
	for name, tmdl := range files(t) {
		if !strings.HasSuffix(name, ".tmdl") {
			continue
		}
		n++
		checkForm(t, name, parse(t, name, string(tmdl)), ids)
	}
	if n != 4+len(sources) {
		t.Errorf("%d files", n)
	}
}

func checkForm(t *testing.T, file string, parent *node, ids map[string]bool) {
	t.Helper()
	kind, _, _ := strings.Cut(parent.text, " ")
	for _, n := range parent.below {
		word, _, _ := strings.Cut(n.text, " ")
		if !slices.Contains(tmdlForms[kind], word) {
			t.Errorf("%s: %q in %q", file, n.text, parent.text)
		}
		isDeclaration := slices.Contains([]string{"expression", "table", "measure", "column", "partition", "relationship"}, word)
		if isDeclaration && !declaration.MatchString(n.text) {
			t.Errorf("%s: %q", file, n.text)
		}
		if slices.Contains([]string{"expression", "table", "measure", "column"}, word) && n.describe == "" {
			t.Errorf("%s: %q has no description", file, n.text)
		}
		id, isID := strings.CutPrefix(n.text, "lineageTag: ")
		if word == "relationship" {
			id, isID = strings.TrimPrefix(n.text, "relationship "), true
		}
		if isID && (!uuidV5.MatchString(id) || ids[id]) {
			t.Errorf("%s: the id %q", file, id)
		}
		if isID {
			ids[id] = true
		}
		checkForm(t, file, n, ids)
	}
}

// TestText: what Power BI Desktop reads, and git compares.
func TestText(t *testing.T) {
	first, second := files(t), files(t)
	for name, text := range first {
		if strings.HasPrefix(string(text), "\ufeff") || strings.Contains(string(text), "\r") || !strings.HasSuffix(string(text), "\n") {
			t.Errorf("%s has a byte order mark, a carriage return, or no end", name)
		}
		if string(second[name]) != string(text) {
			t.Errorf("%s differs from export to export", name)
		}
	}
	if got := string(first[model+"definition/expressions.tmdl"]); !strings.Contains(got, `expression Catalog = "a ""b""" meta [`) {
		t.Error(got)
	}
}

func TestQuoted(t *testing.T) {
	for name, want := range map[string]string{"Asset": "Asset", "Event time": "'Event time'", "it's": "'it''s'", "5m": "'5m'"} {
		if got := quoted(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := mText("a\"b#(c\n"); got != `"a""b#(#)(c#(lf)"` {
		t.Error(got)
	}
}
