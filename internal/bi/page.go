package bi

// gridColumns is the width of a page.
const gridColumns = 12

// row is a line of widgets of one height that share the page's width equally, or as they say.
type row struct {
	height  int
	widgets []widget
	widths  []int // nil for equal ones
}

func across(height int, widgets ...widget) row { return row{height: height, widgets: widgets} }

func (r row) wide(widths ...int) row {
	r.widths = widths
	return r
}

// canvas puts rows below each other.
func canvas(name, title string, rows ...row) page {
	p := page{Name: name, DisplayName: title, PageType: pageCanvas, LayoutVersion: layoutGrid}
	y := 0
	for _, r := range rows {
		x := 0
		for i, w := range r.widgets {
			width := gridColumns / len(r.widgets)
			if r.widths != nil {
				width = r.widths[i]
			}
			p.Layout = append(p.Layout, placed{w, position{x, y, width, r.height}})
			x += width
		}
		y += r.height
	}
	return p
}
