package dashboard

import (
	"cmp"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// averaged is the length of the moving average.
const averaged = 5 * time.Minute

// tick is one price. Decimals are exact text.
type tick struct {
	at     int64 // event_time, microseconds since 1970: as exact as Spark's
	part   int64
	offset int64
	price  string
	ma     string // exact average of the ticks of the 5 minutes up to and with this one's time; "" unknown
}

// compare orders ticks as the tables do: by event_time, kafka_partition, kafka_offset.
func (t tick) compare(other tick) int {
	return cmp.Or(cmp.Compare(t.at, other.at), cmp.Compare(t.part, other.part), cmp.Compare(t.offset, other.offset))
}

func (t tick) time() time.Time { return time.UnixMicro(t.at).UTC() }

// average fills in the averages of ticks[from:] of one pair, in order. Every tick at or after complete is
// among them: what would need older ones stays unknown. Like the view's window, the average of a tick
// counts others of the same time.
func average(ticks []tick, from int, complete int64) {
	if from >= len(ticks) {
		return
	}
	width := averaged.Microseconds()
	first, _ := slices.BinarySearchFunc(ticks, ticks[from].at-width, func(t tick, at int64) int { return cmp.Compare(t.at, at) })
	sum, next := decimal.Zero, first
	for i := from; i < len(ticks); i++ {
		for ; next < len(ticks) && ticks[next].at <= ticks[i].at; next++ {
			sum = sum.Add(exact(ticks[next].price))
		}
		for ; ticks[first].at < ticks[i].at-width; first++ {
			sum = sum.Sub(exact(ticks[first].price))
		}
		ticks[i].ma = ""
		if ticks[i].at-width >= complete && sum.LessThan(sumLimit) {
			ticks[i].ma = divide(sum, decimal.NewFromInt(int64(next-first)), 18).StringFixed(18)
		}
	}
}

// sumLimit is what DECIMAL(38,18) can't hold: the view's try_sum is null from there.
var sumLimit = decimal.New(1, 20)

// divide is Spark's division of decimals: to 39 decimals, then to the type's own, both half up.
func divide(a, b decimal.Decimal, scale int32) decimal.Decimal {
	return a.DivRound(b, 39).Round(scale)
}

// change is how much a price has changed, in percent with 4 decimals, as v_hourly_change computes it:
// its division has the type DECIMAL(38,6).
func change(now, before string) string {
	b := exact(before)
	if b.IsZero() {
		return ""
	}
	return divide(exact(now).Sub(b).Mul(decimal.New(100, 0)), b, 6).Round(4).StringFixed(4)
}

// exact reads what a table's decimal is; Silver's checks have seen to it that it is one.
func exact(text string) decimal.Decimal {
	d, err := decimal.NewFromString(text)
	if err != nil {
		return decimal.Zero
	}
	return d
}
