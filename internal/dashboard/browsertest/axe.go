package browsertest

import (
	_ "embed" // axe-core
	"encoding/json"
	"strings"

	"github.com/chromedp/chromedp"
)

//go:embed axe-core/axe.min.js
var axe string

// Accessible runs axe-core on the page and expects that it finds nothing serious or critical. what tells the
// pages of one test apart.
func (b *Browser) Accessible(what string) {
	b.t.Helper()
	b.Run(chromedp.Evaluate[chromedp.Void](axe))
	found := Script[string](b, `axe.run().then(r => JSON.stringify(r.violations.map(v => ({id: v.id, impact: v.impact, help: v.help,
		nodes: v.nodes.map(n => n.html.slice(0, 200) + ' ' + n.failureSummary)}))))`)
	var violations []struct {
		ID, Impact, Help string
		Nodes            []string
	}
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range violations {
		if v.Impact == "serious" || v.Impact == "critical" {
			b.t.Errorf("%s: %s (%s): %s\n%s", what, v.ID, v.Impact, v.Help, strings.Join(v.Nodes, "\n"))
		} else {
			b.t.Logf("%s: %s (%s): %s", what, v.ID, v.Impact, v.Help)
		}
	}
}
