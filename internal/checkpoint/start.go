package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cryptostream/lakectl/internal/wholefile"
)

// From is where a new checkpoint begins in its source.
type From struct {
	Kind string    // FromEarliest, FromLatest, FromTable, or FromTime
	At   time.Time // of FromTime
}

// The kinds of From.
const (
	FromEarliest = "earliest"      // the oldest that there is
	FromLatest   = "latest"        // what comes from now on
	FromTable    = "current-table" // behind what the sink has
	FromTime     = "timestamp"     // records that were stamped then, or later
)

// ParseFrom reads a kind, or an RFC 3339 time.
func ParseFrom(text string) (From, error) {
	switch text {
	case FromEarliest, FromLatest, FromTable:
		return From{Kind: text}, nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || at.UnixMilli() < 0 {
		return From{}, fmt.Errorf("%q is none of earliest, latest, current-table, and a time such as 2026-11-23T18:50:00Z", text)
	}
	return From{FromTime, at.UTC()}, nil
}

// String is what ParseFrom reads.
func (f From) String() string {
	if f.Kind == FromTime {
		return f.At.Format(time.RFC3339Nano)
	}
	return f.Kind
}

// startFile is what <checkpoint>.start.json holds.
type startFile struct {
	From  string    `json:"from"`
	Asked time.Time `json:"asked"` // UTC
}

func startPath(folder string) string { return folder + ".start.json" }

// WriteStart notes beside a checkpoint that is not there where a new one is to begin.
func WriteStart(folder string, f From, asked time.Time) error {
	text, err := json.Marshal(startFile{f.String(), asked.UTC()})
	if err == nil {
		err = os.MkdirAll(filepath.Dir(folder), 0o700)
	}
	if err == nil {
		err = wholefile.Write(startPath(folder), append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("note where the new checkpoint begins: %w", err)
	}
	return nil
}

// ReadStart returns what WriteStart has noted, and false where there is nothing.
func ReadStart(folder string) (From, bool, error) {
	text, err := os.ReadFile(startPath(folder))
	if errors.Is(err, fs.ErrNotExist) {
		return From{}, false, nil
	}
	var file startFile
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	var f From
	if err == nil {
		f, err = ParseFrom(file.From)
	}
	if err != nil {
		return f, false, fmt.Errorf("read where the new checkpoint begins: %s: %w", startPath(folder), err)
	}
	return f, true, nil
}

// RemoveStart forgets the note: the new checkpoint says by itself where it is.
func RemoveStart(folder string) error {
	if err := passOver(os.Remove(startPath(folder))); err != nil {
		return fmt.Errorf("forget where the new checkpoint began: %w", err)
	}
	return nil
}

// Topic is what a Kafka topic has, by partition.
type Topic struct {
	Oldest map[int32]int64 // offset of the oldest record
	At     map[int32]int64 // of the first one stamped at From.At or later, or Next; of FromTime only
	Next   map[int32]int64 // that the next record will get
}

// ErrAnotherTopic says that a topic ends before what was read of it: it is another one.
var ErrAnotherTopic = errors.New("the topic ends before what the table has of it")

// StartingOffsets returns where a query begins in each partition of a topic. floor is the offset behind the last
// record of each partition that its sink has: it never begins before that, so nothing is written twice.
func (f From) StartingOffsets(floor map[int32]int64, topic Topic) (map[int32]int64, error) {
	starts := map[int32]int64{}
	for partition, next := range topic.Next {
		start := topic.Oldest[partition]
		switch f.Kind {
		case FromLatest:
			start = next
		case FromTime:
			start = topic.At[partition]
		}
		starts[partition] = max(start, topic.Oldest[partition], floor[partition])
	}
	for _, partition := range sorted(floor) {
		if next := topic.Next[partition]; floor[partition] > next {
			return nil, fmt.Errorf("%w: partition %d at %d, and the table's last record has offset %d", ErrAnotherTopic, partition, next, floor[partition]-1)
		}
	}
	return starts, nil
}

func sorted(offsets map[int32]int64) []int32 {
	partitions := make([]int32, 0, len(offsets))
	for p := range offsets {
		partitions = append(partitions, p)
	}
	slices.Sort(partitions)
	return partitions
}
