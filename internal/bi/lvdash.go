package bi

// What a .lvdash.json holds. Databricks publishes no schema of it; the names are those of dashboards that
// the workspace has exported (databricks/bundle-examples, databricks/cli), in the grid of 12 columns.

type document struct {
	Datasets []dataset  `json:"datasets"`
	Pages    []page     `json:"pages"`
	UI       uiSettings `json:"uiSettings"`
}

type dataset struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	// QueryLines are joined as they are: each but the last ends in a line feed.
	QueryLines []string `json:"queryLines"`
}

const (
	pageCanvas = "PAGE_TYPE_CANVAS"
	layoutGrid = "GRID_V1"
)

type page struct {
	Name          string   `json:"name"`
	DisplayName   string   `json:"displayName"`
	Layout        []placed `json:"layout"`
	PageType      string   `json:"pageType"`
	LayoutVersion string   `json:"layoutVersion"`
}

type placed struct {
	Widget   widget   `json:"widget"`
	Position position `json:"position"`
}

// position is in cells of the grid, from the upper left corner.
type position struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"width"`
	Height int `json:"height"`
}

// widget is a text, or a spec with its queries.
type widget struct {
	Name    string       `json:"name"`
	Text    *textbox     `json:"multilineTextboxSpec,omitempty"`
	Queries []namedQuery `json:"queries,omitempty"`
	Spec    *spec        `json:"spec,omitempty"`
}

type textbox struct {
	Lines []string `json:"lines"`
}

type namedQuery struct {
	Name  string `json:"name"`
	Query query  `json:"query"`
}

type query struct {
	DatasetName string  `json:"datasetName"`
	Fields      []field `json:"fields"`
	// Disaggregated takes the dataset's rows as they are; otherwise they are grouped by the fields that are
	// no aggregates.
	Disaggregated bool `json:"disaggregated"`
}

type field struct {
	Name       string `json:"name"`
	Expression string `json:"expression"`
}

type spec struct {
	Version    int       `json:"version"` // of the widget type
	WidgetType string    `json:"widgetType"`
	Encodings  encodings `json:"encodings"`
	Frame      frame     `json:"frame"`
}

type frame struct {
	ShowTitle       bool   `json:"showTitle"`
	Title           string `json:"title"`
	ShowDescription bool   `json:"showDescription,omitempty"`
	Description     string `json:"description,omitempty"`
}

type encodings struct {
	X       *channel  `json:"x,omitempty"`
	Y       *channel  `json:"y,omitempty"`
	Color   *channel  `json:"color,omitempty"`
	Value   *channel  `json:"value,omitempty"`
	Columns []channel `json:"columns,omitempty"` // of a table
	Fields  []channel `json:"fields,omitempty"`  // of a filter
}

// channel is one field, or several that share an axis.
type channel struct {
	FieldName   string    `json:"fieldName,omitempty"`
	QueryName   string    `json:"queryName,omitempty"` // of a filter: which of its queries
	DisplayName string    `json:"displayName,omitempty"`
	Scale       *scale    `json:"scale,omitempty"`
	Format      *format   `json:"format,omitempty"`
	Fields      []channel `json:"fields,omitempty"`
}

type scale struct {
	Type     string    `json:"type"` // temporal, quantitative or categorical
	Mappings []mapping `json:"mappings,omitempty"`
}

type mapping struct {
	Value string `json:"value"`
	Color string `json:"color"`
}

type format struct {
	Type          string   `json:"type"` // number-plain, or number-percent of a fraction
	Abbreviation  string   `json:"abbreviation,omitempty"`
	DecimalPlaces decimals `json:"decimalPlaces"`
}

type decimals struct {
	Type   string `json:"type"` // max or exact
	Places int    `json:"places"`
}

type uiSettings struct {
	Theme            theme `json:"theme"`
	ApplyModeEnabled bool  `json:"applyModeEnabled"`
}

type theme struct {
	WidgetHeaderAlignment string `json:"widgetHeaderAlignment"`
}
