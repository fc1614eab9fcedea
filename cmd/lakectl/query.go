package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/maintain"
	"github.com/cryptostream/lakectl/internal/pipeline"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

func (a *app) queryCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "query SQL",
		Short: "Run SQL on the tables",
		Long: `Runs any statement of Spark SQL, DML too, on the tables of a lakehouse: on its Spark where it runs,
otherwise on one that is started for the statement. "-" reads the statement from stdin.

With -o json the result is an array of row objects: decimals as strings, times as RFC 3339 in UTC.`,
		Example: `  lakectl query "select * from cryptostream.v_latest_price"
  lakectl query -o json "select pair, avg_price from gold_price_ma_5m order by window_end desc limit 5"
  lakectl query - < report.sql`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			statement, err := readStatement(args[0], a.stdin)
			if err != nil {
				return err
			}
			found, err := findDataDir(dir, true)
			if err != nil {
				return err
			}
			rows, err := a.query(cmd.Context(), found, statement)
			if err != nil {
				return err
			}
			if a.output == "json" {
				return a.json(rows)
			}
			return writeRows(a.stdout, rows)
		},
	}
	dataDirFlag(cmd, &dir, "the lakehouse (default: the one that runs here)")
	return cmd
}

func readStatement(arg string, stdin io.Reader) (string, error) {
	if arg == "-" {
		text, err := io.ReadAll(stdin)
		if err != nil {
			return "", fmt.Errorf("read the statement: %w", err)
		}
		arg = string(text)
	}
	arg = strings.TrimRight(strings.TrimSpace(arg), "; \n\t")
	if arg == "" {
		return "", usagef("the statement is empty")
	}
	return arg, nil
}

func (a *app) query(ctx context.Context, dir, statement string) (rows spark.Rows, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return rows, err
	}
	session, end, err := a.openTables(ctx, dir)
	if err != nil {
		return rows, err
	}
	defer end()
	if err = pipeline.Use(ctx, session, placeOf(dir)); err == nil {
		rows, err = session.Query(ctx, statement)
	}
	return rows, tableError(dir, err, wholeMessage)
}

// openTables returns a session that knows the tables of a data dir: on the Spark that runs there, or
// on one that lives until end is called.
func (a *app) openTables(ctx context.Context, dir string) (*spark.Session, func(), error) {
	run, err := local.ReadRunFile(dir)
	if err == nil && run.Target != nil {
		return openOnTarget(ctx, run.Target)
	}
	if local.Locked(dir) {
		if err != nil {
			return nil, nil, err
		}
		session, err := spark.Connect(ctx, spark.Options{Remote: remoteOf(run.Spark.Remote), Token: run.Spark.Token})
		if err != nil {
			return nil, nil, exit.New(exit.Failed, err, "see lakectl status; Spark may be starting")
		}
		return session, session.End, nil
	}
	return a.openIdle(ctx, dir)
}

// openOnTarget returns a session on a run's target, whether the run is there or not.
func openOnTarget(ctx context.Context, t *local.TargetRun) (*spark.Session, func(), error) {
	r, err := reopenTarget(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	session, err := r.connect(ctx, "", nil)
	if err != nil {
		return nil, nil, exit.New(exit.Failed, err, exit.Hint(err))
	}
	return session, session.End, nil
}

// openIdle starts a Spark on a data dir where nothing runs, and registers its tables.
func (a *app) openIdle(ctx context.Context, dir string) (*spark.Session, func(), error) {
	session, end, err := a.openBare(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	if err := pipeline.Register(ctx, session, placeOf(dir), maintain.Local(jobs.Default())); err != nil {
		end()
		return nil, nil, err
	}
	return session, end, nil
}

// openBare starts a Spark on a data dir where nothing runs. It knows no tables.
func (a *app) openBare(ctx context.Context, dir string) (_ *spark.Session, end func(), err error) {
	lock, err := local.Lock(dir)
	if err != nil {
		return nil, nil, err
	}
	closers := []func(){func() { _ = lock.Unlock() }}
	end = func() {
		for i := len(closers) - 1; i >= 0; i-- {
			closers[i]()
		}
	}
	defer func() {
		if err != nil {
			end()
		}
	}()
	java, rt, err := findRuntime(ctx, quiet{}, a.logger())
	if err != nil {
		return nil, nil, err
	}
	server, err := local.StartSpark(ctx, local.SparkOptions{Runtime: rt, Java: java, DataDir: dir, Token: local.NewSecret(), Log: a.logger()})
	if err != nil {
		return nil, nil, err
	}
	closers = append(closers, func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		_ = server.Stop(ctx)
	})
	session, err := spark.Connect(ctx, spark.Options{Remote: "sc://" + server.Remote, Token: server.Token})
	if err != nil {
		return nil, nil, err
	}
	closers = append(closers, func() { _ = session.Close() })
	return session, end, nil
}

// quiet is a reporter that says nothing.
type quiet struct{}

func (quiet) step(string) func(string) { return func(string) {} }
func (quiet) note(string, ...any)      {}

// remoteOf makes a connection string of what run.json has: host:port, or a connection string.
func remoteOf(remote string) string {
	if strings.HasPrefix(remote, "sc://") {
		return remote
	}
	return "sc://" + remote
}

func writeRows(out io.Writer, rows spark.Rows) error {
	if len(rows.Columns) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join(rows.Columns, "\t"))
	for _, row := range rows.Values {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = cell(v)
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	return table.Flush()
}

// cell is a value as one line of text.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case string:
		return strings.NewReplacer("\n", `\n`, "\t", `\t`, "\r", `\r`).Replace(v)
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case []any, spark.Struct:
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(text)
	}
	return fmt.Sprint(v)
}
