package main

import (
	"context"
	"time"

	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/maintain"
)

// startMaintaining keeps the tables small, every so often, while a lakehouse runs.
func (l *lakehouse) startMaintaining(interval time.Duration) *every {
	began := time.Now()
	clock := &steadyClock{wall: began}
	return startEvery(interval, func(ctx context.Context) error {
		return l.mending.do(ctx, func(ctx context.Context) error {
			return l.maintainNow(ctx, clock.steady(time.Now(), time.Since(began)))
		})
	}, func(err error) {
		l.steps.note("maintain failed, and is tried again in %s: %s", interval, firstLine(err))
	})
}

// maintainNow cares for the tables once. Where the clock was not steady since the last time no file is deleted: one that
// a batch has written and not committed yet would look old.
func (l *lakehouse) maintainNow(ctx context.Context, steady bool) error {
	if err := boundLog(local.LogPath(l.dir, "lakectl")); err != nil {
		l.log.Warn("the log of lakectl could not be cut", "error", err)
	}
	session, err := l.connect(ctx, "")
	if err != nil {
		return err
	}
	defer session.End()
	report, err := maintainOn(ctx, session, &maintain.Maintainer{Place: l.place(), KeepFiles: !steady})
	for _, t := range report.Tables {
		if t.LeftAlone != "" {
			l.log.Debug("maintain", "table", t.Table, "left_alone", t.LeftAlone)
		}
	}
	if sum := report.Total(); !sum.Nothing() {
		l.steps.note("maintain: %d small files put into %d, %d old ones deleted, %d files of logs removed; %s",
			sum.Compacted, sum.Into, sum.Deleted, sum.LogFilesRemoved, filesText(sum.FilesAfter, sum.BytesAfter))
	}
	return err
}

// steadyClock tells whether the wall clock has gone as the monotonic one, which stands still while the machine sleeps
// and is never set.
type steadyClock struct {
	wall time.Time     // the last time
	ran  time.Duration // by then, monotonic
}

// fairJump is what setting a clock by NTP explains.
const fairJump = time.Minute

// steady compares the clocks since the last time.
func (c *steadyClock) steady(wall time.Time, ran time.Duration) bool {
	jump := wall.Round(0).Sub(c.wall.Round(0)) - (ran - c.ran)
	c.wall, c.ran = wall, ran
	return jump.Abs() < fairJump
}
