package powerbi

const visualSchema = schemas + "item/report/definition/visualContainer/2.4.0/schema.json"

// draw puts a visual on the page. alt is what a screen reader says.
func draw(name, kind, title, alt string, at place, state map[string][]projection, format objects) visual {
	v := visual{Schema: visualSchema, Name: name, Position: at, Visual: chart{
		Type: kind, Query: chartData{State: map[string]projections{}}, Objects: format,
		ContainerObjects: objects{
			"title":   {{Properties: object{"show": value("true"), "text": quotedValue(title)}}},
			"general": {{Properties: object{"altText": quotedValue(alt)}}},
		},
		DrillFilterOtherVisuals: true,
	}}
	for role, fields := range state {
		v.Visual.Query.State[role] = projections{fields}
	}
	return v
}

// lineOverTime has a line per measure.
func lineOverTime(name, title, alt string, at place, time projection, values ...projection) visual {
	time.Active = true
	v := draw(name, "lineChart", title, alt, at, map[string][]projection{"Category": {time}, "Y": values}, objects{
		"legend":       {{Properties: object{"show": value("true"), "position": quotedValue("Top")}}},
		"valueAxis":    {{Properties: object{"showAxisTitle": value("false")}}},
		"categoryAxis": {{Properties: object{"showAxisTitle": value("false"), "axisType": quotedValue("Scalar")}}},
	})
	v.Visual.Query.Sort = &sortDefinition{[]sortBy{{time.Field, "Ascending"}}, true}
	return v
}

// card shows a measure that is text, in the color that another one says.
func card(name, title, alt string, at place, text projection, color object) visual {
	whole := &selector{ID: "default"}
	return draw(name, "cardVisual", title, alt, at, map[string][]projection{"Data": {text}}, objects{
		"value": {{Properties: object{"fontColor": color, "fontSize": value("18D"), "bold": value("true")}, Selector: whole}},
		"label": {{Properties: object{"show": value("false")}, Selector: whole}},
	})
}

// grid is a table; colored is the one measure in a color of its own.
func grid(name, title, alt string, at place, colored projection, color object, fields ...projection) visual {
	v := draw(name, "tableEx", title, alt, at, map[string][]projection{"Values": fields}, objects{
		"values": {{
			Properties: object{"fontColor": color},
			// Every row but the total, of this column.
			Selector: &selector{Data: []object{{"dataViewWildcard": object{"matchingOption": 1}}}, Metadata: colored.QueryRef},
		}},
		"total": {{Properties: object{"totals": value("false")}}},
	})
	v.Visual.Query.Sort = &sortDefinition{[]sortBy{{fields[0].Field, "Ascending"}}, false}
	return v
}

// choice is a list of which exactly one is chosen, the first one to begin with.
func choice(name, title, alt string, at place, of projection) visual {
	of.Active = true
	return draw(name, "slicer", title, alt, at, map[string][]projection{"Values": {of}}, objects{
		"data":      {{Properties: object{"mode": quotedValue("Basic")}}},
		"selection": {{Properties: object{"strictSingleSelect": value("true")}}},
		"header":    {{Properties: object{"show": value("false")}}},
	})
}
