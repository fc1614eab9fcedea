package spark

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// StreamingDataFrame is an unbounded relation: a plan, not yet run. Its methods return a new one.
type StreamingDataFrame struct {
	session  *Session
	relation object
}

// ReadStream describes a streaming source by its format and options, such as "kafka" with
// "kafka.bootstrap.servers", "subscribe" and "startingOffsets". A path is for sources of files.
func (s *Session) ReadStream(format string, options map[string]string, path ...string) StreamingDataFrame {
	source := object{"format": format, "options": options}
	if len(path) > 0 {
		source["paths"] = path
	}
	return StreamingDataFrame{s, object{"read": object{"isStreaming": true, "dataSource": source}}}
}

// ReadStreamTable describes a table as a streaming source. The table must exist.
func (s *Session) ReadStreamTable(name string, options map[string]string) StreamingDataFrame {
	table := object{"unparsedIdentifier": name, "options": options}
	return StreamingDataFrame{s, object{"read": object{"isStreaming": true, "namedTable": table}}}
}

// StreamSQL describes a query over temporary views that are streaming; see [StreamingDataFrame.CreateView].
func (s *Session) StreamSQL(query string) StreamingDataFrame {
	return StreamingDataFrame{s, object{"sql": object{"query": query}}}
}

// CreateView makes the relation readable by SQL, under a name that only this session sees. A view
// of that name is replaced; a query that reads the old one is not changed by that.
func (d StreamingDataFrame) CreateView(ctx context.Context, name string) error {
	_, err := d.session.execute(ctx, object{"createDataframeView": object{
		"input": d.relation, "name": name, "replace": true,
	}})
	if err != nil {
		return fmt.Errorf("create view %s: %w", name, err)
	}
	return nil
}

// WithWatermark declares that rows whose column (a TIMESTAMP) is older than the newest one seen
// less delay need not be waited for. The delay is rounded down to milliseconds.
func (d StreamingDataFrame) WithWatermark(column string, delay time.Duration) StreamingDataFrame {
	return StreamingDataFrame{d.session, object{"withWatermark": object{
		"input": d.relation, "eventTime": column, "delayThreshold": milliseconds(delay),
	}}}
}

// DropDuplicatesWithinWatermark keeps the first row of each combination of columns; later ones are
// dropped for as long as the watermark has not passed the first one's time. It needs a watermark.
func (d StreamingDataFrame) DropDuplicatesWithinWatermark(columns ...string) StreamingDataFrame {
	return StreamingDataFrame{d.session, object{"deduplicate": object{
		"input": d.relation, "columnNames": columns, "withinWatermark": true,
	}}}
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d milliseconds", d.Milliseconds()) }

// OutputMode says what of a result a micro-batch writes.
type OutputMode string

// The output modes that a Delta sink takes.
const (
	Append   OutputMode = "append"   // rows that will not change any more
	Complete OutputMode = "complete" // the whole result, each time
)

// Trigger says when micro-batches run.
type Trigger struct {
	field string
	value any
}

// ProcessingTime runs a micro-batch every interval, or at once after one that took longer.
// The interval is rounded down to milliseconds; 0 is as fast as possible.
func ProcessingTime(interval time.Duration) Trigger {
	return Trigger{"processingTimeInterval", milliseconds(interval)}
}

// AvailableNow processes what is there when the query starts, in as many micro-batches as the
// source's limits ask for, and then the query ends.
func AvailableNow() Trigger { return Trigger{"availableNow", true} }

// StreamWriter collects how a streaming query writes. Its methods return the writer itself.
type StreamWriter struct {
	session *Session
	command object
	options map[string]string
}

// WriteStream begins the description of a query that writes the relation: in format "delta", in
// mode [Append], as fast as possible, until told otherwise.
func (d StreamingDataFrame) WriteStream() *StreamWriter {
	options := map[string]string{}
	return &StreamWriter{d.session, object{
		"input": d.relation, "format": "delta", "outputMode": string(Append), "options": options,
	}, options}
}

// Format sets the sink's format.
func (w *StreamWriter) Format(format string) *StreamWriter { return w.set("format", format) }

// OutputMode sets the output mode.
func (w *StreamWriter) OutputMode(mode OutputMode) *StreamWriter {
	return w.set("outputMode", string(mode))
}

// PartitionBy sets the columns by which files are laid out.
func (w *StreamWriter) PartitionBy(columns ...string) *StreamWriter {
	return w.set("partitioningColumnNames", columns)
}

// QueryName names the query; a session has no two running queries of one name.
func (w *StreamWriter) QueryName(name string) *StreamWriter { return w.set("queryName", name) }

// Checkpoint sets the folder or URI in which the query keeps its offsets and state. The folder
// belongs to one query: nothing guards it against a second one on another server.
func (w *StreamWriter) Checkpoint(location string) *StreamWriter {
	return w.Option("checkpointLocation", location)
}

// Option sets an option of the sink.
func (w *StreamWriter) Option(key, value string) *StreamWriter {
	w.options[key] = value
	return w
}

// Trigger sets when micro-batches run.
func (w *StreamWriter) Trigger(t Trigger) *StreamWriter { return w.set(t.field, t.value) }

func (w *StreamWriter) set(key string, value any) *StreamWriter {
	w.command[key] = value
	return w
}

// Start starts the query with a path as its sink. It returns when the server has begun it; errors
// of analysis are returned here, errors of running it by [StreamingQuery.Exception].
func (w *StreamWriter) Start(ctx context.Context, path string) (*StreamingQuery, error) {
	return w.set("path", path).start(ctx)
}

// ToTable is [StreamWriter.Start] with a table as the sink.
func (w *StreamWriter) ToTable(ctx context.Context, table string) (*StreamingQuery, error) {
	return w.set("tableName", table).start(ctx)
}

func (w *StreamWriter) start(ctx context.Context) (*StreamingQuery, error) {
	responses, err := w.session.execute(ctx, object{"writeStreamOperationStart": w.command})
	if err != nil {
		return nil, fmt.Errorf("start query %v: %w", w.command["queryName"], err)
	}
	for _, r := range responses {
		if r.Started != nil {
			return &StreamingQuery{session: w.session, ID: r.Started.QueryID.ID, RunID: r.Started.QueryID.RunID, Name: r.Started.Name}, nil
		}
	}
	return nil, errors.New("start query: the server did not say which query it started")
}
