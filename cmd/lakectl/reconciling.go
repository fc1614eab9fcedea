package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cryptostream/lakectl/internal/reconcile"
	"github.com/cryptostream/lakectl/internal/wholefile"
)

// startReconciling brings in what came too late, every so often, while a lakehouse runs. A reconcile that is cut off
// leaves nothing half done.
func (l *lakehouse) startReconciling(interval time.Duration) *every {
	return startEvery(interval, func(ctx context.Context) error { return l.mending.do(ctx, l.reconcileArrived) }, func(err error) {
		l.steps.note("reconcile failed, and is tried again in %s: %s", interval, firstLine(err))
	})
}

// reconcileArrived looks at what has arrived since the last time.
func (l *lakehouse) reconcileArrived(ctx context.Context) error {
	since, err := readReconciled(l.dir)
	if err != nil {
		return err
	}
	session, err := l.connect(ctx, "")
	if err != nil {
		return err
	}
	defer session.End()
	report, next, err := reconcilerOn(session, l.dir, false).Run(ctx, since)
	l.noteReconciled(report)
	if err != nil || next.Equal(since) {
		return err
	}
	return writeReconciledUntil(l.dir, next)
}

func (l *lakehouse) noteReconciled(report reconcile.Report) {
	events, windows := report.Rows()
	if report.Nothing() {
		l.log.Debug("reconcile", "conflicts", report.Conflicts)
		return
	}
	l.steps.note("reconcile: %d late events inserted, %d windows written", events, windows)
}

// reconciledUntil is what reconcile.json holds: when Bronze took in the first record that is to be looked at again.
type reconciledUntil struct {
	Since time.Time `json:"since"` // UTC
}

func reconciledPath(dir string) string { return filepath.Join(dir, "reconcile.json") }

// readReconciled returns the zero time where nothing was reconciled yet, or the file is damaged: everything is then
// looked at.
func readReconciled(dir string) (time.Time, error) {
	text, err := os.ReadFile(reconciledPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read how far was reconciled: %w", err)
	}
	var u reconciledUntil
	if json.Unmarshal(text, &u) != nil {
		return time.Time{}, nil
	}
	return u.Since, nil
}

func writeReconciledUntil(dir string, since time.Time) error {
	text, err := json.Marshal(reconciledUntil{since.UTC()})
	if err == nil {
		err = wholefile.Write(reconciledPath(dir), append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write how far was reconciled: %w", err)
	}
	return nil
}
