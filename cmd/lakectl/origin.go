package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/cryptostream/lakectl/internal/pipeline"
	"github.com/cryptostream/lakectl/jobs"
)

// madeBy reads what the pipeline has kept beside a checkpoint: the job that made it, and whether that is known.
func madeBy(checkpoint string) (jobs.Fingerprint, bool, error) {
	text, err := os.ReadFile(checkpoint + ".json")
	if errors.Is(err, fs.ErrNotExist) {
		return jobs.Fingerprint{}, false, nil
	}
	var origin pipeline.Origin
	if err == nil {
		err = json.Unmarshal(text, &origin)
	}
	if err != nil {
		return jobs.Fingerprint{}, false, fmt.Errorf("read what the checkpoint was made by: %s.json: %w", checkpoint, err)
	}
	return origin.Job, true, nil
}
