package spark

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/apache/spark-connect-go/v35/spark/sql"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Session is one session on a Spark Connect server: its settings, temporary views and streaming
// queries. It is safe for concurrent use.
type Session struct {
	conn     *grpc.ClientConn
	frames   sql.SparkSession
	userID   string
	headers  map[string]string
	token    TokenSource
	retryFor time.Duration
	log      *slog.Logger

	mu       sync.Mutex
	id       string
	serverID string // the server's own id of the session, as first seen; "" before
}

// ID returns the session's id, a UUID. [Session.Renew] changes it.
func (s *Session) ID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.id
}

// Renew begins another session, with a new id, on the same connection: what to do after
// [ErrSessionLost]. Settings, temporary views and streaming queries of the old one are gone, and a
// query is started again from its checkpoint.
func (s *Session) Renew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.id, s.serverID = uuid.NewString(), ""
}

// ServerVersion asks the server for its Spark version, such as "4.0.1".
func (s *Session) ServerVersion(ctx context.Context) (string, error) {
	req, err := fill("AnalyzePlanRequest", object{
		"userContext": object{"userId": s.userID}, "clientType": clientType, "sparkVersion": object{},
	})
	if err != nil {
		return "", err
	}
	res := message("AnalyzePlanResponse")
	if err := s.conn.Invoke(ctx, service+"AnalyzePlan", req, res); err != nil {
		return "", fmt.Errorf("ask for the server's version: %w", asError(err))
	}
	text, err := protojson.Marshal(res)
	if err != nil {
		return "", fmt.Errorf("decode the server's version: %w", err)
	}
	return versionOf(text)
}

// KeepAlive calls the server every interval until ctx ends: a session without a call for the
// server's spark.connect.session.manager.defaultSessionTimeout (60 min by default) is closed and
// its streaming queries are stopped. It returns when the session is lost, with an error that is
// [ErrSessionLost]; other failures are left to the next call, and nil is returned when ctx ends.
func (s *Session) KeepAlive(ctx context.Context, interval time.Duration) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if _, err := s.ServerVersion(ctx); errors.Is(err, ErrSessionLost) {
				return err
			}
		}
	}
}

// SQL runs a statement and returns its result as spark-connect-go's DataFrame. Commands (DDL, DML)
// have run when it returns; a query runs when the DataFrame is read. Its errors are not yet
// [*Error]; pass them through [AsError], or use [Session.Query] and [Session.Exec].
func (s *Session) SQL(ctx context.Context, statement string) (sql.DataFrame, error) {
	return s.frames.Sql(ctx, statement)
}

// Frames returns the underlying spark-connect-go session, for DataFrame work in this session.
func (s *Session) Frames() sql.SparkSession { return s.frames }

// AsError converts an error of spark-connect-go into an [*Error] where it came from the server.
func AsError(err error) error { return asError(err) }

// Exec runs a statement for its effect.
func (s *Session) Exec(ctx context.Context, statement string) error {
	_, err := s.frames.Sql(ctx, statement)
	return asError(err)
}

// SetConf sets runtime settings of this session. A streaming query copies them when it starts.
func (s *Session) SetConf(ctx context.Context, settings map[string]string) error {
	for key, value := range settings {
		if err := s.frames.Config().Set(ctx, key, value); err != nil {
			return fmt.Errorf("set %s: %w", key, asError(err))
		}
	}
	return nil
}

// Conf returns a setting of this session, or "" where it has none.
func (s *Session) Conf(ctx context.Context, key string) (string, error) {
	value, err := s.frames.Config().GetWithDefault(ctx, key, "")
	if err != nil {
		return "", fmt.Errorf("get %s: %w", key, asError(err))
	}
	return value, nil
}

// Close closes the connection. The session and its queries go on at the server; see
// [Session.Release].
func (s *Session) Close() error { return s.conn.Close() }

// End ends a short-lived session at the server, which would keep it for an hour, and closes it. A server that does
// not answer within seconds is not waited for.
func (s *Session) End() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = s.Release(ctx)
	_ = s.Close()
}

// Release ends the session at the server: its views are dropped and its streaming queries stopped.
func (s *Session) Release(ctx context.Context) error {
	// spark-connect-go's types have no ReleaseSessionRequest. ReleaseExecuteRequest has the same
	// fields under the same numbers as far as they are set here: session_id 1, user_context 2.
	req, err := fill("ReleaseExecuteRequest", object{"userContext": object{"userId": s.userID}})
	if err != nil {
		return err
	}
	setStringField(req, "session_id", s.ID())
	return asError(s.conn.Invoke(ctx, service+"ReleaseSession", req, message("ReleaseExecuteResponse")))
}

// release drops the server's buffered responses of an operation. Failing costs the server memory
// until it abandons the operation itself, so the error is only logged.
func (s *Session) release(ctx context.Context, operationID string) {
	s.endOperation(ctx, "ReleaseExecute", object{"operationId": operationID, "releaseAll": object{}})
}

// interrupt cancels a running operation.
func (s *Session) interrupt(ctx context.Context, operationID string) {
	s.endOperation(ctx, "Interrupt", object{
		"operationId": operationID, "interruptType": "INTERRUPT_TYPE_OPERATION_ID",
	})
}

func (s *Session) endOperation(ctx context.Context, method protoreflect.Name, fields object) {
	fields["userContext"] = object{"userId": s.userID}
	fields["clientType"] = clientType
	req, err := fill(method+"Request", fields)
	if err == nil {
		err = s.conn.Invoke(ctx, service+string(method), req, message(method+"Response"))
	}
	if err != nil {
		s.log.Debug("end operation", "method", method, "error", err)
	}
}
