package backfill

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cryptostream/lakectl/internal/wholefile"
)

// Left is what is not brought in to the end yet: of the backfill that is at work, or of one that was cut off.
type Left struct {
	// Since is before Bronze took in the first record of it, UTC.
	Since time.Time `json:"since"`
	// Offsets are those of its first records in the topic, by partition.
	Offsets map[int32]int64 `json:"offsets"`
}

func pendingPath(folder string) string { return filepath.Join(folder, "pending.json") }

// Pending returns what is left, and false where there is nothing. A file that is damaged counts from the beginning of
// time, and of the topic.
func Pending(folder string) (Left, bool, error) {
	text, err := os.ReadFile(pendingPath(folder))
	if errors.Is(err, fs.ErrNotExist) {
		return Left{}, false, nil
	}
	if err != nil {
		return Left{}, false, fmt.Errorf("read what is left of the last backfill: %w", err)
	}
	var l Left
	if json.Unmarshal(text, &l) != nil {
		return Left{}, true, nil
	}
	return l, true, nil
}

// Begin notes that records from these offsets on come into Bronze from now on, unless something is left of a backfill
// that was cut off: then both are one. The folder must be there.
func Begin(folder string, now time.Time, offsets map[int32]int64) error {
	if _, left, err := Pending(folder); left || err != nil {
		return err
	}
	const clocks = time.Minute // Spark's may be behind
	text, err := json.Marshal(Left{now.UTC().Add(-clocks), offsets})
	if err == nil {
		err = wholefile.Write(pendingPath(folder), append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("note that a backfill begins: %w", err)
	}
	return nil
}

// End notes that nothing is left.
func End(folder string) error {
	if err := os.Remove(pendingPath(folder)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("note that the backfill has ended: %w", err)
	}
	return nil
}
