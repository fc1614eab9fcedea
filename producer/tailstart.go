package producer

import (
	"strconv"
	"time"

	"github.com/IBM/sarama"
)

// TailStart is where Tail begins in each partition; the zero value is the beginning.
type TailStart struct {
	kind   tailKind
	number int64
	at     time.Time
}

type tailKind int

const (
	fromBeginning tailKind = iota
	fromEnd
	fromOffset
	fromLast // number messages before the end
	fromTime
)

// ParseTailStart reads "beginning", "end", an offset, "-N" for the last N messages of each partition,
// or an RFC 3339 time: the first message whose timestamp is not before it. Anything else is wrong
// usage.
func ParseTailStart(text string) (TailStart, error) {
	switch text {
	case "beginning":
		return TailStart{}, nil
	case "end":
		return TailStart{kind: fromEnd}, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if text[0] == '-' {
			return TailStart{kind: fromLast, number: -n}, nil
		}
		return TailStart{kind: fromOffset, number: n}, nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil && at.UnixMilli() >= 0 {
		return TailStart{kind: fromTime, at: at}, nil
	}
	return TailStart{}, usage("%q is none of beginning, end, an offset, -N for the last N messages, and a time such as 2026-11-23T18:50:00Z", text)
}

// resolve returns the offset to begin at and the one that the partition's next message will have.
func (s TailStart) resolve(client sarama.Client, topic string, partition int32) (begin, end int64, err error) {
	oldest, err := client.GetOffset(topic, partition, sarama.OffsetOldest)
	if err != nil {
		return 0, 0, err
	}
	if end, err = client.GetOffset(topic, partition, sarama.OffsetNewest); err != nil {
		return 0, 0, err
	}
	switch s.kind {
	case fromEnd:
		begin = end
	case fromLast:
		begin = end - s.number
	case fromOffset:
		if begin = s.number; begin > end {
			return 0, 0, failed("name the partition it is of with --partition", "partition %d of topic %s ends at offset %d, before %d", partition, topic, end, begin)
		}
	case fromTime:
		if begin, err = client.GetOffset(topic, partition, s.at.UnixMilli()); err != nil {
			return 0, 0, err
		}
		if begin < 0 { // every message is older
			begin = end
		}
	}
	return max(begin, oldest), end, nil
}
