package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/spark"
)

// sparkTables reads the tables of a run, in a session of its own that is opened when it is needed and
// again when it is lost. Only one statement runs at a time.
type sparkTables struct {
	run func() (local.RunFile, error) // says where Spark is

	mu      sync.Mutex
	session *spark.Session
}

// smallReads are settings for short statements that are asked again and again: a cached plan would answer
// with old data, and to compile code for a few rows costs more than they do.
var smallReads = map[string]string{
	"spark.connect.session.planCache.enabled": "false",
	"spark.sql.codegen.wholeStage":            "false",
	"spark.sql.codegen.factoryMode":           "NO_CODEGEN",
}

// query runs a statement. Decimals and dates come as text. After an error the next call opens another
// session.
func (t *sparkTables) query(ctx context.Context, statement string) ([][]any, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.session == nil {
		session, err := t.open(ctx)
		if err != nil {
			return nil, err
		}
		t.session = session
	}
	rows, err := t.session.Query(ctx, statement)
	if err != nil {
		t.drop(err)
		return nil, err
	}
	for _, row := range rows.Values {
		for i, v := range row {
			switch v := v.(type) {
			case spark.Decimal:
				row[i] = string(v)
			case spark.Date:
				row[i] = string(v)
			}
		}
	}
	return rows.Values, nil
}

func (t *sparkTables) open(ctx context.Context) (*spark.Session, error) {
	run, err := t.run()
	if err != nil {
		return nil, err
	}
	if run.Spark.Remote == "" {
		return nil, errors.New("spark is starting")
	}
	session, err := spark.Connect(ctx, spark.Options{Remote: remoteOf(run.Spark.Remote), Token: run.Spark.Token, RetryFor: time.Second})
	if err != nil {
		return nil, err
	}
	if err = session.SetConf(ctx, smallReads); err == nil {
		err = session.Exec(ctx, "USE "+schema)
	}
	if err != nil {
		_ = session.Close()
		return nil, err
	}
	return session, nil
}

// drop lets go of a session after an error; at a server that still answers it is ended.
func (t *sparkTables) drop(cause error) {
	if spark.Unavailable(cause) || errors.Is(cause, spark.ErrSessionLost) {
		_ = t.session.Close()
	} else {
		t.session.End()
	}
	t.session = nil
}

// close ends the session.
func (t *sparkTables) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.session != nil {
		t.session.End()
		t.session = nil
	}
}
