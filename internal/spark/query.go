package spark

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// StreamingQuery is a query that was started on the server, running or ended.
type StreamingQuery struct {
	session *Session
	// ID stays the same over restarts from one checkpoint; RunID is new at each start. Both are UUIDs.
	ID, RunID string
	// Name is the query's name, or "".
	Name string
}

// Status is what a query does at the moment.
type Status struct {
	Message       string `json:"statusMessage"` // in Spark's words
	DataAvailable bool   `json:"isDataAvailable"`
	TriggerActive bool   `json:"isTriggerActive"` // a micro-batch is being planned or run
	Active        bool   `json:"isActive"`        // not ended
}

type (
	queryID struct {
		ID    string `json:"id"`
		RunID string `json:"runId"`
	}
	startResult struct {
		QueryID queryID `json:"queryId"`
		Name    string  `json:"name"`
	}
	queryResult struct {
		Status         *Status `json:"status"`
		RecentProgress *struct {
			JSON []string `json:"recentProgressJson"`
		} `json:"recentProgress"`
		Exception *struct {
			Message string `json:"exceptionMessage"`
			Class   string `json:"errorClass"`
			Stack   string `json:"stackTrace"`
		} `json:"exception"`
		AwaitTermination *struct {
			Terminated bool `json:"terminated"`
		} `json:"awaitTermination"`
	}
	managerResult struct {
		Active *struct {
			Queries []instance `json:"activeQueries"`
		} `json:"active"`
		Query *instance `json:"query"`
	}
	instance struct {
		ID   queryID `json:"id"`
		Name string  `json:"name"`
	}
)

func (q *StreamingQuery) command(ctx context.Context, verb string, argument any) (queryResult, error) {
	responses, err := q.session.execute(ctx, object{"streamingQueryCommand": object{
		"queryId": object{"id": q.ID, "runId": q.RunID}, verb: argument,
	}})
	if err != nil {
		return queryResult{}, fmt.Errorf("%s of query %s: %w", verb, q.Name, err)
	}
	for _, r := range responses {
		if r.Query != nil {
			return *r.Query, nil
		}
	}
	return queryResult{}, nil // stop and processAllAvailable answer nothing
}

// Status returns what the query does.
func (q *StreamingQuery) Status(ctx context.Context) (Status, error) {
	r, err := q.command(ctx, "status", true)
	if err != nil || r.Status == nil {
		return Status{}, err
	}
	return *r.Status, nil
}

// LastProgress returns the report of the last micro-batch, or nil before the first.
func (q *StreamingQuery) LastProgress(ctx context.Context) (*Progress, error) {
	all, err := q.progress(ctx, "lastProgress")
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[len(all)-1], nil
}

// RecentProgress returns the reports of the last micro-batches, oldest first; the server keeps
// spark.sql.streaming.numRecentProgressUpdates of them (100 by default).
func (q *StreamingQuery) RecentProgress(ctx context.Context) ([]Progress, error) {
	return q.progress(ctx, "recentProgress")
}

func (q *StreamingQuery) progress(ctx context.Context, verb string) ([]Progress, error) {
	r, err := q.command(ctx, verb, true)
	if err != nil || r.RecentProgress == nil {
		return nil, err
	}
	var all []Progress
	for _, text := range r.RecentProgress.JSON {
		p, err := parseProgress(text)
		if err != nil {
			return nil, fmt.Errorf("progress of query %s: %w", q.Name, err)
		}
		all = append(all, p)
	}
	return all, nil
}

// Exception returns the error that ended the query, as an [*Error], or nil if it runs or was
// stopped. failed tells it from err, which is the failure to find out. The class is that of the
// cause where Spark names one, not the STREAM_FAILED that it wraps around every cause.
func (q *StreamingQuery) Exception(ctx context.Context) (failed *Error, err error) {
	r, err := q.command(ctx, "exception", true)
	if err != nil || r.Exception == nil || r.Exception.Message == "" {
		return nil, err
	}
	return queryFailure(r.Exception.Class, r.Exception.Message, r.Exception.Stack), nil
}

// failure replaces err, where it is this query's failure, by its cause.
func (q *StreamingQuery) failure(ctx context.Context, err error) error {
	var e *Error
	if errors.As(err, &e) && strings.HasPrefix(e.Class, "STREAM_FAILED") {
		if failed, _ := q.Exception(ctx); failed != nil {
			return failed
		}
	}
	return err
}

// AwaitTermination waits until the query ends or ctx does. It returns nil for a query that was
// stopped or has processed all that was available, and an [*Error] for one that failed.
func (q *StreamingQuery) AwaitTermination(ctx context.Context) error {
	// Asked anew every ten seconds, so that the call never hangs on a server that has gone.
	const slice = 10 * time.Second
	for {
		r, err := q.command(ctx, "awaitTermination", object{"timeoutMs": slice.Milliseconds()})
		if err != nil {
			return q.failure(ctx, err)
		}
		if r.AwaitTermination != nil && r.AwaitTermination.Terminated {
			return nil
		}
	}
}

// ProcessAllAvailable waits until all that the sources held at the time of the call is committed to
// the sink. If the query fails meanwhile, that is the error.
func (q *StreamingQuery) ProcessAllAvailable(ctx context.Context) error {
	_, err := q.command(ctx, "processAllAvailable", true)
	return q.failure(ctx, err)
}

// Stop stops the query and waits until it has ended; a micro-batch under way is abandoned and run
// again at the next start. Stopping a query that has ended is no error.
func (q *StreamingQuery) Stop(ctx context.Context) error {
	_, err := q.command(ctx, "stop", true)
	return err
}

// StreamingQueryManager finds the streaming queries of a session.
type StreamingQueryManager struct{ session *Session }

// Streams returns the session's query manager.
func (s *Session) Streams() StreamingQueryManager { return StreamingQueryManager{s} }

// Active returns the queries that run.
func (m StreamingQueryManager) Active(ctx context.Context) ([]*StreamingQuery, error) {
	result, err := m.command(ctx, object{"active": true})
	if err != nil || result.Active == nil {
		return nil, err
	}
	var queries []*StreamingQuery
	for _, q := range result.Active.Queries {
		queries = append(queries, m.query(q))
	}
	return queries, nil
}

// Get returns the running query with that ID, or nil.
func (m StreamingQueryManager) Get(ctx context.Context, id string) (*StreamingQuery, error) {
	result, err := m.command(ctx, object{"getQuery": id})
	if err != nil || result.Query == nil {
		return nil, err
	}
	return m.query(*result.Query), nil
}

func (m StreamingQueryManager) query(q instance) *StreamingQuery {
	return &StreamingQuery{session: m.session, ID: q.ID.ID, RunID: q.ID.RunID, Name: q.Name}
}

func (m StreamingQueryManager) command(ctx context.Context, verb object) (managerResult, error) {
	responses, err := m.session.execute(ctx, object{"streamingQueryManagerCommand": verb})
	if err != nil {
		return managerResult{}, fmt.Errorf("list streaming queries: %w", err)
	}
	for _, r := range responses {
		if r.Manager != nil {
			return *r.Manager, nil
		}
	}
	return managerResult{}, nil
}
