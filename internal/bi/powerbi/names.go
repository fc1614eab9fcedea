package powerbi

import "strings"

// sources are the tables of the model: what they are called here, and in the lakehouse. Dimensions first.
var sources = []source{
	{name: asset, from: "dim_asset", key: "pair"},
	{name: calendar, from: "dim_date", key: "date"},
	{name: ticks, from: "v_price_vs_ma", joins: []string{"pair", "date"}},
	{name: latest, from: "v_latest_price", joins: []string{"pair"}},
	{name: change, from: "v_hourly_change", joins: []string{"pair"}},
	{name: hourly, from: "v_ohlc_hourly", joins: []string{"pair", "date"}},
	{name: goldMoving, from: "gold_price_ma_5m", joins: []string{"pair", "date"}},
	{name: goldHourly, from: "gold_price_hourly", joins: []string{"pair", "date"}},
}

// source is a table or view of the lakehouse in the model. A dimension has a key; a fact table has columns
// of that name, which join.
type source struct {
	name, from string
	key        string
	joins      []string
}

// The model's tables.
const (
	asset      = "Asset"
	calendar   = "Date"
	ticks      = "Price vs Average"
	latest     = "Latest Price"
	change     = "Hourly Change"
	hourly     = "Hourly OHLC"
	goldMoving = "Moving Average 5m"
	goldHourly = "Hourly Price"
)

// friendly are the names of columns that a rule would not find.
var friendly = map[string]string{
	"ma_5m":               "5-minute average",
	"ticks_5m":            "Ticks in 5 minutes",
	"deviation_pct":       "Deviation in percent",
	"change_pct":          "Change in percent",
	"volume_24h":          "Volume 24h",
	"avg_price":           "Average price",
	"min_price":           "Lowest price",
	"max_price":           "Highest price",
	"iso_week":            "ISO week",
	"age_seconds":         "Age in seconds",
	"price_hour_ago":      "Price an hour ago",
	"event_time_hour_ago": "Event time an hour ago",
	"is_closed":           "Is final",
}

// columnName returns what people call a column: event_time is Event time.
func columnName(column string) string {
	if name, known := friendly[column]; known {
		return name
	}
	words := strings.ReplaceAll(column, "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// hidden tells columns that join or order and that nobody looks at in a fact table.
func hidden(s source, column string) bool {
	return s.key == "" && (column == "date" || strings.HasPrefix(column, "kafka_") || column == "pair")
}
