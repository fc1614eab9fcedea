package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/internal/spark"
)

// TestQuotingOnSpark has a real Spark read texts and names that a fuzzer would think of: they come back byte for byte.
func TestQuotingOnSpark(t *testing.T) {
	server := localtest.Spark(t, nil)
	session, err := spark.Connect(t.Context(), spark.Options{Remote: "sc://" + server.Remote, Token: server.Token})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(session.End)
	texts := hostileTexts(300)

	var literals, names []string
	for _, text := range texts {
		literals = append(literals, ddl.Literal(text))
		if text != "" { // there is no such name
			names = append(names, "1 AS "+ddl.Ident(text))
		}
	}
	rows, err := session.Query(t.Context(), "SELECT "+strings.Join(literals, ", "))
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range rows.Values[0] {
		if got != texts[i] {
			t.Errorf("%q came back as %q", texts[i], got)
		}
	}
	rows, err = session.Query(t.Context(), "SELECT "+strings.Join(names, ", "))
	if err != nil {
		t.Fatal(err)
	}
	for i, column := range rows.Columns {
		if want := texts[i+1]; column != want {
			t.Errorf("the name %q came back as %q", want, column)
		}
	}
	hostileTables(t, session)
}

// hostileTables makes a Delta table in folders with names of all kinds, and describes it by its files.
func hostileTables(t *testing.T, session *spark.Session) {
	t.Helper()
	for _, folder := range []string{"it's", "a`b", `back\slash\\`, `say "so"`, "two  spaces", "${env:HOME}", "per%20cent", "日本 é", "semi;colon--"} {
		place := ddl.Place{Warehouse: filepath.Join(t.TempDir(), folder), Schema: "default"}
		column := "it's a `" + `column\, "` + folder
		for _, statement := range []string{
			fmt.Sprintf("CREATE TABLE %s (%s STRING COMMENT %s) USING delta TBLPROPERTIES ('delta.columnMapping.mode' = 'name')", place.Files("t"), ddl.Ident(column), ddl.Literal(folder)),
			"INSERT INTO " + place.Files("t") + " VALUES (" + ddl.Literal(folder) + ")",
		} {
			if err := session.Exec(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
		if !isTable(t, place.Path("t")) {
			t.Errorf("%q: the table is somewhere else", folder)
		}
		rows, err := session.Query(t.Context(), "DESCRIBE TABLE "+place.Files("t"))
		if err != nil {
			t.Fatal(err)
		}
		if got := rows.Values[0]; got[0] != column || got[2] != folder {
			t.Errorf("%q is described as %q", column, got)
		}
		rows, err = session.Query(t.Context(), "SELECT count(*) FROM "+place.Files("t")+" WHERE "+ddl.Ident(column)+" = "+ddl.Literal(folder))
		if err != nil || rows.Values[0][0] != int64(1) {
			t.Errorf("%q: %v, %v", folder, rows.Values, err)
		}
	}
}

func isTable(t *testing.T, folder string) bool {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(escapeGlob(folder), "_delta_log", "*.json"))
	return err == nil && len(logs) > 0
}

// escapeGlob is a path as a pattern of itself.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// hostileTexts are n different texts of few but dangerous pieces, always the same; the first is empty.
func hostileTexts(n int) []string {
	pieces := []string{"'", `"`, "`", `\`, "\n", "\r", "\t", "\x00", "\x1a", "0", "12", "n", "u0041", "U0001F600", "%", "_", "${", "}", "env:HOME", "--", "/*", "*/", ";", " ", "a", "é", "😀", "\u2028", "\ufeff"}
	random, texts, seen := rand.New(rand.NewPCG(1, 2)), []string{""}, map[string]bool{"": true}
	for len(texts) < n {
		var b strings.Builder
		for range 1 + random.IntN(6) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		// Names differ in more than the size of their letters for Spark.
		if key := strings.ToLower(b.String()); !seen[key] {
			seen[key] = true
			texts = append(texts, b.String())
		}
	}
	return texts
}
