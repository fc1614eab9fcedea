package dashboard

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// silverColumns are read in this order by readRows.
const silverColumns = "select pair, base, quote, source, price, volume_24h, event_time, processed_at, kafka_partition, kafka_offset from " + silver

// literal is a time as SQL. Bounds are literals, and not computed by the statement, so that Delta leaves
// the files of other times unread.
func literal(micros int64) string {
	return time.UnixMicro(micros).UTC().Format("timestamp'2006-01-02T15:04:05.000000Z'")
}

func date(micros int64) string { return time.UnixMicro(micros).UTC().Format("date'2006-01-02'") }

// between reads (from, to].
func between(from, to int64) string {
	return fmt.Sprintf("%s where date between %s and %s and event_time > %s and event_time <= %s limit %d",
		silverColumns, date(from), date(to), literal(from), literal(to), maxTicks+1)
}

// after reads what has come behind the ends, of events after a time. Partitions that were not seen yet
// are higher than those that were, or among them with no row.
func after(ends map[int64]end, from int64) string {
	var seen []string
	highest := int64(-1)
	if len(ends) > 0 {
		highest = slices.Max(slices.Collect(maps.Keys(ends)))
	}
	for part := range highest + 1 {
		if last, ok := ends[part]; ok {
			seen = append(seen, fmt.Sprintf("kafka_partition = %d and kafka_offset > %d", part, last.offset))
		} else {
			seen = append(seen, fmt.Sprintf("kafka_partition = %d", part))
		}
	}
	seen = append(seen, fmt.Sprintf("kafka_partition > %d", highest))
	return fmt.Sprintf("%s where date >= %s and event_time > %s and (%s) limit %d",
		silverColumns, date(from), literal(from), strings.Join(seen, " or "), maxTicks+1)
}

const (
	newestEvent = "select max(event_time) from " + silver + " where date = (select max(date) from " + silver + ")"
	// alive is answered without a job of Spark's.
	alive = "select 1"
	// The dead letters of today and yesterday, UTC; date is when they arrived.
	recentDead   = " from " + deadLetters + " where date >= date_sub(current_date(), 1)"
	deadByReason = "select reasons, count(*)" + recentDead + " group by reasons"
	newestDead   = "select partition, offset, quarantined_at, reasons, key, substring(value, 1, 512), length(value)" + recentDead +
		" order by quarantined_at desc, partition, offset desc limit 20"
)

// readRows makes ticks of what silverColumns gives.
func readRows(values [][]any) ([]row, error) {
	rows := make([]row, 0, len(values))
	for _, v := range values {
		r, ok := readRow(v)
		if !ok {
			return nil, fmt.Errorf("read %s: a row has other types than expected: %T", silver, v)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func readRow(v []any) (r row, ok bool) {
	if len(v) != 10 {
		return r, false
	}
	var price, source, volume string
	var at, processed time.Time
	oks := [...]bool{
		set(&r.pair, v[0]), set(&r.base, v[1]), set(&r.quote, v[2]), v[3] == nil || set(&source, v[3]), set(&price, v[4]),
		v[5] == nil || set(&volume, v[5]), set(&at, v[6]), set(&processed, v[7]), set(&r.part, v[8]), set(&r.offset, v[9]),
	}
	r.at, r.price = at.UnixMicro(), plain(price)
	r.source, r.volume, r.processed = source, plain(volume), processed.UnixMicro()
	return r, !slices.Contains(oks[:], false)
}

// set puts a value of that type into target.
func set[T any](target *T, value any) bool {
	v, ok := value.(T)
	if ok {
		*target = v
	}
	return ok
}

// plain is a decimal without the zeros that its column's type appends.
func plain(text string) string {
	if !strings.Contains(text, ".") {
		return text
	}
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
