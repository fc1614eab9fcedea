package bi

import (
	"strings"

	"github.com/cryptostream/lakectl/internal/ddl"
)

// DashboardName is what people see, DashboardFile the name of the file.
const (
	DashboardName = "CryptoStream"
	DashboardFile = "cryptostream.lvdash.json"
)

// datasets are the queries of the dashboard by the names of their files, and what an editor sees.
var datasets = []struct{ name, title string }{
	{"price_vs_average", "Price and 5-minute average by the minute"},
	{"deviation", "Deviation from the average by the minute"},
	{"hourly_change", "Change within the hour"},
	{"movers", "Largest changes"},
	{"latest_ticks", "Latest ticks"},
	{"freshness", "Freshness"},
	{"throughput", "Rows per 5 minutes"},
	{"records", "What became of each record"},
	{"dead_letters", "Dead letters by reason"},
	{"late_windows", "Late windows"},
}

// Dashboard returns the AI/BI dashboard as the text that the workspace calls serialized_dashboard. Its queries
// name the tables of place in full. Without a place they name tables of no schema in particular: whoever
// creates the dashboard says which, by the request's dataset_catalog and dataset_schema.
func Dashboard(place ddl.Place) ([]byte, error) {
	d := document{Pages: []page{pricesPage(), healthPage()}, UI: uiSettings{Theme: theme{"ALIGNMENT_UNSPECIFIED"}}}
	for _, set := range datasets {
		sql, err := statement("sql/"+set.name+".sql", place)
		if err != nil {
			return nil, err
		}
		d.Datasets = append(d.Datasets, dataset{set.name, set.title, strings.SplitAfter(sql, "\n")})
	}
	return indented("the dashboard", d)
}

// The columns that several widgets show.
var (
	pair   = named("pair", "Pair")
	minute = named("minute", "Time (UTC)")
	hour   = named("hour", "Time (UTC)")
)

func pricesPage() page {
	return canvas("prices", "Prices",
		across(1, text("prices_title", "# Prices")),
		across(1, text("prices_about", "The six hours up to the newest quote, UTC. A price is in the currency behind the hyphen: USD and USDT are not the same.")),
		across(2,
			filter("pair_filter", "Pair", "filter-multi-select", "pair", "price_vs_average", "deviation", "hourly_change", "latest_ticks"),
			filter("time_filter", "Time", "filter-date-range-picker", "minute", "price_vs_average", "deviation")),
		across(3,
			counter("largest_rise", "Largest rise in an hour ▲", "movers", percent("largest_rise", "Rise")),
			counter("largest_fall", "Largest fall in an hour ▼", "movers", percent("largest_fall", "Fall")),
			counter("pairs", "Pairs with a tick in the last hour", "movers", number("pairs", "Pairs", 0)),
			counter("seconds_since_tick", "Seconds since the newest tick", "movers", number("seconds_since_tick", "Seconds", 0))),
		across(8,
			line("price_line", "Price against the 5-minute average", "price_vs_average", minute, number("value", "Price, in the quote currency", 8), named("series", "Pair")),
			ranking("change_bars", "Change within the hour", "hourly_change", named("caption", "Pair"), percent("change", "Change"), named("direction", "Direction"),
				mapping{"▲ up", "#0B7A4B"}, mapping{"▼ down", "#C4314B"}, mapping{"■ unchanged", "#6B6B6B"}, mapping{"– no price an hour ago", "#6B6B6B"})).wide(8, 4),
		across(6, line("deviation_line", "Distance of the price from its 5-minute average", "deviation", minute, percent("deviation", "Distance"), pair)),
		across(8, table("ticks_table", "Latest ticks", "latest_ticks",
			named("event_time", "Taken at (UTC)"), pair, named("source", "Source"), number("price", "Price", 8), number("volume_24h", "Volume in 24 h", 0), number("delay_seconds", "Seconds to Silver", 1))),
	)
}

func healthPage() page {
	return canvas("health", "Pipeline health",
		across(1, text("health_title", "# Pipeline health")),
		across(1, text("health_about", "A quote should be in Silver within a minute. Counts are of the 24 hours up to the newest record, late windows of six.")),
		across(3,
			counter("since_event", "Seconds since the newest event", "freshness", number("seconds_since_event", "Seconds", 0)),
			counter("since_batch", "Seconds since the last batch", "freshness", number("seconds_since_batch", "Seconds", 0)),
			counter("delay_p95", "Seconds to Silver, 95 of 100 ticks", "freshness", number("delay_p95", "Seconds", 1)),
			counter("within_a_minute", "Within a minute", "freshness", percent("within_a_minute", "Ticks"))),
		across(3,
			total("dead_letter_total", "Dead letters", "records", "SUM", number("dead_letters", "Records", 0)),
			total("duplicate_total", "Duplicates, dropped", "records", "SUM", number("duplicates", "Records", 0)),
			total("late_total", "Late or waiting", "records", "SUM", number("late_or_waiting", "Records", 0)),
			total("late_window_total", "Late windows", "late_windows", "COUNT", number("missing_ticks", "Windows", 0))),
		across(6, line("throughput_line", "Rows per 5 minutes", "throughput", named("five_minutes", "Time (UTC)"), number("row_count", "Rows", 0), named("table_name", "Table"))),
		across(6,
			barsBy("reason_bars", "Dead letters by reason", "dead_letters", hour, number("records", "Records", 0), named("reason", "Reason")),
			bars("outcome_bars", "What became of each record", "records", hour,
				number("in_silver", "In Silver", 0), number("dead_letters", "Dead letters", 0), number("duplicates", "Duplicates", 0), number("late_or_waiting", "Late or waiting", 0))),
		across(6, table("late_table", "Late windows: what Silver has and Gold lacks", "late_windows",
			pair, named("window_start", "Window from (UTC)"), number("silver_ticks", "Ticks in Silver", 0), number("gold_ticks", "Ticks in Gold", 0), number("missing_ticks", "Missing", 0))),
	)
}
