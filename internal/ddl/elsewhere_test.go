package ddl

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	isSQL = regexp.MustCompile("(?i)\\b(select\\s|from ['`%]|from \\w+ (where|as)|where \\w+ ?[=<>]|merge into|insert into|create (table|view|schema)|alter table|describe (table|detail)|location '|if\\()")
	// A verb between quotes, and a text that ends within them.
	quotedVerb = regexp.MustCompile("['`]%(\\[[0-9]+\\])?[svq]['`]")
	openQuote  = regexp.MustCompile("[ (=,.]['`]$")
)

// quotedElsewhere are the files that put values between quotes themselves, with the reason why they may.
var quotedElsewhere = map[string]string{
	"internal/bench/live.go": "times that it has formatted",
	"jobs/resolve.go":        "names of checks, for which the schema of specs has a pattern; this package is made of jobs",
}

// TestQuotedHereOnly reads the code of all others: no name or text is put between quotes of SQL by hand.
func TestQuotedHereOnly(t *testing.T) {
	root, seen := filepath.Join("..", ".."), map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil || strings.HasPrefix(name, "internal/fakeworkspace/") { // messages in SQL's words
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, text := range handQuoted(file) {
			seen[name] = true
			if quotedElsewhere[name] == "" {
				t.Errorf("%s quotes by hand: %q", name, text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range quotedElsewhere {
		if !seen[name] {
			t.Errorf("%s does not quote by hand any more", name)
		}
	}
}

// handQuoted returns the texts of SQL that open a quote for something else.
func handQuoted(file *ast.File) (texts []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if text := textOf(n); isSQL.MatchString(text) && quotedVerb.MatchString(text) {
				texts = append(texts, text)
			}
		case *ast.BinaryExpr:
			left, ok := n.X.(*ast.BinaryExpr)
			last := n.X
			if ok {
				last = left.Y
			}
			if lit, ok := last.(*ast.BasicLit); ok && isSQL.MatchString(textOf(lit)) && openQuote.MatchString(textOf(lit)) {
				texts = append(texts, textOf(lit))
			}
		}
		return true
	})
	return texts
}

func textOf(lit *ast.BasicLit) string {
	text, err := strconv.Unquote(lit.Value)
	if err != nil || lit.Kind != token.STRING {
		return ""
	}
	return text
}

// What is looked for is found.
func TestHandQuotedIsSeen(t *testing.T) {
	for code, want := range map[string]int{
		`"select * from t where a = '" + x + "'"`:                  1,
		"f(\"describe table delta.`%s`\", x)":                      1,
		`f("select %s from %s", x, y)`:                             0,
		`"select * from " + x + " where a = '" + y + "'"`:          1,
		`"says '" + x + "'"`:                                       0,
		`"select * from " + Ident(x) + " where a = " + Literal(y)`: 0,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "", "package p\nvar v = "+code, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := handQuoted(file); len(got) != want {
			t.Errorf("%s: %q", code, got)
		}
	}
}
