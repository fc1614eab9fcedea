// Package checkpoint reads what Spark keeps in a streaming query's checkpoint: how far the query has come. It
// writes nothing and knows nothing of what the query does.
//
// The files are those of Spark 3.4 to 4.0: offsets/N is written before batch N runs and commits/N after its rows
// are in the sink, each "v1", a line of JSON and, in offsets, a line of JSON for each source.
package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// Batch is one micro-batch as its checkpoint describes it.
type Batch struct {
	ID int64
	// WatermarkMs is the watermark that the batch ran with, milliseconds since 1970; 0 where there is none yet.
	// Once the batch is committed, all that the watermark closes is in the sink.
	WatermarkMs int64
	// Sources says where the batch ends in each source, as the source writes it; null where it has read none.
	Sources []json.RawMessage
}

// ErrNone says that a query has committed no batch yet, or has no checkpoint.
var ErrNone = errors.New("no batch is committed")

// Committed reads the newest batch whose rows are in the sink from a checkpoint in a local folder. Errors: ErrNone,
// a file that is not there or is damaged.
func Committed(folder string) (Batch, error) {
	id, err := newest(filepath.Join(folder, "commits"))
	if err != nil {
		return Batch{}, fmt.Errorf("read checkpoint %s: %w", folder, err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "offsets", strconv.FormatInt(id, 10)))
	if err != nil {
		return Batch{}, fmt.Errorf("read checkpoint: %w", err)
	}
	b, err := parse(text)
	if err != nil {
		return b, fmt.Errorf("read checkpoint %s: offsets/%d: %w", folder, id, err)
	}
	b.ID = id
	return b, nil
}

// newest returns the highest number that is a file's name. Others, such as checksums, are passed over.
func newest(folder string) (int64, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	id := int64(-1)
	for _, e := range entries {
		if n, err := strconv.ParseInt(e.Name(), 10, 64); err == nil {
			id = max(id, n)
		}
	}
	if id < 0 {
		return 0, ErrNone
	}
	return id, nil
}

func parse(text []byte) (Batch, error) {
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	if len(lines) < 3 || string(lines[0]) != "v1" {
		return Batch{}, errors.New("it is not an offset log of version 1")
	}
	var metadata struct {
		BatchWatermarkMs int64 `json:"batchWatermarkMs"`
	}
	if err := json.Unmarshal(lines[1], &metadata); err != nil {
		return Batch{}, err
	}
	b := Batch{WatermarkMs: metadata.BatchWatermarkMs}
	for _, line := range lines[2:] {
		if string(line) == "-" { // how Spark writes that a source has given nothing
			line = []byte("null")
		}
		if !json.Valid(line) {
			return b, fmt.Errorf("%.40q is not JSON", line)
		}
		b.Sources = append(b.Sources, line)
	}
	return b, nil
}
