package maintain

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/jobs"
)

// The properties that say how long a table keeps what it no longer has. They are Delta's own; with its cleaning of the
// log off, the second one is read here alone.
const (
	keepFiles = "delta.deletedFileRetentionDuration"
	keepLog   = "delta.logRetentionDuration"
)

// properties are what the tables of a local lakehouse have besides those of their specs. Each deleted file is part of
// the table's state until the first time is over, which every batch reads and every tenth commit writes: a week of
// files a second would be 600,000.
var properties = map[string]string{
	"delta.enableExpiredLogCleanup": "false",
	keepFiles:                       "interval 1 hour",
	keepLog:                         "interval 1 hour",
}

// Local gives the tables of a lakehouse the properties with which a Maintainer keeps them small, where their specs say
// nothing else. It is for tables that one looks after.
func Local(l *jobs.Lakehouse) *jobs.Lakehouse {
	for i, job := range l.Jobs {
		all := maps.Clone(properties)
		maps.Copy(all, job.Table.Properties)
		l.Jobs[i].Table.Properties = all
	}
	return l
}

// Delta's defaults, for a table that lacks the properties.
const (
	defaultFiles = 7 * 24 * time.Hour
	defaultLog   = 30 * 24 * time.Hour
)

var units = map[string]time.Duration{
	"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour,
}

// retention reads a property such as "interval 1 hour" or "3 days".
func retention(properties map[string]string, name string, absent time.Duration) (time.Duration, error) {
	text, ok := properties[name]
	if !ok {
		return absent, nil
	}
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 3 && words[0] == "interval" {
		words = words[1:]
	}
	if len(words) == 2 {
		n, err := strconv.ParseInt(words[0], 10, 32)
		if unit, known := units[strings.TrimSuffix(words[1], "s")]; known && err == nil && n >= 0 {
			return time.Duration(n) * unit, nil
		}
	}
	return 0, fmt.Errorf("the property %s is %q, and not such as \"interval 1 hour\"", name, text)
}
