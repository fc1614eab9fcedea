package bi

import "strings"

// column is a column of a dataset as a widget shows it.
type column struct {
	name, title string
	format      *format
}

// named has a column without a format: text, a time, a whole number.
func named(name, title string) column { return column{name: name, title: title} }

func number(name, title string, places int) column {
	return column{name, title, &format{Type: "number-plain", Abbreviation: "none", DecimalPlaces: decimals{"max", places}}}
}

// percent shows a fraction, 0.01 as 1 %.
func percent(name, title string) column {
	return column{name, title, &format{Type: "number-percent", DecimalPlaces: decimals{"exact", 2}}}
}

func (c column) channel() channel {
	return channel{FieldName: c.name, DisplayName: c.title, Format: c.format}
}

func (c column) scaled(kind string, colors ...mapping) *channel {
	ch := c.channel()
	ch.Scale = &scale{kind, colors}
	return &ch
}

// Scales.
const (
	temporal     = "temporal"
	quantitative = "quantitative"
	categorical  = "categorical"
)

// Versions of the widget types; a workspace shows an error for another one.
const (
	tableVersion, counterVersion, filterVersion = 2, 2, 2
	chartVersion                                = 3
)

func text(name, line string) widget { return widget{Name: name, Text: &textbox{[]string{line}}} }

// show makes a widget over a dataset's rows as they are.
func show(name, title, dataset string, version int, kind string, e encodings, columns ...column) widget {
	return widget{
		Name:    name,
		Queries: []namedQuery{{"main_query", query{dataset, fields(columns), true}}},
		Spec:    &spec{Version: version, WidgetType: kind, Encodings: e, Frame: frame{ShowTitle: true, Title: title}},
	}
}

func fields(columns []column) []field {
	all := make([]field, len(columns))
	for i, c := range columns {
		all[i] = field{c.name, "`" + c.name + "`"}
	}
	return all
}

// counter shows a column of a dataset of one row.
func counter(name, title, dataset string, value column) widget {
	ch := value.channel()
	return show(name, title, dataset, counterVersion, "counter", encodings{Value: &ch}, value)
}

// total shows an aggregate over a dataset's rows: SUM or COUNT.
func total(name, title, dataset, aggregate string, value column) widget {
	whole := column{strings.ToLower(aggregate) + "(" + value.name + ")", value.title, value.format}
	w := counter(name, title, dataset, whole)
	w.Queries[0].Query.Disaggregated = false
	w.Queries[0].Query.Fields[0].Expression = aggregate + "(`" + value.name + "`)"
	return w
}

// line has a line for each value of series.
func line(name, title, dataset string, x, y, series column) widget {
	e := encodings{X: x.scaled(temporal), Y: y.scaled(quantitative), Color: series.scaled(categorical)}
	return show(name, title, dataset, chartVersion, "line", e, x, y, series)
}

// bars are stacked by the columns of parts, over time.
func bars(name, title, dataset string, x column, parts ...column) widget {
	y := &channel{Scale: &scale{Type: quantitative}}
	for _, p := range parts {
		y.Fields = append(y.Fields, p.channel())
	}
	return show(name, title, dataset, chartVersion, "bar", encodings{X: x.scaled(temporal), Y: y}, append([]column{x}, parts...)...)
}

// barsBy are stacked by the values of series, over time.
func barsBy(name, title, dataset string, x, y, series column) widget {
	w := line(name, title, dataset, x, y, series)
	w.Spec.WidgetType = "bar"
	return w
}

// ranking has a horizontal bar for each value of what, in a color of its kind.
func ranking(name, title, dataset string, what, length, kind column, colors ...mapping) widget {
	e := encodings{X: length.scaled(quantitative), Y: what.scaled(categorical), Color: kind.scaled(categorical, colors...)}
	return show(name, title, dataset, chartVersion, "bar", e, length, what, kind)
}

func table(name, title, dataset string, columns ...column) widget {
	var e encodings
	for _, c := range columns {
		e.Columns = append(e.Columns, c.channel())
	}
	return show(name, title, dataset, tableVersion, "table", e, columns...)
}

// filter narrows a column of the same name in several datasets. kind is one of a workspace's filter widgets.
func filter(name, title, kind, column string, datasets ...string) widget {
	w := widget{Name: name, Spec: &spec{Version: filterVersion, WidgetType: kind, Frame: frame{ShowTitle: true, Title: title}}}
	for _, d := range datasets {
		q := d + "_" + column
		w.Queries = append(w.Queries, namedQuery{q, query{d, []field{{column, "`" + column + "`"}}, false}})
		w.Spec.Encodings.Fields = append(w.Spec.Encodings.Fields, channel{FieldName: column, DisplayName: title, QueryName: q})
	}
	return w
}
