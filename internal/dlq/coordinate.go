package dlq

import (
	"fmt"
	"strconv"
	"strings"
)

// ReplayHeader is the header of a replay; its value is the Coordinate of the record that it was made of.
const ReplayHeader = "lakectl-replay-of"

// Coordinate names a record of a topic.
type Coordinate struct {
	Topic     string
	Partition int32
	Offset    int64
}

// String is topic/partition/offset.
func (c Coordinate) String() string { return fmt.Sprintf("%s/%d/%d", c.Topic, c.Partition, c.Offset) }

// ParseCoordinate reads what String writes. A topic's name has no slash.
func ParseCoordinate(text string) (Coordinate, error) {
	parts := strings.Split(text, "/")
	if len(parts) == 3 && parts[0] != "" {
		partition, perr := strconv.ParseInt(parts[1], 10, 32)
		offset, oerr := strconv.ParseInt(parts[2], 10, 64)
		if perr == nil && oerr == nil && partition >= 0 && offset >= 0 {
			return Coordinate{parts[0], int32(partition), offset}, nil
		}
	}
	return Coordinate{}, fmt.Errorf("%q is not topic/partition/offset, such as crypto-prices/0/8746", text)
}

// MarshalText makes it a text in JSON.
func (c Coordinate) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (c *Coordinate) UnmarshalText(text []byte) (err error) {
	*c, err = ParseCoordinate(string(text))
	return err
}
