package maintain

import (
	"fmt"
	"math"
	"time"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/tablefiles"
)

// needed is what the readers of a table may still read.
type needed struct {
	log   int64  // the oldest version of the log
	why   string // the table has to be left alone; "" for nothing
	files string // why no file is to be deleted; "" for nothing
}

// needs looks at the readers of a table. A reader is behind that has rows to read of a version from before cutoff:
// their files may have been put together since, and VACUUM would delete them. One that has read all rows and has
// nothing to read since a compaction still stands before that: lakectl verify looks at the table as it was then.
func needs(readers []checkpoint.Reader, tableID string, log tablefiles.Log, cutoff time.Time) (needed, error) {
	n := needed{log: math.MaxInt64}
	for _, r := range readers {
		if r.TableID != tableID {
			continue
		}
		if r.Snapshot {
			return needed{why: fmt.Sprintf("%s begins to read it, as it was at version %d", r.Checkpoint, r.Log)}, nil
		}
		version, behind, err := log.Unread(r.Files, cutoff)
		if err != nil {
			return n, err
		}
		if behind {
			at, _ := log.Written(version)
			return needed{why: fmt.Sprintf("%s has still to read version %d, of %s", r.Checkpoint, version, at.UTC().Format(time.RFC3339))}, nil
		}
		if at, ok := log.Written(r.Files); ok && at.Before(cutoff) {
			n.files = fmt.Sprintf("nothing has come for %s since version %d", r.Checkpoint, r.Files)
		}
		n.log = min(n.log, r.Log)
	}
	return n, nil
}

// spareCheckpoints of the log stay behind the one that it will begin with: for the day when the newest is damaged.
const spareCheckpoints = 2

// beginning returns the version with which a log is to begin: that of a checkpoint from before cutoff, below what is
// needed, so that the version before that can still be made. It is 0 where there is none, and where the log has a gap,
// which is for people to look at.
func beginning(log tablefiles.Log, needed int64, cutoff time.Time) int64 {
	whole := log.Checkpoints[:max(0, len(log.Checkpoints)-spareCheckpoints)]
	var version int64
	for _, c := range whole {
		if c.Version < needed && c.Written.Before(cutoff) {
			version = c.Version
		}
	}
	if _, gap := log.Gap(version); gap {
		return 0
	}
	return version
}
