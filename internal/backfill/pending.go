package backfill

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// pending is what the file holds while a backfill is not brought in to the end.
type pending struct {
	Since time.Time `json:"since"` // before Bronze took in the first record of it, UTC
}

func pendingPath(folder string) string { return filepath.Join(folder, "pending.json") }

// Pending returns since when records of a backfill came into Bronze that are not brought in to the end, and false where
// there are none. A file that is damaged counts from the beginning of time.
func Pending(folder string) (time.Time, bool, error) {
	text, err := os.ReadFile(pendingPath(folder))
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read what is left of the last backfill: %w", err)
	}
	var p pending
	if json.Unmarshal(text, &p) != nil {
		return time.Time{}, true, nil
	}
	return p.Since, true, nil
}

// Begin notes that records come into Bronze from now on, and returns since when, an earlier backfill that was cut off
// included. The folder must be there.
func Begin(folder string, now time.Time) (since time.Time, err error) {
	since, left, err := Pending(folder)
	if left || err != nil {
		return since, err
	}
	const clocks = time.Minute // Spark's may be behind
	since = now.UTC().Add(-clocks)
	text, err := json.Marshal(pending{since})
	temporary := pendingPath(folder) + ".tmp"
	if err == nil {
		err = os.WriteFile(temporary, append(text, '\n'), 0o600)
	}
	if err == nil {
		err = os.Rename(temporary, pendingPath(folder))
	}
	if err != nil {
		return since, fmt.Errorf("note that a backfill begins: %w", err)
	}
	return since, nil
}

// End notes that all of it is brought in.
func End(folder string) error {
	if err := os.Remove(pendingPath(folder)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("note that the backfill has ended: %w", err)
	}
	return nil
}
