package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/spark"
)

// CommittedOffsets reads from a local checkpoint of a Kafka job the offsets up to which it has
// planned its batches, by partition: what is behind them in the topic is its backlog. It returns nil
// where there is no checkpoint yet.
func CommittedOffsets(checkpoint, topic string) (map[int32]int64, error) {
	entries, err := os.ReadDir(filepath.Join(checkpoint, "offsets"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	newest, batch := "", int64(-1)
	for _, e := range entries {
		var n int64
		if _, err := fmt.Sscanf(e.Name(), "%d", &n); err == nil && n > batch {
			newest, batch = e.Name(), n
		}
	}
	if newest == "" {
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Join(checkpoint, "offsets", newest))
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	offsets, ok := kafkaOffsets(strings.Split(string(text), "\n"))
	if !ok {
		return nil, fmt.Errorf("read checkpoint: %s/offsets/%s is not an offset log", checkpoint, newest)
	}
	return offsets[topic], nil
}

// kafkaOffsets finds the offsets of a Kafka source among the lines of an entry in an offset log: v1, the
// batch's metadata, then one line per source.
func kafkaOffsets(lines []string) (map[string]map[int32]int64, bool) {
	for _, line := range lines {
		var offsets map[string]map[int32]int64
		if json.Unmarshal([]byte(line), &offsets) == nil && len(offsets) > 0 {
			return offsets, true
		}
	}
	return nil, false
}

// RemoteOffsets is CommittedOffsets for a checkpoint that only the server can read.
func RemoteOffsets(ctx context.Context, session *spark.Session, checkpoint, topic string) (map[int32]int64, error) {
	rows, err := session.Query(ctx, "SELECT try_cast(_metadata.file_name AS BIGINT) AS batch, value FROM text."+ddl.Ident(checkpoint+"/offsets"))
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint %s: %w", checkpoint, err)
	}
	newest, lines := int64(-1), []string{}
	for _, row := range rows.Values {
		batch, ok := row[0].(int64)
		switch {
		case !ok || batch < newest:
			continue
		case batch > newest:
			newest, lines = batch, nil
		}
		lines = append(lines, row[1].(string))
	}
	offsets, ok := kafkaOffsets(lines)
	if newest >= 0 && !ok {
		return nil, fmt.Errorf("read checkpoint: %s/offsets/%d is not an offset log", checkpoint, newest)
	}
	return offsets[topic], nil
}
