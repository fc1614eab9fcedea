package backfill

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/producer"
)

// simulated is the source that made-up quotes name.
const simulated = "simulated"

// CheckMixing refuses made-up quotes beside real ones and real ones beside made-up ones (exit code 3). sources are those
// of each pair, and madeUp says what the lakehouse holds.
func CheckMixing(sources map[string][]string, madeUp bool) error {
	for pair, of := range sources {
		for _, source := range of {
			if (source == simulated) == madeUp {
				continue
			}
			holds, others := "real", simulated
			if madeUp {
				holds, others = simulated, "real"
			}
			return exit.New(exit.Refused, fmt.Errorf("the lakehouse holds %s prices; %s ones (%s from %q) would mix with them", holds, others, pair, source),
				"choose another lakehouse with --data-dir")
		}
	}
	return nil
}

// Limit is the range of what may be brought in: within, and before the newest event of Silver. Errors (exit code 3):
// Silver is empty; nothing of the range is old enough.
func Limit(within Range, newest time.Time) (Range, error) {
	if newest.IsZero() {
		return within, exit.New(exit.Refused, errors.New("silver_prices is empty: there is no watermark yet, and quotes of the past would set it"),
			"start lakectl run first, or bring the file in with lakectl run --local --source replay --file")
	}
	if !within.From.Before(newest) {
		return within, exit.New(exit.Refused,
			fmt.Errorf("--from %s is not before the newest event of silver_prices, %s: live quotes that are still on their way would be late", stamp(within.From), stamp(newest)),
			"bring it in when the live prices are past it")
	}
	if within.To.IsZero() || within.To.After(newest) {
		within.To = newest
	}
	return within, nil
}

// Overlap is how many ticks Silver has of a pair from a source that is not the backfill's.
type Overlap struct {
	Pair   string `json:"pair"`
	Source string `json:"source"` // "" for ticks that name none
	Ticks  int64  `json:"ticks"`
}

// CheckOverlap refuses to mix sources (exit code 3) unless that is allowed.
func CheckOverlap(found []Overlap, allowed bool) error {
	if len(found) == 0 || allowed {
		return nil
	}
	var ticks int64
	var named []string
	for _, o := range found {
		ticks += o.Ticks
		named = append(named, fmt.Sprintf("%s from %s", o.Pair, orNone(o.Source)))
	}
	const most = 3
	if len(named) > most {
		named = append(named[:most], "…")
	}
	return exit.New(exit.Refused,
		fmt.Errorf("silver_prices has %d ticks of other sources in the range (%s): averages would mix them", ticks, strings.Join(named, ", ")),
		"choose a range without them, or accept the mixture with --overlap")
}

func orNone(source string) string {
	if source == "" {
		return "no source"
	}
	return source
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// Sum identifies a record by its value: the first 16 bytes of its SHA-256.
type Sum [16]byte

// SumOf returns the sum of a record.
func SumOf(m producer.Message) Sum {
	sum := sha256.Sum256(m.Value)
	return Sum(sum[:16])
}
