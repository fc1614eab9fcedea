package jobs

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// normaliseSQL returns text without comments and with each run of white space folded into one
// space, so that a new comment or another indentation is not a change. Literals and quoted names
// stay as they are.
func normaliseSQL(text string) string {
	var out strings.Builder
	gap := false
	for len(text) > 0 {
		if n := skippable(text); n > 0 {
			text, gap = text[n:], true
			continue
		}
		if gap && out.Len() > 0 {
			out.WriteByte(' ')
		}
		gap = false
		n := tokenLength(text, endsInRawPrefix(out.String()))
		out.WriteString(text[:n])
		text = text[n:]
	}
	return out.String()
}

// skippable returns the length of the white space or comment that text begins with.
func skippable(text string) int {
	switch {
	case strings.HasPrefix(text, "--"):
		if end := strings.IndexByte(text, '\n'); end >= 0 {
			return end
		}
		return len(text)
	case strings.HasPrefix(text, "/*"):
		return blockComment(text)
	}
	if r, n := utf8.DecodeRuneInString(text); unicode.IsSpace(r) {
		return n
	}
	return 0
}

// blockComment returns the length of the bracketed comment that text begins with. Spark nests them.
func blockComment(text string) int {
	depth := 0
	for i := 0; i+1 < len(text); i++ {
		switch text[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// tokenLength returns the length of the literal or quoted name that text begins with, or of its
// first character. In a raw literal a backslash escapes nothing.
func tokenLength(text string, raw bool) int {
	quote := text[0]
	if quote != '\'' && quote != '"' && quote != '`' {
		_, n := utf8.DecodeRuneInString(text)
		return n
	}
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote != '`' && !raw:
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return len(text)
}

// endsInRawPrefix tells whether written ends in the r of a raw literal, and not in a name's.
func endsInRawPrefix(written string) bool {
	n := len(written)
	if n == 0 || written[n-1] != 'r' && written[n-1] != 'R' {
		return false
	}
	if n == 1 {
		return true
	}
	before := rune(written[n-2])
	return before != '_' && before < utf8.RuneSelf && !unicode.IsLetter(before) && !unicode.IsDigit(before)
}

// semicolon returns the offset of the first semicolon outside literals, quoted names and comments,
// or -1.
func semicolon(text string) int {
	for at := 0; at < len(text); {
		if n := skippable(text[at:]); n > 0 {
			at += n
			continue
		}
		if text[at] == ';' {
			return at
		}
		at += tokenLength(text[at:], endsInRawPrefix(text[:at]))
	}
	return -1
}
