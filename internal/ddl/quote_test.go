package ddl

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// hostile are texts that end a quoted one early, or come back as another, where one rule is forgotten.
var hostile = []string{
	"", "'", "''", `\`, `\\`, `\'`, `'; drop table x; --`, "`", "``", "a`b", `"`, `\"`, "\n", "\r\n", "\t", "\x00", "\x0012", "\x1a", `\0`, `\012`,
	`\n`, `\u0041`, `\U0001F600`, `\%`, `\_`, `%_`, "${env:HOME}", "$${x}", "${", "$\\{x}", "--", "/* */", "é", "日本", "😀", "\u2028", "\ufeff", "\xff'", "r'x'", "{}", ";",
}

// FuzzLiteral reads literals back with a reader of its own: the same text, and nothing behind the literal is in it.
func FuzzLiteral(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted := Literal(text)
		if strings.Contains(quoted, "${") {
			t.Fatalf("%q: Spark replaces what is in braces", quoted)
		}
		const rest = "' tail"
		got, behind, ok := readLiteral(quoted + rest)
		if want := strings.ToValidUTF8(text, "\uFFFD"); !ok || got != want || behind != rest {
			t.Fatalf("%q is read as %q, and %q behind it; want %q", quoted, got, behind, want)
		}
	})
}

// FuzzIdent is the same for names, which know no escapes but the doubled backtick.
func FuzzIdent(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, name string) {
		const rest = " `tail"
		got, behind, ok := readIdent(Ident(name) + rest)
		if !ok || got != name || behind != rest {
			t.Fatalf("%q is read as %q, and %q behind it", Ident(name), got, behind)
		}
	})
}

func readIdent(sql string) (name, rest string, ok bool) {
	if !strings.HasPrefix(sql, "`") {
		return "", sql, false
	}
	for sql = sql[1:]; ; {
		part, after, found := strings.Cut(sql, "`")
		name, sql = name+part, after
		if !found || !strings.HasPrefix(sql, "`") {
			return name, sql, found
		}
		name, sql = name+"`", sql[1:]
	}
}

// readLiteral reads a string as Spark's lexer and unescapeSQLString do.
func readLiteral(sql string) (text, rest string, ok bool) {
	if !strings.HasPrefix(sql, "'") {
		return "", sql, false
	}
	var b strings.Builder
	for sql = sql[1:]; sql != ""; {
		r, size := utf8.DecodeRuneInString(sql)
		switch {
		case r == '\'':
			return b.String(), sql[size:], true
		case r == '\\' && len(sql) > 1:
			var part string
			part, sql = readEscape(sql[1:])
			b.WriteString(part)
		default:
			b.WriteRune(r)
			sql = sql[size:]
		}
	}
	return "", "", false
}

// readEscape reads what follows a backslash.
func readEscape(sql string) (text, rest string) {
	for _, form := range []struct {
		prefix       string
		digits, base int
	}{{"u", 4, 16}, {"U", 8, 16}, {"", 3, 8}} {
		digits, found := strings.CutPrefix(sql, form.prefix)
		if !found || len(digits) < form.digits || form.base == 8 && (digits[0] < '0' || digits[0] > '3') {
			continue
		}
		if code, err := strconv.ParseUint(digits[:form.digits], form.base, 32); err == nil {
			return string(rune(code)), digits[form.digits:]
		}
	}
	r, size := utf8.DecodeRuneInString(sql)
	switch r {
	case '0':
		return "\x00", sql[size:]
	case 'b':
		return "\b", sql[size:]
	case 'n':
		return "\n", sql[size:]
	case 'r':
		return "\r", sql[size:]
	case 't':
		return "\t", sql[size:]
	case 'Z':
		return "\x1a", sql[size:]
	case '%', '_':
		return `\` + string(r), sql[size:]
	}
	return string(r), sql[size:]
}
