package pipeline

import (
	"errors"
	"strings"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/spark"
)

const sourceChanged = "a row of the table that it reads was updated or deleted, and a stream takes inserts only; lakectl checkpoint reset silver_prices --from earliest makes Silver and Gold again of Bronze, and the same with dead_letter the dead letters"

// fatal lists the error classes, by prefix, that a restart meets again, and what can be done.
var fatal = []struct{ class, hint string }{
	{"PARSE_SYNTAX_ERROR", "the job's SQL can't be parsed; correct it under jobs/"},
	{"UNRESOLVED_", "the job's SQL names something that is not there; correct it under jobs/"},
	{"TABLE_OR_VIEW_NOT_FOUND", "the job's SQL reads a table that is not there; correct it under jobs/"},
	{"DATATYPE_MISMATCH", "the job's SQL mixes types; correct it under jobs/"},
	{"MISSING_AGGREGATION", "the job's SQL groups by too little; correct it under jobs/"},
	{"STREAMING_STATEFUL_OPERATOR_NOT_MATCH", "the job's state was made by other SQL; undo the change or use another --data-dir"},
	{"STATE_STORE_", "the checkpoint's state does not fit the job; undo the change or use another --data-dir"},
	{"DELTA_FAILED_TO_MERGE_FIELDS", "the job's columns don't fit its table; correct the SQL under jobs/"},
	{"_LEGACY_ERROR_TEMP_DELTA_0007", "the job's columns don't fit its table; correct the SQL under jobs/"},
	{"DELTA_NOT_NULL_CONSTRAINT_VIOLATED", "the job wrote a null where its table takes none; correct the SQL or its expectations"},
	{"DELTA_VIOLATE_CONSTRAINT_WITH_VALUES", "the job wrote a row that its table refuses; correct the SQL or its expectations"},
	{"DELTA_SOURCE_TABLE_IGNORE_CHANGES", sourceChanged},
	{"DELTA_SOURCE_IGNORE_DELETE", sourceChanged},
	{"FAILED_READ_FILE.FILE_NOT_EXIST", "a file that the query had still to read is gone: VACUUM kept it too short, or someone deleted it"},
	{"KAFKA_DATA_LOSS", "the topic no longer has records that the checkpoint has not read (see retention.bytes); lakectl checkpoint reset JOB --from current-table, with the name of the query, goes on with those that it has"},
	{"CATALOG_NOT_FOUND", "the catalog must exist; see catalog in the target"},
	{"NO_SUCH_CATALOG", "the catalog must exist; see catalog in the target"},
	{"REQUIRES_SINGLE_PART_NAMESPACE", "the server has no such catalog; see catalog in the target"},
	{"INSUFFICIENT_PERMISSIONS", "ask the owner of the catalog for the right"},
	{"LOCATION_ALREADY_EXISTS", "the server's catalog does not know the table any more, but its files are there; give the target a warehouse, or the server a catalog that lasts"},
	{"DELTA_CREATE_TABLE_WITH_NON_EMPTY_LOCATION", "the server's catalog does not know the table any more, but its files are there; give the target a warehouse, or the server a catalog that lasts"},
	{"INVALID_STREAMING_CHECKPOINT", "the checkpoint is damaged; restore it, or see lakectl checkpoint reset --help"},
}

// fatality returns err with a hint if restarting the query can't heal it, and nil otherwise.
func fatality(err error) error {
	var refused *exit.Error
	if errors.As(err, &refused) {
		return err
	}
	if spark.Refused(err) {
		return exit.New(exit.Failed, err, "the server takes the login no more: log in again; queries that run on it go on, and the next start adopts them")
	}
	var e *spark.Error
	if !errors.As(err, &e) || logCleared(e) {
		return nil
	}
	for _, f := range fatal {
		if strings.HasPrefix(e.Class, f.class) {
			return exit.New(exit.Failed, err, f.hint)
		}
	}
	return nil
}

// logCleared reports that a file of a table's log was cleared away while it was read: the next start reads others.
func logCleared(e *spark.Error) bool {
	return strings.HasPrefix(e.Class, "FAILED_READ_FILE") && strings.Contains(e.Message, "/_delta_log/")
}

// serverGone reports that the failure is the session's or the server's, not the query's.
func serverGone(err error) bool {
	return errors.Is(err, spark.ErrSessionLost) || spark.Unavailable(err)
}
