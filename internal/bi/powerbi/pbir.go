package powerbi

// A visual as visual.json has it: visualContainer 2.4.0 and what that refers to.
type visual struct {
	Schema      string       `json:"$schema"`
	Name        string       `json:"name"`
	Position    place        `json:"position"`
	Visual      chart        `json:"visual"`
	Annotations []annotation `json:"annotations"`
}

// place is in pixels of the page; z and tabOrder are the order of reading.
type place struct {
	X        int `json:"x"`
	Y        int `json:"y"`
	Z        int `json:"z"`
	Width    int `json:"width"`
	Height   int `json:"height"`
	TabOrder int `json:"tabOrder"`
}

type chart struct {
	Type                    string    `json:"visualType"`
	Query                   chartData `json:"query"`
	Objects                 objects   `json:"objects,omitempty"`
	ContainerObjects        objects   `json:"visualContainerObjects,omitempty"`
	DrillFilterOtherVisuals bool      `json:"drillFilterOtherVisuals"`
}

type chartData struct {
	State map[string]projections `json:"queryState"` // by role, such as Category or Y
	Sort  *sortDefinition        `json:"sortDefinition,omitempty"`
}

type projections struct {
	Projections []projection `json:"projections"`
}

type projection struct {
	Field          expr   `json:"field"`
	QueryRef       string `json:"queryRef"`
	NativeQueryRef string `json:"nativeQueryRef"`
	DisplayName    string `json:"displayName,omitempty"`
	Active         bool   `json:"active,omitempty"`
}

type sortDefinition struct {
	Sort      []sortBy `json:"sort"`
	IsDefault bool     `json:"isDefaultSort"`
}

type sortBy struct {
	Field     expr   `json:"field"`
	Direction string `json:"direction"`
}

// expr is exactly one of its fields.
type expr struct {
	Column  *property `json:"Column,omitempty"`
	Measure *property `json:"Measure,omitempty"`
	Literal *literal  `json:"Literal,omitempty"`
}

type property struct {
	Expression struct {
		SourceRef struct {
			Entity string `json:"Entity"`
		} `json:"SourceRef"`
	} `json:"Expression"`
	Property string `json:"Property"`
}

// literal is as in a query: 'text', true, 1L, 1D.
type literal struct {
	Value string `json:"Value"`
}

// objects are the cards of the format pane.
type objects map[string][]formatting

type formatting struct {
	Properties object    `json:"properties"`
	Selector   *selector `json:"selector,omitempty"`
}

type selector struct {
	Data     []object `json:"data,omitempty"`
	Metadata string   `json:"metadata,omitempty"`
	ID       string   `json:"id,omitempty"`
}

type annotation struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func fieldOf(table, name string) *property {
	p := &property{Property: name}
	p.Expression.SourceRef.Entity = table
	return p
}

func columnOf(table, column string) projection {
	name := columnName(column)
	return projection{Field: expr{Column: fieldOf(table, name)}, QueryRef: table + "." + name, NativeQueryRef: name}
}

func measureOf(table, name string) projection {
	return projection{Field: expr{Measure: fieldOf(table, name)}, QueryRef: table + "." + name, NativeQueryRef: name}
}

func (p projection) called(name string) projection {
	p.DisplayName = name
	return p
}

func value(literalText string) object { return object{"expr": expr{Literal: &literal{literalText}}} }

// quotedValue is a text without a quote in it.
func quotedValue(text string) object { return value("'" + text + "'") }

// colorBy is a color that a measure says.
func colorBy(table, measure string) object {
	return object{"solid": object{"color": object{"expr": expr{Measure: fieldOf(table, measure)}}}}
}
