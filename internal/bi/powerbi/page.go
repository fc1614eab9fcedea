package powerbi

import "fmt"

const (
	pageName              = "prices"
	pageWidth, pageHeight = 1280, 720
	margin                = 16
	slicerName            = "pair_slicer"
	chartName             = "price_chart"
)

// reportParts are the files of the report's definition.
func reportParts(origin string) map[string]any {
	definition := report + "definition/"
	made := []annotation{{"lakectl_Origin", origin + " from internal/bi/powerbi. Change that, not this."}}
	parts := map[string]any{
		definition + "version.json": object{"$schema": schemas + "item/report/definition/versionMetadata/1.0.0/schema.json", "version": "2.0.0"},
		definition + "report.json": object{
			"$schema": schemas + "item/report/definition/report/3.0.0/schema.json", "themeCollection": object{}, "annotations": made,
		},
		definition + "pages/pages.json": object{
			"$schema": schemas + "item/report/definition/pagesMetadata/1.0.0/schema.json", "pageOrder": []string{pageName}, "activePageName": pageName,
		},
	}
	visuals := pageVisuals()
	for i, v := range visuals {
		v.Annotations = made
		v.Position.Z, v.Position.TabOrder = i, i
		parts[definition+"pages/"+pageName+"/visuals/"+v.Name+"/visual.json"] = v
	}
	parts[definition+"pages/"+pageName+"/page.json"] = pageJSON(visuals, made)
	return parts
}

// pageJSON asks the warehouse again every ten seconds while somebody looks. The pair that is chosen is the
// chart's; cards and table go on showing all of them.
func pageJSON(visuals []visual, made []annotation) object {
	var interactions []object
	for _, v := range visuals {
		if v.Name != slicerName && v.Name != chartName {
			interactions = append(interactions, object{"source": slicerName, "target": v.Name, "type": "NoFilter"})
		}
	}
	return object{
		"$schema": schemas + "item/report/definition/page/2.0.0/schema.json",
		"name":    pageName, "displayName": "Prices", "displayOption": "FitToPage", "width": pageWidth, "height": pageHeight,
		"objects":            objects{"pageRefresh": {{Properties: object{"show": value("true"), "duration": quotedValue("PT10S")}}}},
		"visualInteractions": interactions,
		"annotations":        made,
	}
}

// pageVisuals are the visuals in the order of reading: which pair, what moved, the chart, all pairs.
func pageVisuals() []visual {
	const (
		side   = 200
		left   = side + 2*margin
		width  = pageWidth - left - margin
		cards  = 110
		chart  = 336
		bottom = pageHeight - margin
	)
	all := []visual{choice(slicerName, "Pair", "List of pairs; the chosen one is in the chart",
		place{X: margin, Y: margin, Width: side, Height: bottom - margin}, columnOf(asset, "pair"))}
	each := (width - (movers-1)*margin) / movers
	for n := 1; n <= movers; n++ {
		title := "Moved most within the hour"
		if n > 1 {
			title = fmt.Sprintf("Moved most, number %d", n)
		}
		all = append(all, card(fmt.Sprintf("mover_%d", n), title, "Name of a pair and its change within the hour, with an arrow up or down",
			place{X: left + (n-1)*(each+margin), Y: margin, Width: each, Height: cards},
			measureOf(change, moverText(n)), colorBy(change, moverColor(n))))
	}
	y := margin + cards + margin
	all = append(all, lineOverTime(chartName, "Price against the average of 5 minutes", "Two lines over the last 24 hours: the price of the chosen pair and its 5-minute average",
		place{X: left, Y: y, Width: width, Height: chart},
		columnOf(ticks, "event_time"), measureOf(ticks, tickPrice), measureOf(ticks, tickAverage)))
	y += chart + margin
	moved := measureOf(change, changeText)
	return append(all, grid("ticks_table", "Latest ticks", "One row per pair: price, change within the hour, time, source, volume and age of the last quote",
		place{X: left, Y: y, Width: width, Height: bottom - y}, moved, colorBy(change, changeColor),
		columnOf(asset, "pair"), columnOf(asset, "name"), measureOf(latest, latestPrice).called("Price"), moved.called("Within the hour"),
		measureOf(latest, latestTime).called("Taken at (UTC)"), measureOf(latest, latestSource).called("Source"),
		measureOf(latest, latestVolume).called("Volume in 24 h"), measureOf(latest, latestAge).called("Seconds ago")))
}
