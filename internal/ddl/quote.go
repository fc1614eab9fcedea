package ddl

import (
	"fmt"
	"strings"
	"time"
)

// Ident quotes a name for use in SQL. Every name that enters a statement goes through it.
func Ident(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// Literal quotes a string for use in SQL. Every text that enters a statement goes through it. It is read back as
// the same text where spark.sql.parser.escapedStringLiterals is off, which is the default; text that is not UTF-8
// gets U+FFFD for what is not.
//
// Two of its escapes are less plain than they could be: \0 before digits would be an octal number, and Spark
// replaces ${env:NAME} and the like in a statement before it looks for quotes.
func Literal(text string) string {
	return "'" + escapes.Replace(strings.ToValidUTF8(text, "\uFFFD")) + "'"
}

var escapes = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\x00", `\u0000`, "${", `\u0024{`)

func idents(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = Ident(n)
	}
	return strings.Join(quoted, ", ")
}

// Timestamp is a time as an expression of type TIMESTAMP, to the microsecond, whatever the session's time zone.
func Timestamp(at time.Time) string { return fmt.Sprintf("timestamp_micros(%d)", at.UnixMicro()) }
