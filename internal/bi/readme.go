package bi

import (
	"fmt"
	"strings"
)

// readmes say what the folders hold, and that the files in them are made.
func readmes(alerts []Alert) map[string][]byte {
	var list strings.Builder
	for _, a := range alerts {
		fmt.Fprintf(&list, "- `alerts/%s.dbalert.json`: %s\n", a.Key, a.DisplayName)
	}
	const made = "<!-- " + Mark + ". -->\n" + Mark + ": don't change these files, change what they are made from.\n\n"
	return map[string][]byte{
		"dashboards/README.md": []byte("# Databricks dashboard and alerts\n\n" + made +
			"- `" + DashboardFile + "`: the AI/BI dashboard, from `internal/bi/sql` and `internal/bi/board.go`\n" + list.String() +
			"  (from `internal/bi/alerts` and `internal/bi/alert.go`)\n\n" +
			"`lakectl deploy` puts them into a workspace. By hand: Dashboards, Create, Import dashboard from file; then choose the\n" +
			"catalog and the schema of its datasets, which the queries leave open. The alerts name `main.cryptostream`.\n"),
		"powerbi/README.md": []byte("# Power BI project\n\n" + made +
			"Open `CryptoStream.pbip` in Power BI Desktop; `docs/power-bi.md` shows the clicks. `cryptostream.pbids` is the connection\n" +
			"alone.\n\nTables, columns and descriptions are those of the specs in `jobs/`; measures and visuals are in `internal/bi/powerbi`.\n" +
			"JSON has no comments, and these files no place for any: `*.pbip`, `*.pbids`, `.platform`, `definition.pbir`,\n" +
			"`definition.pbism`, `pages.json`, `version.json`.\n"),
	}
}
