package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/internal/tablefiles"
	"github.com/cryptostream/lakectl/jobs"
)

// unreadable are the classes, by prefix, with which Spark and Delta say that a file of a table is gone or cut.
var unreadable = []string{
	"FAILED_READ_FILE", "CANNOT_READ_FILE_FOOTER", "DELTA_FILE_NOT_FOUND", "DELTA_LOG_FILE_NOT_FOUND", "DELTA_MISSING_PART_FILES",
	"DELTA_STATE_RECOVER_ERROR", "DELTA_TRUNCATED_TRANSACTION_LOG", "DELTA_VERSIONS_NOT_CONTIGUOUS",
}

// brokenSum is how Hadoop says, without a class, that a file does not have the checksum beside it.
const brokenSum = "org.apache.hadoop.fs.ChecksumException: "

// DamagedTableError says that a file of a table is gone or cut. It has a hint.
type DamagedTableError struct {
	Table string
	Err   *exit.Error
}

// Error names the table, and Spark's reason, which names the file.
func (e *DamagedTableError) Error() string {
	return "table " + e.Table + " is damaged: " + e.Err.Error()
}

// Unwrap returns Spark's reason with the hint.
func (e *DamagedTableError) Unwrap() error { return e.Err }

// Damaged returns a *DamagedTableError where Spark says that a file of a table in a local folder is gone or cut, and
// otherwise err as it is.
func Damaged(place ddl.Place, lakehouse *jobs.Lakehouse, err error) error {
	var e *spark.Error
	var known *DamagedTableError
	if !place.LocalWarehouse() || errors.As(err, &known) || !errors.As(err, &e) {
		return err
	}
	if !strings.Contains(e.Message, brokenSum) && !slices.ContainsFunc(unreadable, func(class string) bool { return strings.HasPrefix(e.Class, class) }) {
		return err
	}
	for _, job := range lakehouse.Jobs {
		if folder := place.Path(job.Sink.Table); strings.Contains(e.Message, folder+"/") {
			return damagedTable(job, folder, e.Message, err)
		}
	}
	return err
}

func damagedTable(job jobs.Job, folder, message string, err error) *DamagedTableError {
	hint := "put the file back, or " + ResetHint(job)
	if name := spareCheckpoint(folder, message); name != "" {
		hint = fmt.Sprintf("move %s and _last_checkpoint out of %s: Delta reads the rest of its log then, which has all of it", name, filepath.Join(folder, "_delta_log"))
	} else if job.Source.Kafka != nil {
		hint = "put the file back; if it is lost, move warehouse and checkpoints out of the data dir, and the next lakectl run makes all tables again from what Kafka still has"
	}
	return &DamagedTableError{job.Sink.Table, exit.New(exit.Failed, err, hint)}
}

// logCheckpoint is the name of a file of a checkpoint of Delta's log, with the version that it is of.
var logCheckpoint = regexp.MustCompile(`/_delta_log/((\d{20})\.checkpoint[\w.-]*\.parquet)`)

// spareCheckpoint is the name of the file of a checkpoint that a message is of, where the rest of the table's log says the same, and
// otherwise "".
func spareCheckpoint(folder, message string) string {
	m := logCheckpoint.FindStringSubmatch(message)
	if m == nil {
		return ""
	}
	version, err := strconv.ParseInt(m[2], 10, 64)
	if err != nil {
		return ""
	}
	if log, err := tablefiles.ReadLog(folder); err != nil || !log.CompleteWithout(version) {
		return ""
	}
	return m[1]
}

// RegisterSound makes the tables that can be read known in a session's catalog, without views, and returns why the others
// can't be, by their names.
func RegisterSound(ctx context.Context, session *spark.Session, place ddl.Place, lakehouse *jobs.Lakehouse) (map[string]*DamagedTableError, error) {
	if err := useSchema(ctx, session, place); err != nil {
		return nil, err
	}
	damaged := map[string]*DamagedTableError{}
	for _, job := range lakehouse.Jobs {
		_, err := registerTable(ctx, session, place, job.Table)
		var e *DamagedTableError
		if errors.As(Damaged(place, lakehouse, err), &e) {
			damaged[e.Table] = e
		} else if err != nil {
			return nil, fmt.Errorf("register the tables: %w", err)
		}
	}
	return damaged, nil
}

// unloadable are the classes, by prefix, with which Spark says that a file of a query's state is gone or cut.
var unloadable = []string{"CANNOT_LOAD_STATE_STORE"}

// damaged gives the failure of a job's query a hint where files are gone or cut: a restart would meet them again.
func (p *Pipeline) damaged(job jobs.Job, err error) error {
	var e *spark.Error
	if errors.As(err, &e) && p.config.Place.LocalCheckpoints() &&
		slices.ContainsFunc(unloadable, func(class string) bool { return strings.HasPrefix(e.Class, class) }) {
		return exit.New(exit.Failed, fmt.Errorf("the state of %s is damaged: %w", job.Name, err), ResetHint(job))
	}
	if e != nil && p.config.Place.LocalWarehouse() && job.Source.Table != "" && strings.HasPrefix(e.Class, "FAILED_READ_FILE") && !logCleared(e) &&
		!logCheckpoint.MatchString(e.Message) && strings.Contains(e.Message, p.config.Place.Path(job.Source.Table)+"/") {
		// The newest version of the source may do without the file. If not, the reset says so.
		return exit.New(exit.Failed, err, "a file that it had still to read is gone: VACUUM kept it too short, or someone deleted it; "+ResetHint(job))
	}
	return Damaged(p.config.Place, p.config.Lakehouse, err)
}
