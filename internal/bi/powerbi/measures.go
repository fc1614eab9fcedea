package powerbi

import (
	"fmt"
	"strings"
)

type measure struct {
	table, name, dax, format string
	folder                   string
	comment                  string
	hidden                   bool
}

const (
	priceFormat   = "#,0.00######"
	percentFormat = "0.00%;-0.00%;0.00%"
	timeFormat    = "yyyy-mm-dd hh:nn:ss"
)

// Measures that the report shows. The names are the model's, and so are the columns': dax checks none.
const (
	tickPrice    = "Price at tick"
	tickAverage  = "Average of 5 minutes"
	hourlyChange = "Hourly change"
	changeText   = "Hourly change text"
	changeColor  = "Hourly change color"
	latestPrice  = "Latest price"
	latestTime   = "Latest tick at"
	latestSource = "Latest source"
	latestVolume = "Latest volume 24h"
	latestAge    = "Seconds since the tick"
)

// movers is how many cards there are.
const movers = 4

func moverText(n int) string  { return fmt.Sprintf("Mover %d", n) }
func moverColor(n int) string { return fmt.Sprintf("Mover %d color", n) }

func measuresOf(table string) []measure {
	var own []measure
	for _, m := range append(append([]measure{}, fixedMeasures...), moverMeasures()...) {
		if m.table == table {
			own = append(own, m)
		}
	}
	return own
}

// onePair is a value that is blank unless one pair is chosen: a price of several means nothing.
func onePair(dax string) string { return "IF(HASONEVALUE(Asset[Pair]), " + dax + ")" }

// at is the value of a column where the time in another is its MIN or MAX.
func at(table, edge, time, column string) string {
	return lines(
		"IF(HASONEVALUE(Asset[Pair]),",
		"    VAR Edge = "+edge+"('"+table+"'["+time+"])",
		"    RETURN",
		"        CALCULATE(MAX('"+table+"'["+column+"]), '"+table+"'["+time+"] = Edge)",
		")")
}

var fixedMeasures = []measure{
	{ticks, tickPrice, onePair("AVERAGE('Price vs Average'[Price])"), priceFormat, "Moving average",
		"Price of the chosen pair's ticks; blank unless one pair is chosen", false},
	{ticks, tickAverage, onePair("AVERAGE('Price vs Average'[5-minute average])"), priceFormat, "Moving average",
		"Average of the 5 minutes before each tick; blank unless one pair is chosen", false},
	{ticks, "Deviation from average", "DIVIDE(AVERAGE('Price vs Average'[Deviation in percent]), 100)", percentFormat, "Moving average",
		"How far the price is from its 5-minute average", false},

	{change, hourlyChange, "DIVIDE(AVERAGE('Hourly Change'[Change in percent]), 100)", percentFormat, "Hourly change",
		"Price now against one hour ago; the mean where several pairs are chosen", false},
	{change, changeText, lines(
		"VAR MovedBy = [Hourly change]",
		"RETURN",
		"    IF(",
		"        NOT ISBLANK(MovedBy),",
		`        SWITCH(TRUE(), MovedBy > 0, "▲ ", MovedBy < 0, "▼ ", "■ ") & FORMAT(ABS(MovedBy), "0.00%")`,
		"    )"), "", "Hourly change",
		"The change with an arrow, so that color is not alone: ▲ 1.20%", false},
	{change, changeColor, lines(
		"VAR MovedBy = [Hourly change]",
		"RETURN",
		`    SWITCH(TRUE(), MovedBy > 0, "#0B7A4B", MovedBy < 0, "#C4314B", "#6B6B6B")`), "", "Hourly change",
		"Green, red or grey, for conditional formatting; each is readable on white", true},
	{change, "Hourly change label", `SELECTEDVALUE(Asset[Label]) & " " & [Hourly change text]`, "", "Hourly change",
		"Name and change: Bitcoin in USD ▲ 1.20%", false},
	{change, "Hourly change size", "ABS([Hourly change])", percentFormat, "Hourly change",
		"The change without its sign, to rank by", true},

	{latest, latestPrice, onePair("MAX('Latest Price'[Price])"), priceFormat, "Latest tick",
		"Last price of a pair; blank for several", false},
	{latest, latestTime, "MAX('Latest Price'[Event time])", timeFormat, "Latest tick", "When the newest quote was taken, UTC", false},
	{latest, latestSource, "MAX('Latest Price'[Source])", "", "Latest tick", "Where the quote is from", false},
	{latest, latestVolume, onePair("MAX('Latest Price'[Volume 24h])"), "#,0", "Latest tick",
		"Volume of the 24 hours before the tick, in the quote currency", false},
	{latest, latestAge, "MIN('Latest Price'[Age in seconds])", "#,0", "Latest tick", "Seconds from the newest quote to now", false},

	{hourly, "Open", at(hourly, "MIN", "Hour start", "Open price"), priceFormat, "OHLC", "First price of the first hour", false},
	{hourly, "High", onePair("MAX('Hourly OHLC'[High price])"), priceFormat, "OHLC", "Highest price", false},
	{hourly, "Low", onePair("MIN('Hourly OHLC'[Low price])"), priceFormat, "OHLC", "Lowest price", false},
	{hourly, "Close", at(hourly, "MAX", "Hour start", "Close price"), priceFormat, "OHLC", "Last price of the last hour", false},
	{hourly, "Ticks per hour", "SUM('Hourly OHLC'[Ticks])", "#,0", "OHLC", "How many ticks", false},

	{goldMoving, "Newest final average", at(goldMoving, "MAX", "Window end", "Average price"), priceFormat, "Moving average", "Average of the last window that is final", false},
	{goldHourly, "Average of final hours", onePair(
		"DIVIDE(SUMX('Hourly Price', 'Hourly Price'[Average price] * 'Hourly Price'[Ticks]), SUM('Hourly Price'[Ticks]))"), priceFormat, "Hourly",
		"Average over all ticks of the final hours", false},
}

// moverMeasures are the cards: the pairs that moved most, whichever way.
func moverMeasures() []measure {
	var all []measure
	for n := 1; n <= movers; n++ {
		nth := func(value string) string {
			return lines(
				"VAR MovingPairs = FILTER(VALUES(Asset[Pair]), NOT ISBLANK([Hourly change]))",
				fmt.Sprintf("VAR Leading = TOPN(%d, MovingPairs, [Hourly change size], DESC, Asset[Pair], ASC)", n),
				"VAR Nth = TOPN(1, Leading, [Hourly change size], ASC, Asset[Pair], DESC)",
				"RETURN",
				fmt.Sprintf("    IF(COUNTROWS(Leading) = %d, CALCULATE(%s, Nth))", n, value))
		}
		all = append(all,
			measure{change, moverText(n), nth("[Hourly change label]"), "", "Cards", fmt.Sprintf("Number %d of the pairs by the size of their change within the hour, as text; blank where there are fewer", n), false},
			measure{change, moverColor(n), nth("[Hourly change color]"), "", "Cards", "The color of " + moverText(n), true})
	}
	return all
}

func lines(text ...string) string { return strings.Join(text, "\n") }
