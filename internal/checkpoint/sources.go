package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// TableVersion returns the newest version of a Delta source that the batch and those before it have read whole, and
// false where there is none yet. A batch may end within a version.
func (b Batch) TableVersion() (int64, bool, error) {
	if len(b.Sources) != 1 {
		return 0, false, fmt.Errorf("batch %d has %d sources instead of one", b.ID, len(b.Sources))
	}
	// The offset is the next thing to read: file number Index of version ReservoirVersion, below 0 for its start.
	// While the snapshot that a query begins with is read, its files are numbered across all versions.
	var offset *struct {
		ReservoirVersion  *int64 `json:"reservoirVersion"`
		IsStartingVersion bool   `json:"isStartingVersion"`
	}
	if err := json.Unmarshal(b.Sources[0], &offset); err != nil {
		return 0, false, fmt.Errorf("batch %d: read the offset in a table: %w", b.ID, err)
	}
	switch {
	case offset == nil:
		return 0, false, nil
	case offset.ReservoirVersion == nil:
		return 0, false, fmt.Errorf("batch %d: %.80s is not an offset in a table", b.ID, b.Sources[0])
	}
	version := *offset.ReservoirVersion - 1
	return version, version >= 0 && !offset.IsStartingVersion, nil
}

// TopicOffsets returns the offset behind the last record that was read of each partition of a topic, from a batch
// that reads Kafka.
func (b Batch) TopicOffsets(topic string) (map[int32]int64, error) {
	if len(b.Sources) != 1 {
		return nil, fmt.Errorf("batch %d has %d sources instead of one", b.ID, len(b.Sources))
	}
	return topicOffsets(b.Sources[0], topic)
}

// FirstTopicOffsets returns the offset of each partition at which a query that reads Kafka began, and nil where its
// checkpoint does not say. Partitions that were added later are not among them.
func FirstTopicOffsets(folder, topic string) (map[int32]int64, error) {
	text, err := os.ReadFile(filepath.Join(folder, "sources", "0", "0"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	_, offsets, _ := bytes.Cut(text, []byte("\n")) // behind a zero byte and the version
	return topicOffsets(offsets, topic)
}

func topicOffsets(text []byte, topic string) (map[int32]int64, error) {
	var offsets map[string]map[int32]int64
	if err := json.Unmarshal(text, &offsets); err != nil {
		return nil, fmt.Errorf("read the offsets in topic %s: %w", topic, err)
	}
	return offsets[topic], nil
}
