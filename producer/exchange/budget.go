package exchange

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/prometheus/client_golang/prometheus"
)

// budgetFile is in the state folder, for its owner only.
const budgetFile = "coingecko-credits.json"

// budget is the credits of a calendar month, UTC. What is used is kept in a file, written before the
// next request is made, so that a restart does not forget it.
type budget struct {
	path    string
	credits int
	used    usedCredits
	left    prometheus.Gauge
}

// usedCredits is the file.
type usedCredits struct {
	Month string `json:"month"` // 2026-11
	Used  int    `json:"used"`
}

const monthFormat = "2006-01"

func openBudget(dir string, credits int, left prometheus.Gauge) (*budget, error) {
	b := &budget{path: filepath.Join(dir, budgetFile), credits: credits, left: left}
	text, err := os.ReadFile(b.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("reading how many CoinGecko credits were used: %w", err)
	default:
		err := json.Unmarshal(text, &b.used)
		if _, merr := time.Parse(monthFormat, b.used.Month); err != nil || merr != nil || b.used.Used < 0 {
			return nil, failed("remove it to begin with a full month's credits", "%s can't be read: %s", b.path, clip(string(text)))
		}
	}
	b.turn(time.Now())
	return b, nil
}

// turn begins a new month's credits. A clock that is set back gives none.
func (b *budget) turn(now time.Time) {
	month := now.UTC().Format(monthFormat)
	if month > b.used.Month {
		b.used.Used = 0
	}
	b.used.Month = month
	b.left.Set(float64(b.remaining()))
}

func (b *budget) remaining() int { return max(0, b.credits-b.used.Used) }

// check returns a *Fault where no credits are left, until the next month.
func (b *budget) check(now time.Time) error {
	b.turn(now)
	b.reread()
	if b.remaining() > 0 {
		return nil
	}
	next := monthEnd(now)
	f := fault(KindBudget, "the %d calls of %s are used up; the next month begins %s", b.credits, b.used.Month, next.Format(time.DateOnly))
	f.After = max(next.Sub(now), time.Minute)
	return f
}

// spend counts one call, on top of what other processes have counted meanwhile.
func (b *budget) spend(now time.Time) error {
	if err := b.count(now); err != nil {
		return fault(KindBudget, "keeping count of the credits: %w", err)
	}
	return nil
}

func (b *budget) count(now time.Time) (err error) {
	if err := os.MkdirAll(filepath.Dir(b.path), 0o700); err != nil {
		return err
	}
	lock := flock.New(b.path+".lock", flock.SetPermissions(0o600))
	if err := lock.Lock(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	b.turn(now)
	b.reread()
	b.used.Used++
	b.left.Set(float64(b.remaining()))
	text, err := json.Marshal(b.used)
	if err != nil {
		return err
	}
	return replaceFile(b.path, append(text, '\n'), 0o600)
}

// reread takes into account what another process has counted: a backfill spends the same credits as the run.
func (b *budget) reread() {
	text, err := os.ReadFile(b.path)
	var theirs usedCredits
	if err == nil && json.Unmarshal(text, &theirs) == nil && theirs.Month == b.used.Month {
		b.used.Used = max(b.used.Used, theirs.Used)
	}
}

// pace is the time between calls that makes the credits last until the month ends.
func (b *budget) pace(now time.Time) time.Duration {
	return monthEnd(now).Sub(now) / time.Duration(max(1, b.remaining()))
}

func monthEnd(now time.Time) time.Time {
	now = now.UTC()
	return time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC)
}

// replaceFile writes a file anew: whatever crashes, there is the old content or the new.
func replaceFile(path string, content []byte, mode fs.FileMode) error {
	next := path + ".new"
	file, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(next, path)
}
